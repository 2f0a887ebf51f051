package encoder

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/tallystick/tallystick/internal/model/kernel"
)

// network is the transformer: pieces in, one vector for each out.
type network struct {
	width, heads, inner int
	positions           int // pieces that it takes at a time
	epsilon             float32
	pieces              int
	word                func(id int32, out []float32) // the vector of a piece
	position, segment   []float32
	norm                norm
	layers              []layer
	gelu                []float32
	spare               sync.Pool // of *work
}

type layer struct {
	query, key, value, out, up, down linear
	attended, done                   norm
}

// names are what a file calls the parts of a layer.
type names struct {
	layer string // with the number of the layer
	query, key, value, out, up, down,
	attended, done string
}

// source reads the parts of a network out of a file.
type source interface {
	linear(name string, out, in int) linear
	norm(name string, n int) norm
}

func layersOf(r source, d dimensions, called *names) []layer {
	layers := make([]layer, d.layers)
	for i := range layers {
		at := fmt.Sprintf(called.layer, i)
		layers[i] = layer{
			query: r.linear(at+called.query, d.width, d.width), key: r.linear(at+called.key, d.width, d.width),
			value: r.linear(at+called.value, d.width, d.width), out: r.linear(at+called.out, d.width, d.width),
			up: r.linear(at+called.up, d.inner, d.width), down: r.linear(at+called.down, d.width, d.inner),
			attended: r.norm(at+called.attended, d.width), done: r.norm(at+called.done, d.width),
		}
	}
	return layers
}

// linear is a matrix and what is added.
type linear struct {
	w    kernel.Rows
	bias []float32
}

// norm brings a vector to mean 0 and variance 1, and then to what was learned.
type norm struct{ weight, bias []float32 }

// work is the memory of one pass.
type work struct {
	x, q, k, v, mixed, y, inner []float32
	part                        kernel.Rows
	share                       []float32
}

// The table of the activation function: it is a line through 0 and x beyond.
const (
	geluEnd  = 6
	geluStep = 512 // entries for 1
)

// begin makes what is derived.
func (n *network) begin() {
	n.gelu = make([]float32, 2*geluEnd*geluStep+2)
	for i := range n.gelu {
		x := float64(i)/geluStep - geluEnd
		n.gelu[i] = float32(x / 2 * (1 + math.Erf(x/math.Sqrt2)))
	}
	n.spare.New = func() any { return new(work) }
}

