package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"image"

	"github.com/stokerdata/stoker/examples/internal/console"
	"github.com/stokerdata/stoker/examples/internal/dataset"
	"github.com/stokerdata/stoker/examples/internal/sheet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/kind"
)

// demo is what is shown of one data set.
type demo struct {
	config
	set dataset.Set
	out *console.Console

	transforms []loader.Transform
	total      int64 // batches of all epochs
	samples    int64 // of an epoch

	// Of the run up to where it was stopped:
	stats loader.Stats
	bytes int64 // of batches
	tiles []sheet.Tile
	spec  loader.Spec
}

// errDiffers is returned if a resumed run does not give what an uninterrupted
// one gives.
var errDiffers = errors.New("the batches behind the state differ from those of the uninterrupted run")

// run streams the data set until it is stopped, resumes, and compares the rest
// with that of a run that was not stopped.
func (d *demo) run(ctx context.Context) error {
	if err := d.prepare(ctx); err != nil {
		return err
	}
	stop := d.total * 3 / 4
	state, err := d.train(ctx, stop)
	if err != nil {
		return err
	}
	d.out.Line("  streamed %s samples/s; stopped behind batch %s of %s; the state is %d bytes:",
		count(int64(rate(d.stats.Samples, d.stats.Elapsed))), count(stop), count(d.total), len(state))
	d.out.Line("    %s", state)

	resumed, err := d.rest(ctx, state, 0)
	if err != nil {
		return err
	}
	whole, err := d.rest(ctx, nil, stop)
	if err != nil {
		return err
	}
	d.out.Line("  resumed in a new loader   sha256 of %s batches %x", count(d.total-stop), resumed)
	d.out.Line("  without the interruption  sha256 of %s batches %x", count(d.total-stop), whole)
	if resumed != whole {
		return errDiffers
	}
	d.out.Line("  identical")
	return nil
}

// open opens the data set and a loader of it.
func (d *demo) open(c loader.Config) (*loader.Loader, error) {
	src, err := d.set.Open(nil)
	if err != nil {
		return nil, err
	}
	c.Workers = d.workers
	ld, err := loader.New(src, c)
	if err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return ld, nil
}

// shuffled opens a loader for training that begins behind the given state, or
// at the beginning if there is none.
func (d *demo) shuffled(state []byte) (*loader.Loader, error) {
	c := loader.Config{
		BatchSize: d.batch, Epochs: d.epochs, Seed: d.seed,
		Order: loader.Shuffle{}, Transforms: d.transforms,
	}
	if state != nil {
		c.Resume = new(loader.State)
		if err := json.Unmarshal(state, c.Resume); err != nil {
			return nil, err
		}
	}
	return d.open(c)
}

// prepare says what the data set is, and finds out how to stream it.
func (d *demo) prepare(ctx context.Context) error {
	src, err := d.set.Open(nil)
	if err != nil {
		return err
	}
	for _, b := range src.Blocks() {
		d.samples += int64(b.Rows)
	}
	d.out.Line("\n%s: %s samples, %v", d.set.Name(), count(d.samples), d.set)
	d.transforms, err = d.pipeline(ctx, src.Spec())
	if err := errors.Join(err, src.Close()); err != nil {
		return err
	}
	ld, err := d.shuffled(nil)
	if err != nil {
		return err
	}
	d.total, d.spec = ld.Len()*int64(d.epochs), ld.Spec()
	if d.total < 2 {
		err = fmt.Errorf("%d samples in %d epochs give %d batches of up to %d, too few to stop between; try a smaller -batch", d.samples, d.epochs, d.total, d.batch)
	}
	return errors.Join(err, ld.Close())
}

// train goes through the batches as a training loop does, and returns the state
// behind batch number stop as JSON. What it counts goes into d.
func (d *demo) train(ctx context.Context, stop int64) ([]byte, error) {
	ld, err := d.shuffled(nil)
	if err != nil {
		return nil, err
	}
	defer ld.Close()
	for b, err := range ld.All(ctx) {
		if err != nil {
			return nil, err
		}
		stop--
		d.look(b)
		if d.out.Due() || stop == 0 {
			d.stats = ld.Stats()
			d.out.Live("  epoch %d of %d, batch %s of %s, %s samples/s", b.Epoch+1, d.epochs,
				count(b.Step+1), count(d.total/int64(d.epochs)), count(int64(rate(d.stats.Samples, d.stats.Elapsed))))
		}
		if stop == 0 {
			return json.Marshal(b.State())
		}
	}
	return nil, errors.New("the stream ended early")
}

// look stands for a training step: it counts what it gets, and draws the first
// images. A batch may be used until the loop body ends.
func (d *demo) look(b *loader.Batch) {
	for f, field := range b.Spec() {
		if field.Name != "" {
			d.bytes += int64(len(b.Column(f).Data))
		}
	}
	if d.sheet == "" || sheet.Drawable(b.Spec()) != kind.Image {
		return
	}
	for i := 0; i < b.Len() && len(d.tiles) < nTiles; i++ {
		if tile, err := sheet.Sample(b, i, image.Pt(128, 128)); err == nil {
			d.tiles = append(d.tiles, tile)
		}
	}
}

// rest returns the SHA-256 of all batches behind the first skip of those that
// follow a state, or of all if it is nil.
func (d *demo) rest(ctx context.Context, state []byte, skip int64) (sum [sha256.Size]byte, err error) {
	ld, err := d.shuffled(state)
	if err != nil {
		return sum, err
	}
	defer ld.Close()
	h := sha256.New()
	for b, err := range ld.All(ctx) {
		if err != nil {
			return sum, err
		}
		if skip--; skip < 0 {
			add(h, b)
		}
		if d.out.Due() {
			d.out.Live("  checking epoch %d of %d, batch %s", b.Epoch+1, d.epochs, count(b.Step+1))
		}
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// add adds all that a batch holds to h: its place, ids, and values with where
// each begins.
func add(h hash.Hash, b *loader.Batch) {
	numbers := []int64{b.Epoch, b.Step, int64(b.Len())}
	numbers = append(numbers, b.IDs()...)
	for f, field := range b.Spec() {
		if field.Name != "" {
			h.Write(b.Column(f).Data)
			numbers = append(numbers, b.Offsets(field.Name)...)
		}
	}
	binary.Write(h, binary.LittleEndian, numbers) // a hash never fails
}
