package encoder

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tallystick/tallystick/internal/model/safetensors"
	"github.com/tallystick/tallystick/internal/model/token"
)

func littleBERT() dimensions {
	return dimensions{width: littleWidth, layers: 2, heads: 4, inner: littleInner}
}

const bertPieces = "[UNK]\n[CLS]\n[SEP]\nheron\n##s\npond\n"

// arrays writes the arrays of a network of d as a file.
func arrays(t *testing.T, d dimensions, window int) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	header, data := map[string]any{}, []byte{}
	add := func(name string, around, spread float64, shape ...int) {
		n, from := 1, len(data)
		for _, s := range shape {
			n *= s
		}
		for range n {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(around+spread*r.NormFloat64())))
		}
		header[name] = map[string]any{"dtype": "F32", "shape": shape, "data_offsets": []int{from, len(data)}}
	}
	norm := func(name string) {
		add(name+".weight", 1, 0.1, d.width)
		add(name+".bias", 0, 0.1, d.width)
	}
	linear := func(name string, out, in int) {
		add(name+".weight", 0, 0.15, out, in)
		add(name+".bias", 0, 0.1, out)
	}
	add("embeddings.word_embeddings.weight", 0, 1, 6, d.width)
	add("embeddings.position_embeddings.weight", 0, 0.2, window, d.width)
	add("embeddings.token_type_embeddings.weight", 0, 0.2, 2, d.width)
	norm("embeddings.LayerNorm")
	for i := range d.layers {
		at := fmt.Sprintf("encoder.layer.%d.", i)
		for _, name := range []string{"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"} {
			linear(at+name, d.width, d.width)
		}
		linear(at+"intermediate.dense", d.inner, d.width)
		linear(at+"output.dense", d.width, d.inner)
		norm(at + "attention.output.LayerNorm")
		norm(at + "output.LayerNorm")
	}
	head, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...), data...)
}

func TestBERTIsThatOfTheTextbook(t *testing.T) {
	d := littleBERT()
	f, err := safetensors.Read(arrays(t, d, littleWindow))
	if err != nil {
		t.Fatal(err)
	}
	cut, err := token.ReadWordPiece([]byte(bertPieces))
	if err != nil {
		t.Fatal(err)
	}
	m, err := readBERT(f, cut, d, littleWindow)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Query(t.Context(), "Herons, pond")
	if err != nil {
		t.Fatal(err)
	}
	if c := cosine(got, plain(&m.net, []int32{1, 3, 4, 0, 5, 2})); c < 0.999 {
		t.Errorf("cosine %v", c)
	}
	if _, err := readBERT(f, cut, d, littleWindow+1); err == nil {
		t.Error("a window that there are no positions for was taken")
	}
}

func TestFilesThatAreNoBERTAreRefused(t *testing.T) {
	for what, files := range map[string][2]string{
		"no arrays":     {"", bertPieces},
		"no pieces":     {string(arrays(t, littleBERT(), littleWindow)), "a\nb\n"},
		"other network": {string(arrays(t, littleBERT(), littleWindow)), bertPieces},
	} {
		if _, err := ReadBERT([]byte(files[0]), []byte(files[1])); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
