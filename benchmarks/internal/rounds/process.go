package rounds

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Command is a child process that is a contender.
type Command struct {
	Args   []string // the program and its arguments
	Dir    string   // to run in; empty means the present one
	Env    []string // beside the present ones
	Config any      // is sent as JSON, for the child to get ready
}

// child is a running Command.
type child struct {
	cmd  *exec.Cmd
	wait func() error // for its end
	in   io.WriteCloser
	out  *bufio.Scanner
	errs tail
	cpu  time.Duration // that it has used so far
	rest time.Duration // between its runs
	runs int
	// tells says that it told itself what its runs took; whatever else it did is
	// no reason to doubt that.
	tells bool
}

// request is a line to a child.
type request struct {
	Op     string          `json:"op"` // see Serve
	Config json.RawMessage `json:"config,omitempty"`
	Check  json.RawMessage `json:"check,omitempty"`
	Part   int             `json:"part"`
	Parts  int             `json:"parts"`
}

// reply is a line of a child.
type reply struct {
	Error   string  `json:"error,omitempty"`
	Version string  `json:"version,omitempty"`
	Items   int     `json:"items"`
	CPU     float64 `json:"cpu_s"` // of the child and of its own children, since it was started
	Took    *took   `json:"took,omitempty"`
}

// took is what counts of a run.
type took struct {
	Wall float64 `json:"wall_s"`
	CPU  float64 `json:"cpu_s"`
}

// Process returns an entry that runs as a child of this process. check, if not
// nil, gets a function that sends the child what to make for a check.
func Process(name, about string, c Command, check func(ctx context.Context, ask func(what any) error) (note string, err error)) Entry {
	return Entry{Name: name, About: about, Open: func(ctx context.Context) (*Contender, error) {
		p, version, err := start(ctx, c)
		if err != nil {
			return nil, err
		}
		r := &Contender{Version: version, Run: p.run, Peak: p.peak, Close: p.close}
		if check != nil {
			r.Check = func(ctx context.Context) (string, error) { return check(ctx, p.check) }
		}
		return r, nil
	}}
}

// start starts a child and waits until it is ready.
func start(ctx context.Context, c Command) (*child, string, error) {
	config, err := json.Marshal(c.Config)
	if err != nil {
		return nil, "", err
	}
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Env = c.Dir, append(os.Environ(), c.Env...)
	p := &child{cmd: cmd, wait: sync.OnceValue(cmd.Wait)}
	cmd.Stderr = &p.errs
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	p.out = bufio.NewScanner(out)
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	r, err := p.ask(request{Op: "open", Config: config})
	if err != nil {
		p.close()
		return nil, "", err
	}
	return p, r.Version, nil
}

// ask sends a request and waits for the reply.
func (p *child) ask(r request) (reply, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return reply{}, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return reply{}, p.died(err)
	}
	if !p.out.Scan() {
		return reply{}, p.died(p.out.Err())
	}
	var answer reply
	if err := json.Unmarshal(p.out.Bytes(), &answer); err != nil {
		return reply{}, fmt.Errorf("it says %q: %w", p.out.Text(), err)
	}
	if answer.Error != "" {
		return answer, errors.New(answer.Error)
	}
	return answer, nil
}

// died makes up an error of what a child left behind that does not answer any more.
func (p *child) died(err error) error {
	p.end(time.Second) // then all that it wrote is there
	if last := p.errs.lastLine(); last != "" {
		return fmt.Errorf("it ended: %s", last)
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("it ended: %w", err)
}

func (p *child) check(what any) error {
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	_, err = p.ask(request{Op: "check", Check: text})
	return err
}

func (p *child) run(_ context.Context, part, parts int) (Usage, error) {
	before, err := p.ask(request{Op: "mark"})
	if err != nil {
		return Usage{}, err
	}
	if p.runs++; p.runs > 1 {
		p.rest += seconds(before.CPU) - p.cpu
	}
	began := time.Now()
	after, err := p.ask(request{Op: "run", Part: part, Parts: parts})
	wall := time.Since(began)
	p.cpu = seconds(after.CPU)
	if t := after.Took; t != nil {
		p.tells = true
		return Usage{Items: after.Items, Wall: seconds(t.Wall), CPU: seconds(t.CPU)}, err
	}
	return Usage{Items: after.Items, Wall: wall, CPU: seconds(after.CPU - before.CPU)}, err
}

// every is how often the memory of a child is looked at: a look at a large
// process takes about a millisecond.
const every = 100 * time.Millisecond

func (p *child) peak() func() int64 { return peakOf(p.cmd.Process.Pid) }

// close ends a child, by force if it does not want to, and returns the CPU time
// that it used outside of its runs, once there was one. What the end of the
// process takes when all is let go does not count.
func (p *child) close() (rest Usage, err error) {
	if p.runs > 0 {
		if last, err := p.ask(request{Op: "close"}); err == nil && !p.tells {
			rest.CPU = p.rest + seconds(last.CPU) - p.cpu
		}
	}
	p.in.Close()
	if err = p.end(10 * time.Second); err != nil {
		err = p.died(err)
	}
	return rest, err
}

// end waits for the end of a child, and forces it when the time is over.
func (p *child) end(patience time.Duration) error {
	kill := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer kill.Stop()
	return p.wait()
}

// tail keeps the end of what is written to it.
type tail struct{ b []byte }

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if over := len(t.b) - 1<<16; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(b), nil
}

func (t *tail) lastLine() string {
	lines := strings.Split(strings.TrimSpace(string(t.b)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
