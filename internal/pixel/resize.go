package pixel

// Resize writes src to dst at the size of dst, exactly as Pillow's
// Image.resize does with 8-bit samples (libImaging/Resample.c, Geometry.c):
// first along x into 8 bits, then along y, each with 22-bit weights. Both
// images have the same C.
//
// Pillow 13 goes along y first where the height loses more than twice the pixels
// that the width does, and then gives other bytes than its predecessors and we.
func (r *Resizer) Resize(dst, src Image, f Filter) {
	r.start(Size{dst.W, dst.H}, Size{src.W, src.H}, src.C, f)
	r.image = dst
	for y := range src.H {
		// What follows a row may be read, and is of no consequence.
		at := y * src.Stride
		r.take(y, src.Pix[at:at+src.W*src.C])
	}
	r.image = Image{}
}
