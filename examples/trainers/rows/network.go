package main

import (
	"math"
	"math/rand/v2"
)

// network is a perceptron with one hidden layer of rectified units, trained by
// gradient descent with momentum.
type network struct {
	in, hidden, out int
	w1, w2          weights // (hidden, in + 1), (out, hidden + 1): the last column is added
	h, p            []float32
	dh              []float32
}

// weights are numbers that are learnt, with the sum of their gradients over a
// batch and their momentum.
type weights struct{ value, slope, speed []float32 }

func newNetwork(in, hidden, out int) *network {
	rng := rand.New(rand.NewPCG(1, 2))
	layer := func(rows, cols int) weights {
		w := weights{make([]float32, rows*cols), make([]float32, rows*cols), make([]float32, rows*cols)}
		for i := range w.value {
			w.value[i] = float32(rng.NormFloat64() * math.Sqrt(2/float64(cols))) // He et al. 2015
		}
		return w
	}
	return &network{
		in: in, hidden: hidden, out: out, w1: layer(hidden, in+1), w2: layer(out, hidden+1),
		h: make([]float32, hidden), p: make([]float32, out), dh: make([]float32, hidden),
	}
}

// forward leaves the hidden units in h and the probabilities of the classes in p.
func (n *network) forward(x []float32) {
	for j := range n.h {
		n.h[j] = max(0, dot(n.w1.value[j*(n.in+1):][:n.in+1], x))
	}
	top := float32(math.Inf(-1))
	for k := range n.p {
		n.p[k] = dot(n.w2.value[k*(n.hidden+1):][:n.hidden+1], n.h)
		top = max(top, n.p[k])
	}
	var sum float32
	for k, v := range n.p {
		n.p[k] = float32(math.Exp(float64(v - top)))
		sum += n.p[k]
	}
	for k := range n.p {
		n.p[k] /= sum
	}
}

// backward adds the gradients of the cross entropy of one row.
func (n *network) backward(x []float32, label int32) {
	clear(n.dh)
	for k, p := range n.p {
		if int32(k) == label {
			p--
		}
		at := k * (n.hidden + 1)
		addScaled(n.w2.slope[at:][:n.hidden+1], n.h, p)
		for j, w := range n.w2.value[at:][:n.hidden] {
			n.dh[j] += float32(w * p)
		}
	}
	for j, d := range n.dh {
		if n.h[j] > 0 {
			addScaled(n.w1.slope[j*(n.in+1):][:n.in+1], x, d)
		}
	}
}

// step learns from a batch.
func (n *network) step(x []float32, labels []int32, rate float32) {
	for i, label := range labels {
		row := x[i*n.in : (i+1)*n.in]
		n.forward(row)
		n.backward(row, label)
	}
	for _, w := range []weights{n.w1, n.w2} {
		for i, g := range w.slope {
			w.speed[i] = float32(0.9*w.speed[i]) - float32(rate/float32(len(labels))*g)
			w.value[i] += w.speed[i]
		}
		clear(w.slope)
	}
}

// predict returns the likeliest class.
func (n *network) predict(x []float32) int {
	n.forward(x)
	best := 0
	for k, p := range n.p {
		if p > n.p[best] {
			best = k
		}
	}
	return best
}

// dot returns the product of w and x, plus the last element of w.
func dot(w, x []float32) float32 {
	w = w[:len(x)+1]
	sum := w[len(x)]
	for i, v := range x {
		sum += float32(w[i] * v)
	}
	return sum
}

// addScaled adds s*x to g, and s to its last element.
func addScaled(g, x []float32, s float32) {
	g = g[:len(x)+1]
	for i, v := range x {
		g[i] += float32(s * v)
	}
	g[len(x)] += s
}
