package split

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestEnds compares kernel and plain twin with what is found byte by byte, in texts of
// all lengths around blocks.
func TestEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, alphabet := range []string{
		",\n", "1,\n", "123456789,\n", "123456789+.-e;:\x00\xff\x80\xac\x8a\xa2,\t\n", strings.Repeat("1", 40) + ",\n", strings.Repeat("12345678,", 4) + "\n\"", strings.Repeat("123,", 40) + "\n\"", "1,\"\n",
	} {
		for n := range 300 {
			for _, comma := range []byte{',', '\t'} {
				text := make([]byte, n)
				for i := range text {
					text[i] = alphabet[r.IntN(len(alphabet))]
				}
				want := slow(text, comma)
				for name, find := range map[string]func(f *found){"kernel": func(f *found) {
					f.cells, f.lines = Ends(f.ends, f.breaks, f.quotes, text, comma)
				}, "plain": func(f *found) { f.plain(text, comma) }} {
					got := room(n)
					find(got)
					if !slices.Equal(got.ends[:got.cells], want.ends) || !slices.Equal(got.breaks[:got.lines], want.breaks) || !slices.Equal(got.quotes[:len(want.quotes)], want.quotes) {
						t.Fatalf("%s: %q\n%v %v %x, want\n%v %v %x", name, text, got.ends[:got.cells], got.breaks[:got.lines], got.quotes, want.ends, want.breaks, want.quotes)
					}
					if got.ends[n+Slack] != beside || got.breaks[n+Slack] != beside || got.quotes[len(want.quotes)] != beside {
						t.Fatalf("%s: more is written", name)
					}
				}
			}
		}
	}
}

const beside = 7

// room returns room for what is found in n bytes, with something behind it.
func room(n int) *found {
	return &found{ends: slices.Repeat([]int32{beside}, n+Slack+1), breaks: slices.Repeat([]int32{beside}, n+Slack+1), quotes: slices.Repeat([]uint64{beside}, (n+Block-1)/Block+1)}
}

// slow returns what is in a text.
func slow(text []byte, comma byte) (f found) {
	f.quotes = make([]uint64, (len(text)+Block-1)/Block)
	inside := false
	for i, c := range text {
		if c == '"' {
			inside = !inside
			f.quotes[i/Block] |= 1 << (i % Block)
		}
		if inside || c != comma && c != '\n' {
			continue
		}
		f.ends = append(f.ends, int32(i))
		if c == '\n' {
			f.breaks = append(f.breaks, int32(len(f.ends)))
		}
	}
	return f
}

// TestPlain has each byte at all places of a text that is plain but for it.
func TestPlain(t *testing.T) {
	for c := range 256 {
		special := c == '"' || c == '\\' || c < ' '
		for n := range 80 {
			for at := range n {
				text := bytes.Repeat([]byte{0xe9}, n)
				text[at] = byte(c)
				want := n
				if special {
					want = at
				}
				if got := Plain(text); got != want {
					t.Fatalf("%q begins with %d plain bytes, want %d", text, got, want)
				}
				if got := vectorPlain(text); got != 0 && got != min(want, n/32*32) {
					t.Fatalf("%q begins with %d plain bytes by a kernel, want %d", text, got, want)
				}
			}
		}
	}
}

func BenchmarkEnds(b *testing.B) {
	for name, line := range map[string]string{"numbers": "12345,-1.2345,1,99999,12.3456\n", "quotes": "12345,\"a text, in quotes\",12.3456\n"} {
		text := bytes.Repeat([]byte(line), 1000)
		f := room(len(text))
		for by, find := range map[string]func(){
			"kernel": func() { Ends(f.ends, f.breaks, f.quotes, text, ',') },
			"plain":  func() { *f = found{ends: f.ends, breaks: f.breaks, quotes: f.quotes}; f.plain(text, ',') },
		} {
			b.Run(name+"/"+by, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					find()
				}
			})
		}
	}
}
