package loader_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stokerdata/stoker/loader"
)

// wreck is a table none of whose blocks decodes: the second part fails before the
// first one does.
type wreck struct{ *table }

func (w wreck) Open(ctx context.Context, i int) (loader.Rows, error) {
	rows, err := w.table.Open(ctx, i)
	if err != nil {
		return nil, err
	}
	return wreckedRows{rows, make(chan struct{})}, nil
}

type wreckedRows struct {
	loader.Rows
	second chan struct{}
}

var errFirst, errSecond = errors.New("the first part"), errors.New("the second part")

func (wreckedRows) Parts() int { return 2 }

func (r wreckedRows) Decode(_ *loader.Worker, part int) error {
	if part == 0 {
		<-r.second
		return errFirst
	}
	close(r.second)
	return errSecond
}

// TestDecodeError makes sure that of several parts that do not decode the error is the
// first one's, whichever was done first.
func TestDecodeError(t *testing.T) {
	ld, err := loader.New(wreck{&table{sizes: []int{10}, bytes: 1}}, loader.Config{BatchSize: 5, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer ld.Close()
	for _, err = range ld.All(t.Context()) {
	}
	if !errors.Is(err, errFirst) {
		t.Errorf("error %v, want that of the first part", err)
	}
}
