// Package flat reads FlatBuffers that nobody has verified: the metadata of Arrow.
//
//	root := flat.New(b).Root()
//	version := root.Int16(0, 0)
//	fields := root.Tables(1)
//	for k := range fields.Len() {
//		use(fields.At(k).String(0))
//	}
//	if err := root.Err(); err != nil {
//		return err
//	}
//
// Every position is checked when it is followed. The first damage stays, and all
// that is read after it is zero, so that callers look for it once, at the end.
// Fields are numbered as in the schema of the format; numbers take what stands for
// a field that is absent.
//
// Nothing keeps a reference to b but what was made of it, and Structs, which
// returns a part of it.
package flat
