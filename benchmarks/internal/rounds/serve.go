package rounds

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// Work is what a contender does: in this process, or on the side of a child.
type Work struct {
	Version string
	// Check makes what a check asks for. Nil means that nothing can be asked.
	Check func(what json.RawMessage) error
	// Run does one of several equal parts of the work and returns the number of
	// its items.
	Run func(part, parts int) (items int, err error)
	// Took returns the time that counts of the last run. Nil means all of it; it is
	// for work that first has to fill a pipeline, or to find its pace.
	Took func() Usage
}

// Serve is the child's side of [Process]. It reads requests from in, a line of
// JSON each, and writes a line for each to out:
//
//	{"op":"open","config":C}            get ready; C is Command.Config
//	{"op":"check","check":W}            make what W asks for
//	{"op":"mark"}                       nothing
//	{"op":"run","part":0,"parts":1}     do a part of the work
//	{"op":"close"}                      let go of everything, processes too
//
// A reply is {"version":"...","items":N,"cpu_s":T,"error":"..."}, where T is the CPU
// time of the process and its children since it was started. "took", with "wall_s"
// and "cpu_s", is what counts of a run, if that is not all of it. A child ends at the
// end of in.
func Serve(in io.Reader, out io.Writer, open func(config json.RawMessage) (*Work, error)) error {
	var w *Work
	enc := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		var a reply
		err := errors.New("not open")
		switch {
		case r.Op == "open":
			if w, err = open(r.Config); err == nil {
				a.Version = w.Version
			}
		case w == nil:
		case r.Op == "mark":
			runtime.GC()
			err = nil
		case r.Op == "close":
			w, err = nil, nil
		case r.Op == "run":
			if a.Items, err = w.Run(r.Part, r.Parts); err == nil && w.Took != nil {
				u := w.Took()
				a.Took = &took{u.Wall.Seconds(), u.CPU.Seconds()}
			}
		case r.Op == "check" && w.Check != nil:
			err = w.Check(r.Check)
		default:
			err = fmt.Errorf("cannot %q", r.Op)
		}
		if err != nil {
			a.Error = err.Error()
		}
		a.CPU = cpuOfTree().Seconds()
		if err := enc.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}
