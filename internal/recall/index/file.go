package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/tallystick/tallystick/internal/recall/when"
)

// ErrFile says that a file is no index, is damaged, or is of another version:
// then the index is made from the records again.
var ErrFile = errors.New("not a usable index file")

// magic begins a file. Its last byte is the version, of the format and of the
// analysis: it changes whenever a text would be cut into other terms.
const magic = "tallyidx\x03"

// Save writes the index, from which [Load] makes it again. Readers go on
// meanwhile, changes wait. What is gone is not in the file. The label says of what
// it is an index, and comes back from Load.
func (x *Index) Save(w io.Writer, label string) error {
	x.apply.Lock()
	defer x.apply.Unlock()
	if len(x.data.docs) != x.data.alive {
		x.compact()
	}
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	out := writer{w: io.MultiWriter(w, sum), buf: append(make([]byte, 0, 1<<16), magic...)}
	out.str([]byte(label))
	x.data.encode(&out)
	out.flush()
	if out.err != nil {
		return out.err
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	return err
}

// writer writes numbers and strings, and remembers the first error.
type writer struct {
	w   io.Writer
	buf []byte
	err error
}

func (w *writer) flush() {
	if w.err == nil {
		_, w.err = w.w.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

func (w *writer) num(v uint64) {
	w.buf = binary.AppendUvarint(w.buf, v)
	if len(w.buf) > 1<<15 {
		w.flush()
	}
}

func (w *writer) signed(v int64) { w.num(uint64(v<<1) ^ uint64(v>>63)) }

func (w *writer) str(b []byte) {
	w.num(uint64(len(b)))
	w.buf = append(w.buf, b...)
}

func (w *writer) dict(d *dict) {
	w.num(uint64(d.len()))
	for i := range d.n {
		w.str(d.at(uint32(i)))
	}
}

func (x *data) encode(w *writer) {
	w.num(x.at)
	w.dict(&x.terms)
	for i := range x.list {
		w.num(uint64(x.list[i].stem))
	}
	for _, d := range []*dict{&x.ids, &x.spaces, &x.sessions, &x.speakers, &x.kinds, &x.sources, &x.tags} {
		w.dict(d)
	}
	w.num(uint64(len(x.access)))
	for _, a := range x.access {
		w.str([]byte(a.Owner))
		w.str([]byte(a.Target))
		w.num(flag(a.Private) + flag(a.Private && a.Team))
	}
	w.num(uint64(len(x.docs)))
	for i := range x.docs {
		x.encodeDoc(w, uint32(i))
	}
	for i := range x.session {
		s := &x.session[i]
		for _, v := range []uint32{s.space, s.head + 1, s.tail + 1, uint32(s.named)} {
			w.num(uint64(v))
		}
		w.signed(int64(s.said))
	}
	for _, list := range x.tagged {
		w.num(uint64(len(list)))
		last := uint32(0)
		for _, n := range list {
			w.num(uint64(n - last))
			last = n
		}
	}
	w.num(uint64(len(x.nameOf)))
	for name, s := range x.nameOf {
		w.str([]byte(name))
		w.num(uint64(s + 1))
	}
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (x *data) encodeDoc(w *writer, i uint32) {
	d, h, t := &x.docs[i], &x.hot[i], &x.turns[i]
	at := x.sights[h.sight]
	w.signed(d.Created)
	w.signed(d.Expires)
	w.signed(int64(d.Said))
	// None is one less than 0 here.
	for _, v := range []uint32{at.space, at.access, t.Session + 1, d.Speaker + 1, t.Prev + 1, t.Next + 1, h.id, d.title, d.source} {
		w.num(uint64(v))
	}
	for _, v := range []uint64{uint64(h.words), uint64(h.kind), uint64(h.flags &^ tierFlags), uint64(h.prior), uint64(h.tier())} {
		w.num(v)
	}
	w.signed(int64(h.priority))
	n := uint32(0)
	if d.Spans != None {
		for x.spans[d.Spans+n] != noSpan() {
			n++
		}
	}
	w.num(uint64(n))
	for i := range n {
		s := x.spans[d.Spans+i]
		w.signed(int64(s.First))
		w.signed(int64(s.Last))
	}
	w.str(x.stream.get(d.stream))
}

// Load makes an index of what [Index.Save] wrote. It returns [ErrFile] for
// anything else.
func Load(r io.Reader) (x *Index, label string, err error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, "", err
	}
	if len(b) < len(magic)+4 || string(b[:len(magic)]) != magic {
		return nil, "", fmt.Errorf("no index, or one of another version: %w", ErrFile)
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) != sum {
		return nil, "", fmt.Errorf("checksum: %w", ErrFile)
	}
	x = New()
	in := &reader{b: body[len(magic):]}
	label = string(in.str())
	if !x.data.decode(in) {
		return nil, "", fmt.Errorf("contents: %w", ErrFile)
	}
	return x, label, nil
}

// reader reads what writer wrote. Once something is wrong it reads zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) num() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) fail() { r.bad, r.b = true, nil }

func (r *reader) signed() int64 {
	v := r.num()
	return int64(v>>1) ^ -int64(v&1)
}

// below reads a number that must be below limit.
func (r *reader) below(limit int) uint32 {
	v := r.num()
	if v >= uint64(limit) {
		r.fail()
		return 0
	}
	return uint32(v)
}

// orNone reads a number below limit, or None.
func (r *reader) orNone(limit int) uint32 {
	v := r.num()
	if v&0xFFFFFFFF == 0 {
		return None
	}
	if v > uint64(limit) {
		r.fail()
		return None
	}
	return uint32(v - 1)
}

// count reads how many things follow that take a byte at least.
func (r *reader) count() int {
	v := r.num()
	if v > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(v)
}

func (r *reader) str() []byte {
	n := r.count()
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) dict(d *dict) {
	n := r.count()
	for range n {
		if _, isNew := d.add(r.str()); !isNew {
			r.fail()
			return
		}
	}
}

func (r *reader) span() when.Span {
	return when.Span{First: when.Day(r.signed()), Last: when.Day(r.signed())}
}
