package main

import (
	"math"
	"testing"
)

func TestRun(t *testing.T) {
	right, err := run(t.Context(), 20_000, 2)
	if err != nil {
		t.Fatal(err)
	}
	if right < 0.9 { // of four classes, as frequent as each other
		t.Errorf("accuracy %.3f", right)
	}
}

// TestSlope compares gradients with differences of the loss.
func TestSlope(t *testing.T) {
	net := newNetwork(3, 4, 2)
	x, label := []float32{0.3, -1, 2}, int32(1)
	loss := func() float64 {
		net.forward(x)
		return -math.Log(float64(net.p[label]))
	}
	net.forward(x)
	net.backward(x, label)
	for _, w := range []weights{net.w1, net.w2} {
		for i, have := range w.slope {
			const h = 1e-2
			v := w.value[i]
			w.value[i] = v + h
			want := loss()
			w.value[i] = v - h
			want = (want - loss()) / (2 * h)
			w.value[i] = v
			if math.Abs(want-float64(have)) > 1e-3 {
				t.Errorf("slope %g of weight %d, difference %g", have, i, want)
			}
		}
	}
}
