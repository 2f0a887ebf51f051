package encoder

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/internal/model/kernel"
)

// little writes a file of a network small enough to be counted after.
type little struct {
	head, names, data []byte
	arrays            int
	r                 *rand.Rand
}

const (
	littleWidth  = 32
	littleInner  = 64
	littlePieces = 6 // <s>, </s>, <unk>, ▁, a, b
	littleWindow = 8
)

func num(b []byte, v ...int) []byte {
	for _, v := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

func float(b []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
}

func (l *little) array(name string, b []byte) {
	l.arrays++
	l.names = append(binary.LittleEndian.AppendUint16(l.names, uint16(len(name))), name...)
	l.names = num(append(l.names, 0), 0, len(l.data), 0, len(b), 0)
	l.data = append(l.data, b...)
}

func (l *little) floats(name string, n int, around, spread float64) {
	var b []byte
	for range n {
		b = float(b, around+spread*l.r.NormFloat64())
	}
	l.array(name, b)
}

func (l *little) four(name string, n int) {
	var b []byte
	for range n / kernel.Block {
		b = append(b, 0, 0x28) // 0.03125
		for range kernel.Block / 2 {
			b = append(b, byte(l.r.IntN(256)))
		}
	}
	l.array(name, b)
}

func (l *little) linear(name string, out, in int) {
	l.four(name+".w", out*in)
	l.floats(name+".b", out, 0, 0.1)
}

func (l *little) norm(name string) {
	l.floats(name+".w", littleWidth, 1, 0.1)
	l.floats(name+".b", littleWidth, 0, 0.1)
}

func littleFile() []byte {
	l := little{r: rand.New(rand.NewPCG(1, 2))}
	l.head = num([]byte("E5S1"), 1, littleWidth, 2, 4, littleInner, littlePieces, littleWindow, 2)
	l.head = num(float(l.head, 1e-12), kernel.Block)
	l.head = num(l.head, littlePieces, 0, 1, 0, 2, 16, 0)
	l.head = num(l.head, 0, 3, 7, 12, 15, 16, 17)
	for i := range littlePieces {
		l.head = float(l.head, -float64(i))
	}
	text := "<s></s><unk>▁ab"
	l.head[4+4*10+4*5] = byte(len(text))
	l.head = append(l.head, text...)
	l.head = num(l.head, 1, 9)
	l.head = num(append(num(l.head, 'A'), 1), 'a')
	l.four("emb.word", littlePieces*littleWidth)
	l.floats("emb.pos", littleWindow*littleWidth, 0, 0.2)
	l.floats("emb.type", 2*littleWidth, 0, 0.2)
	l.norm("emb.ln")
	for _, at := range []string{"l0.", "l1."} {
		for _, name := range []string{"q", "k", "v", "ao"} {
			l.linear(at+name, littleWidth, littleWidth)
		}
		l.linear(at+"fi", littleInner, littleWidth)
		l.linear(at+"fo", littleWidth, littleInner)
		l.norm(at + "aln")
		l.norm(at + "oln")
	}
	// Where the arrays are counts from the beginning of the file.
	start := len(l.head) + 4 + len(l.names)
	names := slices.Clone(l.names)
	for p := 0; p < len(names); {
		p += 2 + int(binary.LittleEndian.Uint16(names[p:])) + 1 + 4
		binary.LittleEndian.PutUint32(names[p:], binary.LittleEndian.Uint32(names[p:])+uint32(start))
		p += 16
	}
	return append(append(num(l.head, l.arrays), names...), l.data...)
}

// plain is the network as one would write it down, in float64.
func plain(n *network, ids []int32) []float64 {
	x := make([][]float64, len(ids))
	for t, id := range ids {
		row := make([]float32, n.width)
		n.word(id, row)
		for i := range row {
			x[t] = append(x[t], float64(row[i])+float64(n.position[t*n.width+i])+float64(n.segment[i]))
		}
		plainNorm(x[t], &n.norm)
	}
	for i := range n.layers {
		l := &n.layers[i]
		q, k, v := plainLinear(x, &l.query), plainLinear(x, &l.key), plainLinear(x, &l.value)
		mixed := plainLinear(plainAttention(q, k, v, n.heads), &l.out)
		for t := range x {
			for i := range x[t] {
				x[t][i] += mixed[t][i]
			}
			plainNorm(x[t], &l.attended)
		}
		up := plainLinear(x, &l.up)
		for t := range up {
			for i, z := range up[t] {
				up[t][i] = z / 2 * (1 + math.Erf(z/math.Sqrt2))
			}
		}
		down := plainLinear(up, &l.down)
		for t := range x {
			for i := range x[t] {
				x[t][i] += down[t][i]
			}
			plainNorm(x[t], &l.done)
		}
	}
	mean := make([]float64, n.width)
	for _, row := range x {
		for i, v := range row {
			mean[i] += v / float64(len(x))
		}
	}
	return mean
}

func plainLinear(x [][]float64, l *linear) [][]float64 {
	out := make([][]float64, len(x))
	w := make([]float32, l.w.N)
	for j := range l.w.Len() {
		l.w.Row(j, w)
		for t := range x {
			sum := float64(l.bias[j])
			for i, v := range x[t] {
				sum += v * float64(w[i])
			}
			out[t] = append(out[t], sum)
		}
	}
	return out
}

func plainAttention(q, k, v [][]float64, heads int) [][]float64 {
	width := len(q[0])
	size := width / heads
	out := make([][]float64, len(q))
	for t := range q {
		out[t] = make([]float64, width)
		for h := range heads {
			share, sum := make([]float64, len(k)), 0.0
			for s := range k {
				for i := h * size; i < (h+1)*size; i++ {
					share[s] += q[t][i] * k[s][i] / math.Sqrt(float64(size))
				}
				share[s] = math.Exp(share[s])
				sum += share[s]
			}
			for s := range v {
				for i := h * size; i < (h+1)*size; i++ {
					out[t][i] += share[s] / sum * v[s][i]
				}
			}
		}
	}
	return out
}

func plainNorm(x []float64, n *norm) {
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	for i := range x {
		x[i] = (x[i]-mean)/math.Sqrt(variance)*float64(n.weight[i]) + float64(n.bias[i])
	}
}

func cosine(a []float32, b []float64) float64 {
	ab, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		ab += float64(a[i]) * b[i]
		aa += float64(a[i]) * float64(a[i])
		bb += b[i] * b[i]
	}
	return ab / math.Sqrt(aa*bb)
}

