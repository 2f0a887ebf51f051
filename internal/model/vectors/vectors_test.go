package vectors_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/model/vectors"
)

const width = 96

func random(r *rand.Rand) []float32 {
	v, sum := make([]float32, width), 0.0
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func dot(a, b []float32) float32 {
	sum := float32(0)
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// A set is a map from ids to vectors, whatever happens to it, and so is what was
// saved and loaded.
func TestASetIsAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		s, want := vectors.New(width), map[string][]float32{}
		for range rapid.IntRange(0, 40).Draw(rt, "steps") {
			id := fmt.Sprint("id-", r.IntN(10))
			if r.IntN(3) > 0 {
				want[id] = random(r)
				s.Put(id, uint64(len(id)), want[id])
				continue
			}
			_, had := want[id]
			if s.Drop(id) != had {
				rt.Fatalf("drop %s: want %v", id, had)
			}
			delete(want, id)
		}
		same(rt, s, want, r)
		var file bytes.Buffer
		label := vectors.Label{Space: "s", Log: "l"}
		p := vectors.Progress{At: 42, Full: rapid.Bool().Draw(rt, "full")}
		if err := s.Save(&file, label, p); err != nil {
			rt.Fatal(err)
		}
		back, got, err := vectors.Load(&file, label, width)
		if err != nil || got != p {
			rt.Fatalf("%+v, %v, want %+v", got, err, p)
		}
		same(rt, back, want, r)
	})
}

func same(rt *rapid.T, s *vectors.Set, want map[string][]float32, r *rand.Rand) {
	rt.Helper()
	if s.Len() != len(want) {
		rt.Fatalf("%d vectors, want %d", s.Len(), len(want))
	}
	q := random(r)
	asked := vectors.Ask(q)
	seen := 0
	for row, id := range s.Rows {
		seen++
		v, ok := want[id]
		if at, digest, found := s.Row(id); !ok || !found || at != row || digest != uint64(len(id)) || s.ID(row) != id {
			rt.Fatalf("row %d is of %q", row, id)
		}
		if got, c := s.Cosine(asked, row), dot(q, v); math.Abs(float64(got-c)) > 0.01 {
			rt.Errorf("cosine %v, want %v", got, c)
		}
		if got := s.Between(row, row); math.Abs(float64(got-1)) > 0.02 {
			rt.Errorf("with itself: %v", got)
		}
		wrong := 0
		for i := range v {
			if (v[i] < -0.01) != (q[i] < -0.01) && math.Abs(float64(v[i])) > 0.01 && math.Abs(float64(q[i])) > 0.01 {
				wrong++
			}
		}
		d := s.Distance(asked, row)
		if d < wrong || d > width {
			rt.Errorf("distance %d, want at least %d", d, wrong)
		}
		rows, cosines, distances := []uint32{row, row}, make([]float32, 2), make([]uint16, 2)
		s.Cosines(asked, rows, cosines)
		s.Distances(asked, rows, distances)
		if c := s.Cosine(asked, row); cosines[0] != c || cosines[1] != c || int(distances[0]) != d || int(distances[1]) != d {
			rt.Errorf("of many: %v and %v, want %v and %d", cosines, distances, c, d)
		}
	}
	if seen != len(want) {
		rt.Fatalf("%d rows, want %d", seen, len(want))
	}
}

func saved(tb testing.TB) ([]byte, vectors.Label) {
	tb.Helper()
	s := vectors.New(width)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 3 {
		s.Put(strconv.Itoa(i), 7, random(r))
	}
	var b bytes.Buffer
	l := vectors.Label{Space: "model", Log: "log"}
	if err := s.Save(&b, l, vectors.Progress{At: 9}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes(), l
}

func TestAFileOfNoUseIsRefused(t *testing.T) {
	good, l := saved(t)
	for what, load := range map[string]func() error{
		"cut":            func() error { return load(good[:len(good)-1], l, width) },
		"empty":          func() error { return load(nil, l, width) },
		"another model":  func() error { return load(good, vectors.Label{Space: "x", Log: "log"}, width) },
		"another log":    func() error { return load(good, vectors.Label{Space: "model"}, width) },
		"another width":  func() error { return load(good, l, 64) },
		"another format": func() error { return load(append([]byte("x"), good[1:]...), l, width) },
	} {
		if err := load(); !errors.Is(err, vectors.ErrFile) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		if err := load(bad, l, width); !errors.Is(err, vectors.ErrFile) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
}

func load(b []byte, l vectors.Label, width int) error {
	_, _, err := vectors.Load(bytes.NewReader(b), l, width)
	return err
}

// No bytes make it fail otherwise than by saying so.
func FuzzLoad(f *testing.F) {
	good, l := saved(f)
	f.Add(good)
	f.Add(good[:60])
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := load(b, l, width); err != nil && !errors.Is(err, vectors.ErrFile) {
			t.Error(err)
		}
	})
}
