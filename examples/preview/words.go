package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/stokerdata/stoker/examples/internal/sheet"
	"github.com/stokerdata/stoker/loader"
	"github.com/stokerdata/stoker/loader/dtype"
	"github.com/stokerdata/stoker/loader/kind"
)

// inWords returns a value for people to read: classes by name, text in quotes,
// of other fields up to n numbers.
func inWords(f loader.Field, t loader.Tensor, n int) string {
	if f.Kind == kind.Text {
		return strconv.Quote(string(t.Data))
	}
	if f.Kind == kind.EncodedImage || f.Kind == kind.EncodedAudio {
		return fmt.Sprintf("%d bytes", len(t.Data))
	}
	numbers := list(t, n)
	if f.Kind == kind.Label {
		for i, x := range numbers {
			if v, err := strconv.Atoi(x); err == nil {
				numbers[i] = sheet.Class(f, v)
			}
		}
	}
	text := strings.Join(numbers, " ")
	if t.Shape.Rank() > 0 {
		if t.Shape.Len() > len(numbers) {
			text += " .."
		}
		text = "[" + text + "]"
	}
	return text
}

// list returns the first n elements of t in digits.
func list(t loader.Tensor, n int) []string {
	switch t.DType {
	case dtype.Bool:
		return digits(loader.View[bool](t), n)
	case dtype.Uint8:
		return digits(loader.View[uint8](t), n)
	case dtype.Int8:
		return digits(loader.View[int8](t), n)
	case dtype.Uint16, dtype.Float16, dtype.BFloat16:
		return digits(loader.View[uint16](t), n)
	case dtype.Int16:
		return digits(loader.View[int16](t), n)
	case dtype.Uint32:
		return digits(loader.View[uint32](t), n)
	case dtype.Int32:
		return digits(loader.View[int32](t), n)
	case dtype.Uint64:
		return digits(loader.View[uint64](t), n)
	case dtype.Int64:
		return digits(loader.View[int64](t), n)
	case dtype.Float32:
		return digits(loader.View[float32](t), n)
	}
	return digits(loader.View[float64](t), n)
}

func digits[T dtype.Element](x []T, n int) []string {
	x = x[:min(n, len(x))]
	out := make([]string, len(x))
	for i, v := range x {
		switch v := any(v).(type) {
		case float32, float64:
			out[i] = fmt.Sprintf("%.4g", v)
		default:
			out[i] = fmt.Sprint(v)
		}
	}
	return out
}

// printTexts prints the first n texts, with their labels before them and their
// spans in brackets.
func printTexts(ctx context.Context, w io.Writer, ld *loader.Loader, n int) error {
	for b, err := range ld.All(ctx) {
		if err != nil {
			return err
		}
		for i := 0; i < b.Len() && n > 0; i++ {
			fmt.Fprintf(w, "  %-10s %s\n", sheet.Caption(b, i), marked(b, i))
			n--
		}
		if n == 0 {
			break
		}
	}
	return nil
}

// marked returns the text of row i, as in "[Ada Turner]PERSON left.", on one line.
func marked(b *loader.Batch, i int) string {
	var text loader.Field
	var spans []int32
	var names []string
	for _, f := range b.Spec() {
		if f.Name != "" && f.Kind == kind.Text && text.Name == "" {
			text = f
		}
		if f.Name != "" && f.Kind == kind.Spans && f.Canvas == text.Name {
			spans = loader.View[int32](b.Row(f.Name, i))
			names = followers(b, i, f.Name)
		}
	}
	data := b.Row(text.Name, i).Data
	var out strings.Builder
	for at := 0; at <= len(data); at++ {
		for k := len(spans)/2 - 1; k >= 0; k-- { // inner ones end first
			if int(spans[2*k+1]) == at && spans[2*k] < spans[2*k+1] {
				out.WriteString("]" + names[k])
			}
		}
		for k := range len(spans) / 2 {
			if int(spans[2*k]) == at && spans[2*k] < spans[2*k+1] {
				out.WriteByte('[')
			}
		}
		if at < len(data) {
			out.WriteByte(data[at])
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// followers returns the classes of the spans in row i, as far as there are any.
func followers(b *loader.Batch, i int, spans string) []string {
	names := make([]string, b.Row(spans, i).Shape.Dim(0))
	for _, f := range b.Spec() {
		if f.Name != "" && f.Kind == kind.Label && f.Follows == spans {
			for k, v := range list(b.Row(f.Name, i), len(names)) {
				if class, err := strconv.Atoi(v); err == nil {
					names[k] = sheet.Class(f, class)
				}
			}
		}
	}
	return names
}
