// Package shardtest makes files misbehave, to test how programs that read them
// through package shard cope.
//
//	faulty := &shardtest.FaultFS{Faults: []shardtest.Fault{
//		{Op: shardtest.Read, Nth: 3, Effect: shardtest.Error(syscall.EIO)},
//	}}
//	pool, err := shard.NewPool(files, shard.PoolConfig{FS: faulty})
//
// A test that must hold wherever the fault strikes runs once without faults,
// asks [FaultFS.Calls] how many calls there were, and runs again with the fault
// at each of them.
package shardtest
