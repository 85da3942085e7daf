package inflate

import "encoding/binary"

const adlerPrime = 65521

// adler goes on with a checksum (RFC 1950, section 9) over more bytes.
func adler(sum uint32, p []byte) uint32 {
	a, b := uint64(sum&0xffff), uint64(sum>>16)
	for len(p) > 0 {
		if k := min(len(p)/8, adlerEights); k > 0 {
			a, b = eights(a, b, p[:8*k])
			p = p[8*k:]
		} else {
			a += uint64(p[0])
			b += a
			p = p[1:]
		}
		a, b = a%adlerPrime, b%adlerPrime
	}
	return uint32(b<<16 | a)
}

// adlerEights is how many times 8 bytes can be summed up, and the sums be
// summed up, in 16 bits: 255·22·21/2 < 65,536.
const adlerEights = 22

// eights adds up to adlerEights times 8 bytes, in four lanes of a word each for
// those in even and in odd places.
func eights(a, b uint64, p []byte) (uint64, uint64) {
	const lanes = 0x00ff00ff00ff00ff
	b += uint64(len(p)) * a
	var even, odd, evens, odds uint64 // sums, and for each round those before it
	for ; len(p) >= 8; p = p[8:] {
		v := binary.LittleEndian.Uint64(p)
		evens += even
		odds += odd
		even += v & lanes
		odd += v >> 8 & lanes
	}
	// Of eight bytes the first counts eight times, the last once.
	for i := range 4 {
		e, o := even>>(16*i)&0xffff, odd>>(16*i)&0xffff
		a += e + o
		b += 8*(evens>>(16*i)&0xffff+odds>>(16*i)&0xffff) + uint64(8-2*i)*e + uint64(7-2*i)*o
	}
	return a, b
}
