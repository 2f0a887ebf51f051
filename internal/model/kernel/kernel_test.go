package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func near(t *testing.T, what string, got, want, scale float32) {
	t.Helper()
	if math.Abs(float64(got-want)) > 1e-4*math.Max(1, float64(scale)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// What the processor's own instructions add up is what Go adds up.
func TestFastLoopsAreThePlainOnes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		n := rapid.IntRange(0, 200).Draw(rt, "n")
		x, y := random(r, n), random(r, n)
		near(t, "floats", Floats(x, y), floatsGo(x, y), float32(n))
		a, b := make([]int8, n), make([]int8, n)
		for i := range n {
			a[i], b[i] = int8(r.IntN(255)-127), int8(r.IntN(255)-127)
		}
		if got, want := Dot(a, b), dotGo(a, b); got != want {
			t.Errorf("dot of %d: %d, want %d", n, got, want)
		}
		sum, plain := append([]float32{}, y...), append([]float32{}, y...)
		Add(sum, 0.5, x)
		addGo(plain, 0.5, x)
		for i := range sum {
			near(t, "add", sum[i], plain[i], 1)
		}
	})
}

// Whole numbers are to the last one those of the plain loop.
func TestFastWholeNumbersAreThePlainOnes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 4))
		n := rapid.IntRange(1, 8).Draw(rt, "blocks")
		x := random(r, n*Block)
		for i := range x {
			switch r.IntN(20) {
			case 0:
				x[i] = 0
			case 1:
				x[i] *= 1e30
			}
		}
		clear(x[:Block*r.IntN(2)])
		if n > 1 && r.IntN(4) == 0 {
			x[Block+r.IntN(Block)] = float32(math.Inf(1))
		}
		q, scale := make([]int8, len(x)), make([]float32, n)
		plain, plainScale := make([]int8, len(x)), make([]float32, n)
		quantiseBlocks(q, scale, x)
		quantiseGo(plain, plainScale, x)
		if !slices.Equal(q, plain) || !slices.Equal(scale, plainScale) {
			t.Errorf("%v: got %v × %v, want %v × %v", x, q, scale, plain, plainScale)
		}
	})
}

// Of many rows, too, whatever their order is, and a row that is not there is not read.
func TestManyRowsAreOneByOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 5))
		width, rows := rapid.IntRange(1, 300).Draw(rt, "width"), rapid.IntRange(1, 40).Draw(rt, "rows")
		if rapid.Bool().Draw(rt, "blocks") {
			width = (width + Block - 1) / Block * Block
		}
		q, m := make([]int8, width), make([]int8, rows*width)
		for _, b := range [][]int8{q, m} {
			for i := range b {
				b[i] = int8(r.IntN(255) - 127)
			}
		}
		signs, all := make([]uint64, (width+63)/64), make([]uint64, rows*((width+63)/64))
		for _, b := range [][]uint64{signs, all} {
			for i := range b {
				b[i] = r.Uint64()
			}
		}
		at := make([]uint32, rapid.IntRange(0, 50).Draw(rt, "n"))
		for i := range at {
			at[i] = uint32(r.IntN(rows))
		}
		got, want := make([]int32, len(at)), make([]int32, len(at))
		Dots(got, q, m, at)
		for i, row := range at {
			want[i] = dotGo(q, m[int(row)*width:(int(row)+1)*width])
		}
		if !slices.Equal(got, want) {
			t.Errorf("products of %d numbers: %v, want %v", width, got, want)
		}
		differ, plain := make([]uint16, len(at)), make([]uint16, len(at))
		Differ(differ, signs, all, at)
		differGo(plain, signs, all, at)
		if !slices.Equal(differ, plain) {
			t.Errorf("bits of %d: %v, want %v", 64*len(signs), differ, plain)
		}
		at = append(at, uint32(rows))
		for what, beyond := range map[string]func(){
			"product": func() { Dots(make([]int32, len(at)), q, m, at) },
			"bits":    func() { Differ(make([]uint16, len(at)), signs, all, at) },
		} {
			if !panics(beyond) {
				t.Errorf("%s of row %d of %d", what, rows, rows)
			}
		}
	})
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestDotOfExtremes(t *testing.T) {
	a, b := make([]int8, 384), make([]int8, 384)
	for i := range a {
		a[i], b[i] = -127, 127
	}
	if got := Dot(a, b); got != -384*127*127 {
		t.Errorf("got %d", got)
	}
}

func TestProductIsThatOfTheNumbers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
		width := Block * rapid.IntRange(1, 6).Draw(rt, "blocks")
		ins, outs := rapid.IntRange(1, 4).Draw(rt, "ins"), rapid.IntRange(1, 9).Draw(rt, "outs")
		a, w := NewRows(ins, width), NewRows(outs, width)
		for i := range ins {
			a.Set(i, random(r, width))
		}
		for i := range outs {
			w.Set(i, random(r, width))
		}
		bias := random(r, outs)
		y := make([]float32, ins*outs)
		Product(y, &a, &w, bias)
		x, z := make([]float32, width), make([]float32, width)
		for i := range ins {
			a.Row(i, x)
			for j := range outs {
				w.Row(j, z)
				near(t, "product", y[i*outs+j], floatsGo(x, z)+bias[j], float32(width))
			}
		}
	})
}

func TestQuantisedNumbersAreNear(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 3))
		x := random(r, Block)
		rows, back := NewRows(1, Block), make([]float32, Block)
		rows.Set(0, x)
		rows.Row(0, back)
		for i := range x {
			if d := math.Abs(float64(x[i] - back[i])); d > 0.501*float64(rows.Scale[0]) {
				t.Errorf("%v became %v with scale %v", x[i], back[i], rows.Scale[0])
			}
		}
	})
	rows := NewRows(1, Block)
	rows.Set(0, make([]float32, Block))
	if rows.Scale[0] != 0 {
		t.Error("zeros have a scale")
	}
}

func BenchmarkProduct(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	a, w := NewRows(20, 384), NewRows(1536, 384)
	for i := range 20 {
		a.Set(i, random(r, 384))
	}
	for i := range 1536 {
		w.Set(i, random(r, 384))
	}
	y, bias := make([]float32, 20*1536), make([]float32, 1536)
	for b.Loop() {
		Product(y, &a, &w, bias)
	}
	b.ReportMetric(float64(20*1536*384)/1e9*float64(b.N)/b.Elapsed().Seconds(), "GMAC/s")
}
