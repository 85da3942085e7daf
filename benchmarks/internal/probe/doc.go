// Package probe measures reads of one size in one pattern, so many of them under
// way at a time, and has fio do the same:
//
//	r, err := probe.Run(ctx, file, probe.Load{Size: size, Bytes: 4096, Depth: 32, Random: true, For: time.Second})
//	...
//	fmt.Println(r.PerSecond, r.Percentile(0.5), r.Cores)
//
// Rates are those of the whole run, and those of its slowest and its fastest part
// stand beside them.
package probe