// mean returns the mean of the vectors of pieces, of which there are from 1 to
// positions. It stops soon when ctx is done: a layer of a long text takes longer than
// a question waits.
func (n *network) mean(ctx context.Context, ids []int32) ([]float32, error) {
	w, _ := n.spare.Get().(*work)
	defer n.spare.Put(w)
	w.grow(len(ids), n)
	n.embed(w, ids)
	for i := range n.layers {
		n.layer(ctx, w, &n.layers[i], len(ids))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	out := make([]float32, n.width)
	for t := range ids {
		kernel.Add(out, 1/float32(len(ids)), w.x[t*n.width:(t+1)*n.width])
	}
	return out, nil
}

func (w *work) grow(t int, n *network) {
	for _, b := range []*[]float32{&w.x, &w.q, &w.k, &w.v, &w.mixed, &w.y} {
		*b = sized(*b, t*n.width)
	}
	w.inner = sized(w.inner, t*n.inner)
	w.share = sized(w.share, t)
	if cap(w.part.Q) < t*n.inner {
		w.part = kernel.NewRows(t, n.inner)
	}
}

func sized(b []float32, n int) []float32 {
	if cap(b) < n {
		return make([]float32, n)
	}
	return b[:n]
}

func (n *network) embed(w *work, ids []int32) {
	for t, id := range ids {
		x := w.x[t*n.width : (t+1)*n.width]
		if id < 0 || int(id) >= n.pieces {
			id = 0
		}
		n.word(id, x)
		kernel.Add(x, 1, n.position[t*n.width:(t+1)*n.width])
		kernel.Add(x, 1, n.segment)
		n.norm.apply(x, n.epsilon)
	}
}

// layer leaves w halfway when ctx is done.
func (n *network) layer(ctx context.Context, w *work, l *layer, t int) {
	w.quantise(w.x, t, n.width)
	for _, p := range []struct {
		l  *linear
		to []float32
	}{{&l.query, w.q}, {&l.key, w.k}, {&l.value, w.v}} {
		w.product(ctx, p.to, p.l)
	}
	n.attend(ctx, w, t)
	w.quantise(w.mixed, t, n.width)
	w.product(ctx, w.y, &l.out)
	n.settle(w, &l.attended, t)
	w.quantise(w.x, t, n.width)
	w.product(ctx, w.inner, &l.up)
	n.activate(w.inner)
	w.quantise(w.inner, t, n.inner)
	w.product(ctx, w.y, &l.down)
	n.settle(w, &l.done, t)
}

// quantise makes rows for a product of t vectors.
func (w *work) quantise(x []float32, t, width int) {
	w.part.N = width
	w.part.Q = w.part.Q[:t*width]
	w.part.Scale = w.part.Scale[:t*width/kernel.Block]
	for i := range t {
		w.part.Set(i, x[i*width:(i+1)*width])
	}
}

// product writes those of the rows that were made last with l, as many at a time as
// take no time worth speaking of, until ctx is done.
func (w *work) product(ctx context.Context, to []float32, l *linear) {
	const step = 64
	width, out, all := w.part.N, l.w.Len(), w.part.Len()
	for at := 0; at < all && ctx.Err() == nil; at += step {
		end := min(at+step, all)
		rows := kernel.Rows{N: width, Q: w.part.Q[at*width : end*width], Scale: w.part.Scale[at*width/kernel.Block : end*width/kernel.Block]}
		kernel.Product(to[at*out:end*out], &rows, &l.w, l.bias)
	}
}

// attend mixes, for each piece and each head, the values of all pieces by how well
// their keys fit its query, until ctx is done.
func (n *network) attend(ctx context.Context, w *work, t int) {
	size := n.width / n.heads
	scale := float32(1 / math.Sqrt(float64(size)))
	clear(w.mixed)
	for i := 0; i < t && ctx.Err() == nil; i++ {
		for h := range n.heads {
			at := func(row int) int { return row*n.width + h*size }
			q, top := w.q[at(i):at(i)+size], float32(math.Inf(-1))
			for j := range t {
				w.share[j] = scale * kernel.Floats(q, w.k[at(j):at(j)+size])
				top = max(top, w.share[j])
			}
			sum := float32(0)
			for j, s := range w.share[:t] {
				w.share[j] = float32(math.Exp(float64(s - top)))
				sum += w.share[j]
			}
			to := w.mixed[at(i) : at(i)+size]
			for j, s := range w.share[:t] {
				kernel.Add(to, s/sum, w.v[at(j):at(j)+size])
			}
		}
	}
}

// settle adds y to x and norms it.
func (n *network) settle(w *work, by *norm, t int) {
	kernel.Add(w.x, 1, w.y)
	for i := range t {
		by.apply(w.x[i*n.width:(i+1)*n.width], n.epsilon)
	}
}

func (n *norm) apply(x []float32, epsilon float32) {
	var mean, variance float32
	for _, v := range x {
		mean += v
	}
	mean /= float32(len(x))
	for _, v := range x {
		variance += (v - mean) * (v - mean)
	}
	f := float32(1 / math.Sqrt(float64(variance/float32(len(x))+epsilon)))
	weight, bias := n.weight[:len(x)], n.bias[:len(x)]
	for i, v := range x {
		x[i] = (v-mean)*f*weight[i] + bias[i]
	}
}

// activate is GELU, from the table with a line between two entries.
func (n *network) activate(x []float32) {
	for i, v := range x {
		switch at := (v + geluEnd) * geluStep; {
		case v >= geluEnd:
		case at > 0:
			k := int(at)
			f := at - float32(k)
			x[i] = n.gelu[k]*(1-f) + n.gelu[k+1]*f
		default:
			x[i] = 0
		}
	}
}
