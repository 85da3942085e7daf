package loadertest_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// recorder is a testing.TB that only notes what is reported.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	messages []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

// reports runs a kit and returns all that it reports.
func reports(t testing.TB, kit func(t testing.TB)) string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		kit(r)
	}()
	<-done
	return strings.Join(r.messages, "\n")
}

// mustReport fails unless kit reports something that contains want.
func mustReport(t *testing.T, want string, kit func(t testing.TB)) {
	t.Helper()
	if got := reports(t, kit); !strings.Contains(got, want) {
		t.Errorf("want %q, reported\n%s", want, got)
	}
}
