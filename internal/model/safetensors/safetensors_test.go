package safetensors_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/tallystick/tallystick/internal/model/safetensors"
)

func file(header string, data ...byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

func good() []byte {
	return file(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"h":{"dtype":"F16","shape":[2],"data_offsets":[8,12]}}`,
		0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0x3c, 0, 0xc0)
}

func TestArraysAreRead(t *testing.T) {
	f, err := safetensors.Read(good())
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.Floats("a", -1, 2)
	if err != nil || len(a) != 2 || a[0] != 1 || a[1] != -2 {
		t.Errorf("got %v, %v, want 1 and -2", a, err)
	}
	h, shape, err := f.Halves("h", -1)
	if err != nil || len(h) != 2 || shape[0] != 2 || safetensors.Half(h[0]) != 1 || safetensors.Half(h[1]) != -2 {
		t.Errorf("got %v, %v, want 1 and -2", h, err)
	}
	for what, err := range map[string]error{
		"not there":     second(f.Floats("b", -1)),
		"another type":  second(f.Floats("h", -1)),
		"another shape": second(f.Floats("a", 2, 1)),
		"other rank":    second(f.Floats("a", 2)),
	} {
		if !errors.Is(err, safetensors.ErrFile) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float32{
		0: 0, 1: 1.0 / (1 << 24), 0x8001: -1.0 / (1 << 24), 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x3555: 0.33325195, 0x7c00: float32(math.Inf(1)),
	} {
		if got := safetensors.Half(bits); got != want {
			t.Errorf("%#x: got %v, want %v", bits, got, want)
		}
	}
}

// No bytes make it fail otherwise than by saying so.
func FuzzRead(f *testing.F) {
	f.Add(good())
	f.Add([]byte{})
	f.Add(file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,-4]}}`))
	f.Add(file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`))
	f.Add(file(`{"a":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := safetensors.Read(b)
		if err != nil {
			return
		}
		for _, name := range []string{"a", "h"} {
			if v, err := x.Floats(name, -1, -1); err == nil && 4*len(v) > len(b) {
				t.Error("more numbers than bytes")
			}
			if v, _, err := x.Halves(name, -1); err == nil && 2*len(v) > len(b) {
				t.Error("more numbers than bytes")
			}
		}
	})
}
