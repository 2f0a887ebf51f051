package vectors

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// ErrFile says that a file has no vectors that are of use: it is damaged, or of
// another version, space or log. Then they are made again.
var ErrFile = errors.New("not a usable file of vectors")

// magic begins a file. Its last byte is the version.
const magic = "tallyvec\x02"

// Label says of what the vectors in a file are. They are of use for the same alone.
type Label struct {
	Space string // the model, and how texts are given to it
	Log   string
}

// maxLabel bounds a label or an id, in bytes.
const maxLabel = 1 << 10

// Progress says how much of its log a set has.
type Progress struct {
	At   uint64 // position up to which it has everything
	Full bool   // it once had everything that there was
}

// Save writes the vectors, and how far they are.
func (s *Set) Save(w io.Writer, l Label, p Progress) error {
	sum := crc32.New(castagnoli())
	b := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	out := append([]byte(magic), text(l.Space)...)
	out = append(out, text(l.Log)...)
	out = binary.LittleEndian.AppendUint64(out, p.At)
	full := byte(0)
	if p.Full {
		full = 1
	}
	out = append(out, full)
	out = binary.LittleEndian.AppendUint32(out, uint32(s.width))
	out = binary.LittleEndian.AppendUint64(out, uint64(len(s.of)))
	var err error
	put := func() {
		if err == nil {
			_, err = b.Write(out)
		}
		out = out[:0]
	}
	put()
	for row, id := range s.Rows {
		out = append(out, text(id)...)
		out = binary.LittleEndian.AppendUint64(out, s.digest[row])
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(s.scale[row]))
		for _, v := range s.numbers[int(row)*s.width : (int(row)+1)*s.width] {
			out = append(out, byte(v))
		}
		put()
	}
	if err := errors.Join(err, b.Flush()); err != nil {
		return err
	}
	_, err = w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	return err
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func text(s string) []byte {
	return append(binary.LittleEndian.AppendUint16(nil, uint16(len(s))), s...)
}

// Load reads what [Set.Save] has written under the same label, for vectors of the
// same width. Anything else is [ErrFile].
func Load(r io.Reader, l Label, width int) (*Set, Progress, error) {
	sum := crc32.New(castagnoli())
	in := reader{r: bufio.NewReaderSize(r, 1<<16), sum: sum}
	if string(in.take(len(magic))) != magic {
		return nil, Progress{}, fmt.Errorf("none, or of another version: %w", ErrFile)
	}
	if got := (Label{in.text(), in.text()}); got != l {
		return nil, Progress{}, fmt.Errorf("of another model or log: %w", ErrFile)
	}
	p := Progress{At: binary.LittleEndian.Uint64(in.take(8)), Full: in.take(1)[0] != 0}
	if in.number() != uint32(width) {
		return nil, Progress{}, fmt.Errorf("of another width: %w", ErrFile)
	}
	n := binary.LittleEndian.Uint64(in.take(8))
	s := New(width)
	for i := uint64(0); i < n && in.err == nil; i++ {
		s.load(&in)
	}
	want := sum.Sum32()
	if got := in.number(); in.err != nil || got != want || uint64(len(s.of)) != n {
		return nil, Progress{}, fmt.Errorf("damaged: %w", ErrFile)
	}
	return s, p, nil
}

func (s *Set) load(in *reader) {
	id, digest, scale := in.text(), binary.LittleEndian.Uint64(in.take(8)), math.Float32frombits(in.number())
	numbers := in.take(s.width)
	if in.err != nil || id == "" {
		in.fail()
		return
	}
	row := s.room(id, digest)
	s.scale[row] = scale
	for i, v := range numbers {
		s.numbers[int(row)*s.width+i] = int8(v)
	}
	s.sign(row)
}

// reader reads a file and adds up its checksum. Once something is wrong it reads
// zeros.
type reader struct {
	r   *bufio.Reader
	sum io.Writer
	buf []byte
	err error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = ErrFile
	}
}

// take returns the next n bytes, which are valid until it is called again.
func (r *reader) take(n int) []byte {
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	b := r.buf[:n]
	clear(b)
	if r.err != nil {
		return b
	}
	if _, err := io.ReadFull(r.r, b); err != nil {
		r.err = err
		clear(b)
		return b
	}
	if _, err := r.sum.Write(b); err != nil {
		r.err = err
	}
	return b
}

func (r *reader) number() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

func (r *reader) text() string {
	n := int(binary.LittleEndian.Uint16(r.take(2)))
	if n > maxLabel {
		r.fail()
		return ""
	}
	return string(r.take(n))
}
