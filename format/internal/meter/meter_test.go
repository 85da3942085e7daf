package meter

import (
	"testing"
	"time"

	"github.com/stokerdata/stoker/format"
)

func TestMeter(t *testing.T) {
	var told []format.Written
	m := New("x", func(w format.Written) { told = append(told, w) })
	m.Add(2, 30)
	if m.Tick(); len(told) != 0 {
		t.Error("it tells at once")
	}
	m.last = m.last.Add(-2 * time.Second)
	m.Tick()
	m.Add(1, 5)
	m.Tick()
	m.Tell()
	want := []format.Written{{Path: "x", Rows: 2, Bytes: 30}, {Path: "x", Rows: 3, Bytes: 35}}
	if len(told) != 2 || told[0] != want[0] || told[1] != want[1] {
		t.Errorf("told %v, want %v", told, want)
	}
	quiet := New("x", nil)
	quiet.Tell()
}
