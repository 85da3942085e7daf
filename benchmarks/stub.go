package main

import "github.com/stokerdata/stoker/benchmarks/internal/rounds"

func workload2(b *bench) ([]rounds.Match, error)      { return nil, nil }
func workloadResize(b *bench) ([]rounds.Match, error) { return nil, nil }
