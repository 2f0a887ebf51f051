// Package safetensors reads files of named arrays of numbers: eight bytes with the
// length of a header, the header in JSON, the numbers.
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// ErrFile says that bytes are not such a file, or that an array is not in it.
var ErrFile = errors.New("not a usable file of arrays")

// maxHeader bounds the header, in bytes.
const maxHeader = 1 << 20

// File is a file in memory.
type File struct {
	arrays map[string]array
	data   []byte
}

type array struct {
	Type    string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// Read reads the header of a file. It keeps b.
func Read(b []byte) (*File, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("%d bytes: %w", len(b), ErrFile)
	}
	n := binary.LittleEndian.Uint64(b)
	if n > maxHeader || n > uint64(len(b)-8) {
		return nil, fmt.Errorf("header of %d bytes: %w", n, ErrFile)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b[8:8+n], &raw); err != nil {
		return nil, fmt.Errorf("header: %w: %w", ErrFile, err)
	}
	f := &File{arrays: map[string]array{}, data: b[8+n:]}
	for name, v := range raw {
		if name == "__metadata__" {
			continue
		}
		var a array
		if err := json.Unmarshal(v, &a); err != nil {
			return nil, fmt.Errorf("array %s: %w: %w", name, ErrFile, err)
		}
		f.arrays[name] = a
	}
	return f, nil
}

// bytes returns the numbers of an array of a type and shape; a dimension of -1 is
// any.
func (f *File) bytes(name, kind string, size int, shape []int) ([]byte, []int, error) {
	a, ok := f.arrays[name]
	if !ok {
		return nil, nil, fmt.Errorf("no array %s: %w", name, ErrFile)
	}
	if a.Type != kind || len(a.Shape) != len(shape) {
		return nil, nil, fmt.Errorf("array %s is %s%v, want %s%v: %w", name, a.Type, a.Shape, kind, shape, ErrFile)
	}
	n := size
	for i, d := range a.Shape {
		if d < 0 || d > math.MaxInt32 || shape[i] >= 0 && d != shape[i] || d > 0 && n > len(f.data)/d {
			return nil, nil, fmt.Errorf("array %s is %s%v, want %s%v: %w", name, a.Type, a.Shape, kind, shape, ErrFile)
		}
		n *= d
	}
	from, to := a.Offsets[0], a.Offsets[1]
	if from < 0 || to < from || to > len(f.data) || to-from != n {
		return nil, nil, fmt.Errorf("array %s has %d to %d of %d bytes: %w", name, from, to, len(f.data), ErrFile)
	}
	return f.data[from:to], a.Shape, nil
}

// Floats returns an array of float32 of a shape; -1 is any size.
func (f *File) Floats(name string, shape ...int) ([]float32, error) {
	b, _, err := f.bytes(name, "F32", 4, shape)
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out, nil
}

// Halves returns an array of float16 of a shape as its bits, and its shape; -1 is
// any size.
func (f *File) Halves(name string, shape ...int) ([]uint16, []int, error) {
	b, got, err := f.bytes(name, "F16", 2, shape)
	if err != nil {
		return nil, nil, err
	}
	out := make([]uint16, len(b)/2)
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return out, got, nil
}

// Half is what the bits of a float16 stand for.
func Half(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0:
		v := float32(frac) / (1 << 24)
		if sign != 0 {
			v = -v
		}
		return v
	case 31:
		return math.Float32frombits(sign | 0xFF<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
