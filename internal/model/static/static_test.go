package static_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/tallystick/tallystick/internal/model/static"
)

// files are a table of the pieces ▁, a, b and all bytes, and vectors of two numbers
// for the first rows of it.
func files(t *testing.T, rows int) (pieces, vectors []byte) {
	t.Helper()
	vocab := map[string]int{"▁": 0, "a": 1, "b": 2, "ab": 3}
	for i := range 256 {
		vocab[fmt.Sprintf("<0x%02X>", i)] = 4 + i
	}
	pieces, err := json.Marshal(map[string]any{"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": []string{"a b"}}})
	if err != nil {
		t.Fatal(err)
	}
	header := fmt.Sprintf(`{"embedding.weight":{"dtype":"F16","shape":[%d,2],"data_offsets":[0,%d]}}`, rows, 4*rows)
	vectors = append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	for i := range rows {
		two := map[int][2]uint16{0: {0x3c00, 0}, 1: {0, 0x3c00}, 3: {0x4000, 0x3c00}}[i]
		vectors = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(vectors, two[0]), two[1])
	}
	return pieces, vectors
}

func TestAVectorIsTheSumOfThoseOfThePieces(t *testing.T) {
	m, err := static.Read(files(t, 260))
	if err != nil {
		t.Fatal(err)
	}
	root := float32(math.Sqrt(0.5))
	for text, want := range map[string][2]float32{
		"":   {0, 0},
		"a":  {root, root},
		"ab": {3 / float32(math.Sqrt(10)), 1 / float32(math.Sqrt(10))},
		"b":  {1, 0},
	} {
		got, err := m.Query(t.Context(), text)
		if err != nil || len(got) != m.Width() || math.Abs(float64(got[0]-want[0])) > 1e-6 || math.Abs(float64(got[1]-want[1])) > 1e-6 {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Passage(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("when ctx is done: %v", err)
	}
}

func TestATableWithoutAVectorForEachPieceIsRefused(t *testing.T) {
	if _, err := static.Read(files(t, 100)); err == nil {
		t.Error("was read")
	}
}
