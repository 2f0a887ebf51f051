// Package kernel has the inner loops of models and of vector search: products of
// rows of small whole numbers with one scale for each block of 32, of float32, and
// of int8. On amd64 with AVX2 they are in assembly; elsewhere, and in the tests
// that compare the two, in Go.
package kernel

import (
	"math"
	"math/bits"
)

// Block is how many numbers share one scale.
const Block = 32

// Rows are quantised rows: row r is Q[r*N:(r+1)*N], and number i of it is
// Q[r*N+i] × Scale[(r*N+i)/Block]. N is a multiple of [Block].
type Rows struct {
	N     int
	Q     []int8
	Scale []float32
}

// NewRows returns n rows of zeros.
func NewRows(n, width int) Rows {
	return Rows{N: width, Q: make([]int8, n*width), Scale: make([]float32, n*width/Block)}
}

// Len returns how many rows there are.
func (r *Rows) Len() int {
	if r.N == 0 {
		return 0
	}
	return len(r.Q) / r.N
}

// Set quantises x into row n: each block to the whole numbers from -127 to 127.
func (r *Rows) Set(n int, x []float32) {
	q, scale := r.Q[n*r.N:(n+1)*r.N], r.Scale[n*r.N/Block:(n+1)*r.N/Block]
	quantiseBlocks(q, scale, x[:r.N])
}

func quantiseGo(q []int8, scale, x []float32) {
	for b := range scale {
		scale[b] = quantise(q[b*Block:(b+1)*Block], x[b*Block:(b+1)*Block])
	}
}

// Row writes row n as it stands for into out.
func (r *Rows) Row(n int, out []float32) {
	q, scale := r.Q[n*r.N:(n+1)*r.N], r.Scale[n*r.N/Block:(n+1)*r.N/Block]
	for i, v := range q {
		out[i] = float32(v) * scale[i/Block]
	}
}

// quantise writes x as whole numbers into q and returns what one of them stands for.
func quantise(q []int8, x []float32) float32 {
	x = x[:len(q)]
	// Numbers of float32 without their sign have the order of their bits.
	bits := uint32(0)
	for _, v := range x {
		bits = max(bits, math.Float32bits(v)&^(1<<31))
	}
	top := math.Float32frombits(bits)
	if top == 0 || top > math.MaxFloat32 || top != top {
		clear(q)
		return 0
	}
	inverse := 127 / top
	for i, v := range x {
		q[i] = int8(round(float32(v * inverse))) // the conversion keeps the product apart: fused, it may be another number
	}
	return top / 127
}

// round goes to the nearest whole number, of two to the even one.
func round(x float32) int32 {
	const big = 3 << 22 // where float32 has whole numbers only
	return int32((x + big) - big)
}

// Quantise writes x as whole numbers into q, all with one scale, which it returns.
func Quantise(q []int8, x []float32) float32 { return quantise(q, x) }

// Product writes into y the products of each row of a with each row of w, plus the
// bias: y[i*w.Len()+j] = a[i]·w[j] + bias[j]. Rows of both have one length.
func Product(y []float32, a, w *Rows, bias []float32) {
	n, out, blocks := w.N, w.Len(), w.N/Block
	j := 0
	for ; j+4 <= out; j += 4 {
		wq, ws := w.Q[j*n:(j+4)*n], w.Scale[j*blocks:(j+4)*blocks]
		b := bias[j : j+4 : j+4]
		for i := range a.Len() {
			four := rows4(wq, ws, a.Q[i*n:(i+1)*n], a.Scale[i*blocks:(i+1)*blocks])
			t := y[i*out+j : i*out+j+4 : i*out+j+4]
			t[0], t[1], t[2], t[3] = four[0]+b[0], four[1]+b[1], four[2]+b[2], four[3]+b[3]
		}
	}
	for ; j < out; j++ {
		for i := range a.Len() {
			y[i*out+j] = rowGo(w.Q[j*n:(j+1)*n], w.Scale[j*blocks:(j+1)*blocks], a.Q[i*n:(i+1)*n], a.Scale[i*blocks:(i+1)*blocks]) + bias[j]
		}
	}
}

// rowGo is the product of two quantised rows.
func rowGo(w []int8, ws []float32, a []int8, as []float32) float32 {
	var sum float32
	for b, scale := range ws {
		sum += scale * as[b] * float32(dotGo(w[b*Block:(b+1)*Block], a[b*Block:(b+1)*Block]))
	}
	return sum
}

func rows4Go(w []int8, ws []float32, a []int8, as []float32) (out [4]float32) {
	n, blocks := len(a), len(as)
	for r := range out {
		out[r] = rowGo(w[r*n:(r+1)*n], ws[r*blocks:(r+1)*blocks], a, as)
	}
	return out
}

func dotGo(a, b []int8) int32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 int32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += int32(a[0]) * int32(b[0])
		s1 += int32(a[1]) * int32(b[1])
		s2 += int32(a[2]) * int32(b[2])
		s3 += int32(a[3]) * int32(b[3])
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += int32(v) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}

// Dots writes into out the products of q with rows of m, in which rows as long as q lie
// one behind the other: out[i] is that of row at[i].
func Dots(out []int32, q, m []int8, at []uint32) {
	out = out[:len(at)]
	n := dots(out, q, m, at)
	dotsGo(out[n:], q, m, at[n:])
}

func dotsGo(out []int32, q, m []int8, at []uint32) {
	for i, row := range at {
		out[i] = Dot(q, m[int(row)*len(q):(int(row)+1)*len(q)])
	}
}

// Differ writes into out how many bits of q are not those of rows of m, in which rows as
// long as q lie one behind the other: out[i] is how many of row at[i].
func Differ(out []uint16, q, m []uint64, at []uint32) {
	out = out[:len(at)]
	n := differ(out, q, m, at)
	differGo(out[n:], q, m, at[n:])
}

func differGo(out []uint16, q, m []uint64, at []uint32) {
	for i, row := range at {
		n := 0
		for k, w := range m[int(row)*len(q) : (int(row)+1)*len(q)] {
			n += bits.OnesCount64(w ^ q[k])
		}
		out[i] = uint16(n)
	}
}

func floatsGo(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func addGo(y []float32, f float32, x []float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += f * x[i]
	}
}
