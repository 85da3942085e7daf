package bulk

import (
	"bytes"
	"fmt"
	"testing"
)

// TestCopy copies all sorts of lengths between places of all alignments, by all means
// there are, and looks at the bytes and at what lies beside them.
func TestCopy(t *testing.T) {
	const longest = 3*step + 2<<10
	src, dst := make([]byte, longest+2*line), make([]byte, longest+2*line)
	for i := range src {
		src[i] = byte(i%251 + 1)
	}
	for name, by := range map[string]func(dst, src []byte) int{
		"Copy":       Copy,
		"CopyAhead":  func(dst, src []byte) int { return CopyAhead(dst, src, nil) },
		"front":      func(dst, src []byte) int { return CopyAhead(dst, src, src[:len(src)/2]) },
		"one byte":   func(dst, src []byte) int { return CopyAhead(dst, src, []byte{0}) },
		"no kernels": func(dst, src []byte) int { n := min(len(dst), len(src)); return copySteps(dst[:n], src[:n]) },
	} {
		for _, n := range []int{0, 1, line, 127, 128, 129, step - 1, step, step + 1, 2048, 2 * step, 4<<10 - 1, 4 << 10, 4<<10 + 128, 4<<10 + 255, longest} {
			for off := range line {
				for _, more := range []int{-1, 0, 1} { // of dst than of src
					from, to := src[off:][:n], dst[1:][:max(0, n+more)]
					clear(dst)
					want := min(n, len(to))
					if got := by(to, from); got != want {
						t.Fatalf("%s: %d bytes of %d to %d, want %d", name, got, n, len(to), want)
					}
					if !bytes.Equal(to[:want], from[:want]) {
						t.Fatalf("%s: %d bytes from %d on differ", name, n, off)
					}
					if dst[0] != 0 || bytes.Count(dst[1+want:], []byte{0}) != len(dst)-1-want {
						t.Fatalf("%s: %d bytes from %d on: more was written", name, n, off)
					}
				}
			}
		}
	}
}

// BenchmarkCopy copies from memory that no cache of a core holds to memory that one
// does, beside the built-in copy: one piece behind the other, or the columns of a table.
func BenchmarkCopy(b *testing.B) {
	const columns = 40
	src, dst := make([]byte, 640<<20), make([]byte, 128<<10)
	for i := range src {
		src[i] = byte(i)
	}
	for name, by := range map[string]func(dst, src, next []byte) int{
		"copy":      func(dst, src, _ []byte) int { return copy(dst, src) },
		"steps":     func(dst, src, _ []byte) int { return copySteps(dst, src[:len(dst)]) },
		"Copy":      func(dst, src, _ []byte) int { return Copy(dst, src) },
		"CopyAhead": CopyAhead,
	} {
		for _, off := range []int{0, 4, 37} {
			for _, n := range []int{4 << 10, 16 << 10, 100 << 10} {
				run := func(apart string, place func(i int) int) {
					b.Run(fmt.Sprint(name, "/", n, "/off by ", off, "/", apart), func(b *testing.B) {
						b.SetBytes(int64(n))
						for i := 0; b.Loop(); i++ {
							by(dst[:n], src[place(i)+off:], src[place(i+1)+off:][:n])
						}
					})
				}
				pieces := len(src)/n - 1
				run("in a row", func(i int) int { return i % pieces * n })
				run("columns", func(i int) int {
					i %= pieces / columns * columns
					return (i%columns*(pieces/columns) + i/columns) * n
				})
			}
		}
	}
}

// TestRows copies rows of all sizes between all sorts of places, by all means there are,
// and looks at what lies beside them.
func TestRows(t *testing.T) {
	type means = func(dst []byte, places []int, src []byte, rows []int, size, stride int)
	const most = 9
	for name, by := range map[string]means{"Rows": Rows, "no kernels": copyRows} {
		for size := 1; size <= mostRow+100; size += 1 + size/70 {
			for _, apart := range []int{0, 1, 60} {
				for _, off := range []int{0, 1, 31} {
					stride := size + apart
					src, dst := make([]byte, off+most*stride-apart), make([]byte, most*size+off)
					for i := range src {
						src[i] = byte(i%251 + 1)
					}
					want := bytes.Clone(dst)
					rows, places := []int{8, 0, 3, 3}, []int{1, 0, 8, 5}
					for k, row := range rows {
						copy(want[off+places[k]*size:][:size], src[off+row*stride:])
					}
					by(dst[off:], places, src[off:], rows, size, stride)
					if !bytes.Equal(dst, want) {
						t.Fatalf("%s: rows of %d bytes, %d apart, from %d on differ", name, size, stride, off)
					}
				}
			}
		}
	}
	for _, wrong := range [][2]int{{-1, 0}, {most, 0}, {0, -1}, {0, most}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("row %d goes to place %d", wrong[0], wrong[1])
				}
			}()
			Rows(make([]byte, most*10), wrong[1:], make([]byte, most*10), wrong[:1], 10, 10)
		}()
	}
}

// BenchmarkRows copies rows that a cache of a core holds, some at a time, as a gather
// whose rows were asked for does.
func BenchmarkRows(b *testing.B) {
	type means = func(dst []byte, places []int, src []byte, rows []int, size, stride int)
	const many, stride = 16, 2 << 10
	src, dst := make([]byte, 256<<10), make([]byte, 64<<10)
	rows, places := make([]int, many), make([]int, many)
	for k := range rows {
		rows[k], places[k] = k*37%(len(src)/stride), k*5%many
	}
	for name, by := range map[string]means{"Rows": Rows, "no kernels": copyRows} {
		for _, size := range []int{4, 12, 52, 104, 300, 1000, 2000} {
			b.Run(fmt.Sprint(name, "/", size), func(b *testing.B) {
				for b.Loop() {
					by(dst, places, src, rows, size, stride)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*many), "ns/row")
			})
		}
	}
}