func read(tb testing.TB) *Model {
	tb.Helper()
	m, err := ReadE5(littleFile())
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestTheNetworkIsThatOfTheTextbook(t *testing.T) {
	m := read(t)
	for _, ids := range [][]int32{{0, 1}, {0, 3, 4, 1}, {0, 3, 4, 5, 2, 4, 4, 1}} {
		got, err := m.net.mean(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		if c := cosine(got, plain(&m.net, ids)); c < 0.999 {
			t.Errorf("%v: cosine %v", ids, c)
		}
	}
}

func TestALongTextIsTakenInWindows(t *testing.T) {
	m := read(t)
	m.passage = ""
	got, err := m.Passage(t.Context(), "Aab aabb")
	if err != nil {
		t.Fatal(err)
	}
	// ▁ a a b ▁ a | a b b
	one, two := plain(&m.net, []int32{0, 3, 4, 4, 5, 3, 4, 1}), plain(&m.net, []int32{0, 4, 5, 5, 1})
	for i := range one {
		one[i] = 6*one[i] + 3*two[i]
	}
	if c := cosine(got, one); c < 0.999 {
		t.Errorf("cosine %v", c)
	}
	if _, err := m.Passage(t.Context(), ""); err != nil {
		t.Error(err)
	}
}

func TestItStopsWhenTheContextIsDone(t *testing.T) {
	m := read(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Query(ctx, "ab"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// soon is done after it was asked so many times.
type soon struct {
	context.Context //nolint:containedctx // it is one

	left int
}

func (s *soon) Err() error {
	if s.left--; s.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// A layer of a long text takes longer than a question waits.
func TestItStopsWithinALayer(t *testing.T) {
	m := read(t)
	m.net.layers = m.net.layers[:1]
	for left := range 5 {
		ctx := &soon{t.Context(), left}
		if _, err := m.Query(ctx, "ab"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("done after %d: got %v", left, err)
		}
		if ctx.left < -12 {
			t.Errorf("done after %d: it went on, and asked %d times more", left, -ctx.left)
		}
	}
}

// No bytes make it fail otherwise than by saying so, or in making a vector.
func FuzzReadE5(f *testing.F) {
	good := littleFile()
	f.Add(good)
	f.Add(good[:100])
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadE5(b)
		if err != nil {
			if !errors.Is(err, ErrFile) {
				t.Errorf("got %v", err)
			}
			return
		}
		if v, err := m.Passage(t.Context(), "ab A é"); err != nil || len(v) != m.Width() {
			t.Errorf("%d numbers, %v", len(v), err)
		}
	})
}
