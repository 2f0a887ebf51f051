package encoder

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/tallystick/tallystick/internal/model/kernel"
	"github.com/tallystick/tallystick/internal/model/safetensors"
	"github.com/tallystick/tallystick/internal/model/token"
)

// A block of 4-bit numbers: the scale as float16, then 16 bytes of which each has
// number i in its low and number i+16 in its high half, plus 8.
const fourBits = 2 + kernel.Block/2

// dimensions of a network as the header of its file says them.
type dimensions struct {
	width, layers, heads, inner, pieces, positions int
}

func (d dimensions) valid() bool {
	for _, v := range []int{d.width, d.layers, d.heads, d.inner, d.pieces, d.positions} {
		if v < 1 || v > 1<<20 {
			return false
		}
	}
	return d.width <= 4096 && d.inner <= 1<<14 && d.layers <= 64 && d.positions > 2 && d.positions <= 1<<14 &&
		d.width%kernel.Block == 0 && d.inner%kernel.Block == 0 && d.width%d.heads == 0
}

// ReadE5 reads multilingual-e5-small in 4 bits, or a pruning of it.
func ReadE5(b []byte) (*Model, error) {
	r := reader{all: b, rest: b}
	if string(r.take(4)) != "E5S1" || r.num() != 1 {
		return nil, fmt.Errorf("magic number or version: %w", ErrFile)
	}
	d := dimensions{width: r.num(), layers: r.num(), heads: r.num(), inner: r.num(), pieces: r.num(), positions: r.num()}
	segments := r.num()
	epsilon := r.float()
	if block := r.num(); r.bad || block != kernel.Block || !d.valid() || segments < 1 || segments > 16 {
		return nil, fmt.Errorf("dimensions %+v: %w", d, ErrFile)
	}
	m := &Model{query: "query: ", passage: "passage: ", window: d.positions}
	cut, err := r.pieces(m, d.pieces)
	if err != nil {
		return nil, err
	}
	m.cut = cut.Encode
	r.directory()
	m.net = network{width: d.width, heads: d.heads, inner: d.inner, positions: d.positions, epsilon: epsilon, pieces: d.pieces}
	r.network(&m.net, d, segments)
	if r.bad {
		return nil, fmt.Errorf("array %q: %w", r.missing, ErrFile)
	}
	m.net.begin()
	return m, nil
}

// pieces reads the table of pieces.
func (r *reader) pieces(m *Model, limit int) (*token.Unigram, error) {
	n := r.num()
	begin, end, _, unknown := r.num(), r.num(), r.num(), r.num()
	letters := r.num()
	if high := r.num(); r.bad || high != 0 || n < 1 || n > limit || max(begin, end) >= n || letters > len(r.rest) {
		return nil, fmt.Errorf("table of pieces: %w", ErrFile)
	}
	m.begin, m.end = int32(begin), int32(end)
	ends, scores := make([]uint32, n), make([]float32, n)
	r.num() // where the first one begins
	for i := range ends {
		ends[i] = uint32(r.num())
	}
	for i := range scores {
		scores[i] = r.float()
	}
	text := slices.Clone(r.take(letters)) // of the file, as little as may be stays in memory
	changes := make([]token.Change, min(r.num(), len(r.rest)))
	r.num() // bytes of the changes
	for i := range changes {
		changes[i].From = rune(r.num())
		to := r.take(1)
		if r.bad {
			break
		}
		for range to[0] {
			changes[i].To = append(changes[i].To, rune(r.num()))
		}
	}
	if r.bad {
		return nil, fmt.Errorf("table of pieces: %w", ErrFile)
	}
	u, err := token.NewUnigram(text, ends, scores, int32(unknown), changes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrFile)
	}
	return u, nil
}

// directory reads where the arrays are.
func (r *reader) directory() {
	n := min(r.num(), len(r.rest))
	r.arrays = make(map[string]span, n)
	for range n {
		name := string(r.take(r.short()))
		r.take(1) // type: follows from what the array is for
		r.num()   // numbers
		from, fromHigh, size, sizeHigh := r.num(), r.num(), r.num(), r.num()
		if r.bad || fromHigh != 0 || sizeHigh != 0 {
			r.fail("directory")
			return
		}
		r.arrays[name] = span{from, size}
	}
}

func (r *reader) network(n *network, d dimensions, segments int) {
	words := slices.Clone(r.array("emb.word", d.pieces*d.width/kernel.Block*fourBits))
	row := d.width / kernel.Block * fourBits
	n.word = func(id int32, out []float32) {
		b := words[int(id)*row : (int(id)+1)*row]
		for i := 0; i < len(out); i += kernel.Block {
			var q [kernel.Block]int8
			scale := four(b, q[:])
			for j, v := range q {
				out[i+j] = float32(v) * scale
			}
			b = b[fourBits:]
		}
	}
	n.position = r.floats("emb.pos", d.positions*d.width)
	if n.segment = r.floats("emb.type", segments*d.width); !r.bad {
		n.segment = n.segment[:d.width] // a text alone is all of the first kind
	}
	n.norm = r.norm("emb.ln", d.width)
	n.layers = layersOf(r, d, &names{
		layer: "l%d.", query: "q", key: "k", value: "v", out: "ao", up: "fi", down: "fo", attended: "aln", done: "oln",
	})
}

// linear reads a matrix of 4-bit numbers, and keeps each in a byte: it is read a
// hundred times for each text.
func (r *reader) linear(name string, out, in int) linear {
	b := r.array(name+".w", out*in/kernel.Block*fourBits)
	l := linear{bias: r.floats(name+".b", out)}
	if r.bad {
		return l
	}
	l.w = kernel.NewRows(out, in)
	for i := range l.w.Scale {
		l.w.Scale[i] = four(b[i*fourBits:], l.w.Q[i*kernel.Block:(i+1)*kernel.Block])
	}
	return l
}

func (r *reader) norm(name string, n int) norm {
	return norm{weight: r.floats(name+".w", n), bias: r.floats(name+".b", n)}
}

// four unpacks a block of 4-bit numbers and returns its scale.
func four(b []byte, q []int8) float32 {
	const half = kernel.Block / 2
	low, high := q[:half], q[half:kernel.Block]
	for i, v := range b[2:fourBits] {
		low[i], high[i] = int8(v&15)-8, int8(v>>4)-8
	}
	return safetensors.Half(binary.LittleEndian.Uint16(b))
}

// span is where an array is in a file.
type span struct{ from, size int }

// reader reads little-endian numbers. Once something is wrong it reads zeros.
type reader struct {
	all, rest []byte
	arrays    map[string]span
	bad       bool
	missing   string
}

func (r *reader) fail(what string) {
	if !r.bad {
		r.bad, r.missing, r.rest = true, what, nil
	}
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.fail("end of file")
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) short() int {
	b := r.take(2)
	if b == nil {
		return 0
	}
	return int(binary.LittleEndian.Uint16(b))
}

// num reads 4 bytes as a number without a sign.
func (r *reader) num() int {
	low := r.short()
	return low | r.short()<<16
}

func (r *reader) float() float32 { return math.Float32frombits(uint32(r.num())) }

// array returns the bytes of an array, which must be so many.
func (r *reader) array(name string, size int) []byte {
	s, ok := r.arrays[name]
	if !ok || s.size != size || s.from < 0 || s.from > len(r.all)-size {
		r.fail(name)
		return nil
	}
	return r.all[s.from : s.from+size]
}

func (r *reader) floats(name string, n int) []float32 {
	b := r.array(name, 4*n)
	if b == nil {
		return nil
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}
