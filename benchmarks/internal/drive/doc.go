// Package drive measures a drive by itself and under the loader:
//
//	d, err := drive.Simulated("hdd") // or Real, Throttled, Memory
//	...
//	defer d.Close()
//	points, err := d.Points(ctx, drive.Options{}) // by itself
//	...
//	rates, err := drive.Rates(ctx, set, []*drive.Drive{d}, [][]drive.Point{points}, drive.Options{})
//
// A drive has a [Mode], which only its constructor sets and which stands in
// every figure that the drive gives and in its name: what is simulated cannot be
// taken for a drive.
//
// # What is cold
//
// Real drives are read past the page cache, or from files that were evicted and
// are known not to be in memory. The set of the loader is evicted before every
// epoch. Rates from a full page cache are called warm, and are figures of their
// own. Simulated drives have no cache.
package drive
