// Package drivesim simulates drives that this machine does not have. Bytes come
// from memory or the page cache; each read returns at the instant at which the
// simulated drive would have delivered it, one after another on its bus or under
// its heads:
//
//	p, err := drivesim.Find("hdd") // or the path of a JSON file
//	...
//	d := drivesim.New(p)
//	src, err := raw.Open(dir, raw.Options{Pool: shard.PoolConfig{FS: d.FS(shard.OS(), paths)}})
//	...
//	fmt.Println(d.Stats()) // among them the reads that this machine was too slow for
//
// A solid-state drive is a controller that takes so many commands a second, flash
// with an access time, and a bus. A hard disk is one arm with a seek curve over
// platters that turn, and a queue from which it takes what it reaches first. The
// clock of both is virtual: [Profile.Expect] runs a profile without waiting, and
// what it gives is what the profile means; a measured value below it tells of the
// machine, not of the drive.
//
// Not simulated: file systems (names and inodes cost nothing), caches of the
// drive but for reads that go on where the last one ended, wear, heat, writes.
//
// # Ownership
//
// A Drive and its files may be used concurrently. It starts no goroutine and
// needs no Close.
package drivesim
