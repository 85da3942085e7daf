package rounds

import (
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stokerdata/stoker/internal/cputime"
)

// TestOthers keeps all cores busy, from here and from a child below another one.
// What these have used, nobody else has.
func TestOthers(t *testing.T) {
	const work = 400 * time.Millisecond
	began, before, own := time.Now(), others(), cputime.Now()
	child := exec.Command("sh", "-c", `sh -c 'i=0; while test $i -lt 200000; do i=$((i+1)); done'; true`)
	if err := child.Start(); err != nil {
		t.Skip(err)
	}
	var group sync.WaitGroup
	for range runtime.NumCPU() {
		group.Go(func() {
			for began := time.Now(); time.Since(began) < work; {
			}
		})
	}
	group.Wait()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	took, rest := time.Duration(runtime.NumCPU())*time.Since(began), others()-before
	used := cputime.Now() - own + child.ProcessState.UserTime() + child.ProcessState.SystemTime()
	if most := took - used + used/4; rest > most {
		t.Errorf("others are said to have used %v, but of %v we used %v", rest, took, used)
	}
}
