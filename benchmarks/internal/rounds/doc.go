// Package rounds measures contenders against each other on a machine that is not
// ours alone. They run interleaved, round by round, so that a slow minute meets
// all of them; what counts first is CPU time, not the wall clock; a ratio is taken
// in each round, and if the rounds do not agree it is not given as a number.
//
//	result, err := rounds.Run(ctx, rounds.Match{
//		Name: "jpeg",
//		Entries: []rounds.Entry{
//			rounds.Func("ours", "our decoder", decode),
//			rounds.Process("torch", "PyTorch", config, "python3", "peers/torch.py"),
//		},
//		Ratios: [][2]string{{"ours", "torch"}},
//	}, rounds.Options{})
//
// A contender is a function of this process or a child process that is started
// once and then told, line by line, to run (see [Serve] for the protocol). Its
// CPU time is what the operating system says of the process and of its children.
// Before anything is timed each contender shows what it makes (Contender.Check);
// one whose output is wrong is not timed. One that cannot run here is skipped
// with the reason.
package rounds
