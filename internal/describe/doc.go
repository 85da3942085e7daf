// Package describe turns plain configuration into bytes that are hashed, so that
// what one configuration has made is not taken for another's: the position of a
// stream, the rows of a cache.
//
//	h := sha256.New()
//	fmt.Fprintf(h, "contract %d\n", describe.Contract)
//	opaque := describe.Write(h, vision.Resize{Size: 256})
//
// Values are walked by reflection, unexported fields too. What a function or a
// channel does cannot be seen: it counts by whether it is there. A field with the
// tag describe:"-" is left out: it changes how fast something is made, and not
// what.
package describe
