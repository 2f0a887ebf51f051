package kernel

import "golang.org/x/sys/cpu"

// fast reports whether the processor has what the assembly uses.
func fast() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

//go:noescape
func rows4AVX2(w *int8, ws *float32, a *int8, as *float32, blocks int, out *[4]float32)

//go:noescape
func dotAVX2(a, b *int8, blocks int) int32

//go:noescape
func dotsAVX2(out *int32, q, m *int8, at *uint32, n, blocks, rows int) (done int)

//go:noescape
func differPOPCNT(out *uint16, q, m *uint64, at *uint32, n, pairs, rows int) (done int)

//go:noescape
func floatsAVX2(a, b *float32, eights int) float32

//go:noescape
func addAVX2(y *float32, f float32, x *float32, eights int)

//go:noescape
func quantiseAVX2(q *int8, scale, x *float32, blocks int)

// quantiseBlocks writes x as whole numbers into q, and what one stands for in each
// block.
func quantiseBlocks(q []int8, scale, x []float32) {
	if n := len(scale); fast() && n > 0 && len(q) == n*Block && len(x) == n*Block {
		quantiseAVX2(&q[0], &scale[0], &x[0], n)
		return
	}
	quantiseGo(q, scale, x)
}

// rows4 returns the products of four rows of w with a.
func rows4(w []int8, ws []float32, a []int8, as []float32) (out [4]float32) {
	if blocks := len(as); fast() && blocks > 0 && len(a) == blocks*Block && len(w) == 4*len(a) && len(ws) == 4*blocks {
		rows4AVX2(&w[0], &ws[0], &a[0], &as[0], blocks, &out)
		return out
	}
	return rows4Go(w, ws, a, as)
}

// Dot is the product of two vectors of one length.
func Dot(a, b []int8) int32 {
	if fast() && len(a) >= Block && len(b) == len(a) {
		n := len(a) / Block
		return dotAVX2(&a[0], &b[0], n) + dotGo(a[n*Block:], b[n*Block:])
	}
	return dotGo(a, b)
}

// dots is dotsGo up to the first row that is not one of m, or of the rows that its
// instructions cannot do; it returns how far it came.
func dots(out []int32, q, m []int8, at []uint32) int {
	if !fast() || len(at) == 0 || len(q) == 0 || len(q)%Block != 0 || len(m) < len(q) {
		return 0
	}
	return dotsAVX2(&out[0], &q[0], &m[0], &at[0], len(at), len(q)/Block, len(m)/len(q))
}

// differ is to differGo what dots is to dotsGo.
func differ(out []uint16, q, m []uint64, at []uint32) int {
	if !cpu.X86.HasPOPCNT || len(at) == 0 || len(q) == 0 || len(q)%2 != 0 || len(m) < len(q) {
		return 0
	}
	return differPOPCNT(&out[0], &q[0], &m[0], &at[0], len(at), len(q)/2, len(m)/len(q))
}

// Floats is the product of two vectors of one length.
func Floats(a, b []float32) float32 {
	if fast() && len(a) >= 8 && len(b) == len(a) {
		n := len(a) / 8
		return floatsAVX2(&a[0], &b[0], n) + floatsGo(a[n*8:], b[n*8:])
	}
	return floatsGo(a, b)
}

// Add adds f × x to y, of one length.
func Add(y []float32, f float32, x []float32) {
	n := 0
	if fast() && len(y) >= 8 && len(x) == len(y) {
		n = len(y) / 8
		addAVX2(&y[0], f, &x[0], n)
	}
	addGo(y[n*8:], f, x[n*8:])
}
