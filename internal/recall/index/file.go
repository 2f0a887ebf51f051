package index

import (
	"cmp"
	"context"
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
const magic = "tallyidx\x04"

// Save writes the index, from which [Load] makes it again. Readers go on
// meanwhile, changes wait. Nothing of what is gone is in the file but that there was
// something. The label says of what it is an index, and comes back from Load.
func (x *Index) Save(w io.Writer, label string) error {
	x.apply.Lock()
	defer x.apply.Unlock()
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

// dict writes the strings of d that are kept; nil are all of them. The first bytes of the
// others stay, as many as said.
func (w *writer) dict(d *dict, kept []bool, head int) {
	w.num(uint64(d.len()))
	var gone [16]byte
	for i := range uint32(d.n) {
		if s := d.at(i); kept == nil || kept[i] {
			w.str(s)
		} else {
			w.str(instead(append(gone[:0], s[:head]...), i))
		}
	}
}

func (x *data) encode(w *writer) {
	k := x.keeps()
	w.num(x.at)
	w.dict(&x.terms, k.terms, 0)
	for i := range x.list {
		if stem := x.list[i].stem; k.terms[i] {
			w.num(uint64(stem))
		} else {
			w.num(0)
		}
	}
	w.dict(&x.ids, nil, 0) // of memories, which leave theirs behind
	w.dict(&x.spaces, k.spaces, 0)
	w.dict(&x.sessions, k.sessions, sessionSpace)
	w.dict(&x.speakers, k.speakers, 0)
	w.dict(&x.kinds, nil, 0)
	w.dict(&x.sources, k.sources, 0)
	w.dict(&x.tags, k.tags, 0)
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
		s := x.session[i]
		if s.n == 0 {
			s = session{space: s.space, head: None, tail: None, said: when.None}
		}
		for _, v := range []uint32{s.space, s.head + 1, s.tail + 1, uint32(s.named)} {
			w.num(uint64(v))
		}
		w.signed(int64(s.said))
	}
	x.encodeTags(w)
	x.encodeNames(w, k)
}

// encodeTags writes who has which tag.
func (x *data) encodeTags(w *writer) {
	for _, list := range x.tagged {
		here := x.scratch[:0]
		for _, n := range list {
			if x.hot[n].flags&dead == 0 {
				here = append(here, n)
			}
		}
		x.scratch = here
		w.num(uint64(len(here)))
		last := uint32(0)
		for _, n := range here {
			w.num(uint64(n - last))
			last = n
		}
	}
}

// encodeNames writes whose words of names are: what nobody has any more is left out.
func (x *data) encodeNames(w *writer, k *kept) {
	n := 0
	for _, s := range x.nameOf {
		n += int(flag(k.names(s)))
	}
	w.num(uint64(n))
	for name, s := range x.nameOf {
		if k.names(s) {
			w.str([]byte(name))
			w.num(uint64(s + 1))
		}
	}
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// A document begins with one of these. One that is gone has an id besides, so that those
// behind it keep their numbers.
const (
	isGone = iota
	isHere
	stands // how many there are
)

func (x *data) encodeDoc(w *writer, i uint32) {
	d, h, t := &x.docs[i], &x.hot[i], &x.turns[i]
	if h.flags&dead != 0 {
		w.num(isGone)
		w.num(uint64(h.id))
		return
	}
	w.num(isHere)
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

// Load makes an index of what [Index.Save] wrote. It returns [ErrFile] for anything else, and
// what ends ctx if that is done before: with a million memories it takes many seconds.
// It goes through the file twice, for the checksum first, and never has all of it in
// memory: that would be as much again as the index takes.
func Load(ctx context.Context, file io.ReadSeeker) (x *Index, label string, err error) {
	var first [len(magic)]byte
	if _, err := io.ReadFull(file, first[:]); err != nil && !isShort(err) {
		return nil, "", err
	}
	if string(first[:]) != magic {
		return nil, "", fmt.Errorf("no index, or one of another version: %w", ErrFile)
	}
	left, err := checked(file)
	if err != nil {
		return nil, "", err
	}
	if _, err := file.Seek(int64(len(magic)), io.SeekStart); err != nil {
		return nil, "", err
	}
	x = New()
	in := &reader{ctx: ctx, from: file, left: left}
	label = string(in.str())
	if !x.data.decode(in) {
		return nil, "", cmp.Or(in.err, fmt.Errorf("contents: %w", ErrFile))
	}
	return x, label, nil
}

func isShort(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// checked reads a file from behind its magic to the end, and says how long it is from
// there to the checksum, if that is right.
func checked(file io.ReadSeeker) (left int, err error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	left = int(end) - len(magic) - crc32.Size
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	var last [crc32.Size]byte
	if left >= 0 {
		_, err = io.CopyN(sum, file, end-crc32.Size)
	}
	if err == nil {
		_, err = io.ReadFull(file, last[:])
	}
	switch {
	case err != nil && !isShort(err):
		return 0, err
	case err != nil || left < 0 || binary.LittleEndian.Uint32(last[:]) != sum.Sum32():
		return 0, fmt.Errorf("checksum: %w", ErrFile)
	}
	return left, nil
}

// reader reads what writer wrote. Once something is wrong it reads zeros.
type reader struct {
	ctx  context.Context //nolint:containedctx // of the one call of Load
	from io.Reader
	left int    // of from
	room []byte // where b is
	b    []byte // was taken from there already
	err  error  // of from
	bad  bool
}

// window is how much of a file is in memory at a time, if nothing in it is longer.
const window = 1 << 16

// fill has n bytes more at hand, or as many as there are. What str returned is not valid
// any more.
func (r *reader) fill(n int) {
	if n <= len(r.b) || r.left == 0 {
		return
	}
	had := len(r.b)
	size := min(max(n, window), had+r.left)
	if size > len(r.room) {
		r.room = append(make([]byte, 0, size), r.b...)[:size]
	} else {
		copy(r.room, r.b)
	}
	r.b = r.room[:size]
	r.left -= size - had
	if _, err := io.ReadFull(r.from, r.b[had:]); err != nil {
		r.err = err
		r.fail()
	}
}

func (r *reader) num() uint64 {
	r.fill(binary.MaxVarintLen64)
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// pause gives up where nobody waits any more.
func (r *reader) pause() {
	if err := r.ctx.Err(); err != nil {
		r.err = err
		r.fail()
	}
}

func (r *reader) fail() { r.bad, r.b, r.left = true, nil, 0 }

// done reports whether everything was read, and nothing was wrong.
func (r *reader) done() bool { return !r.bad && len(r.b)+r.left == 0 }

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
	if v > uint64(len(r.b)+r.left) {
		r.fail()
		return 0
	}
	return int(v)
}

// str reads a string, which is valid until the next thing is read.
func (r *reader) str() []byte {
	n := r.count()
	r.fill(n)
	if n > len(r.b) {
		r.fail()
		return nil
	}
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
