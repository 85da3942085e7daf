package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/stokerdata/stoker/benchmarks/internal/cold"
	"github.com/stokerdata/stoker/benchmarks/internal/probe"
	"github.com/stokerdata/stoker/benchmarks/internal/rounds"
)

// fromDrive returns m, and more contenders, with files that are in no page cache
// when a contender begins. It is the time on the wall that counts then. Ours may go
// through the page cache, or past it as fio does.
func fromDrive(m rounds.Match, files []string, more ...rounds.Entry) rounds.Match {
	m.Name, m.By = m.Name+"_cold", rounds.WallTime
	m.About = strings.Replace(m.About, "in the page cache", "evicted from the page cache", 1)
	m.Entries = append(slices.Clip(m.Entries), more...)
	m.Ratios = append(against("ours", m.Entries), against("ours_direct", m.Entries)...)
	m.Before = func() error { return evict(files) }
	return m
}

// evict drops files from the page cache.
func evict(files []string) error {
	for _, f := range files {
		if err := cold.Evict(f); err != nil {
			return err
		}
	}
	return nil
}

// fioLength is how long fio reads at a time.
const fioLength = 200 * time.Millisecond

// fio returns an entry that has fio read from a file, past the page cache. Its
// items are of so many bytes.
func fio(about, file string, itemBytes float64, l probe.Load) rounds.Entry {
	return rounds.Entry{Name: "fio", About: about, Open: func(ctx context.Context) (*rounds.Contender, error) {
		info, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		f, err := probe.FindFIO(ctx, file)
		if err != nil {
			return nil, err
		}
		l.Size, l.For = info.Size(), fioLength
		return &rounds.Contender{Version: f.Version + ", " + f.Engine, Run: func(ctx context.Context, _, _ int) (u rounds.Usage, err error) {
			l.Seed++ // places that were not read just now
			r, err := f.Run(ctx, file, l)
			u.Items = int(r.MBps * 1e6 * l.For.Seconds() / itemBytes)
			u.Wall, u.CPU = l.For, time.Duration(r.Cores*float64(l.For))
			return u, err
		}}, nil
	}}
}

// meanBytes returns the mean size of files.
func meanBytes(files []string) (float64, error) {
	sum := 0.0
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return 0, err
		}
		sum += float64(info.Size())
	}
	return sum / float64(len(files)), nil
}
