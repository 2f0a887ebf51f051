package armtest_test

import (
	"context"
	"hash/fnv"
	"math"
	"strings"
	"sync"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// vectors is an arm with an index of its own, as one by meaning has. Its vectors
// are of words, by their hashes.
type vectors struct {
	mu         sync.Mutex
	rows       []row
	of         map[string]int // rows by id
	generation index.Generation
	keys       []uint32 // by row: the key in that generation, [index.None] while it has none
}

type row struct {
	id     string
	vector vector
}

type vector [64]float32

func embed(s string) vector {
	var v vector
	for w := range strings.FieldsSeq(strings.ToLower(s)) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(w)) // never fails
		for i, sum := 0, h.Sum64(); i < 4; i, sum = i+1, sum>>8 {
			v[sum%64] += 1 - 2*float32(sum>>7&1)
		}
	}
	length := float32(0)
	for _, x := range v {
		length += x * x
	}
	for i := range v {
		v[i] /= max(1e-9, float32(math.Sqrt(float64(length))))
	}
	return v
}

func (v *vector) cos(w *vector) float32 {
	sum := float32(0)
	for i := range v {
		sum += v[i] * w[i]
	}
	return sum
}

func meaning() (arms []rank.Arm, learn func([]index.Change)) {
	v := &vectors{of: map[string]int{}}
	return []rank.Arm{v}, v.learn
}

func (v *vectors) learn(changes []index.Change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range changes {
		if c.Gone {
			continue // its row is of use again if the memory comes back
		}
		n, ok := v.of[c.ID]
		if !ok {
			n = len(v.rows)
			v.of[c.ID] = n
			v.rows = append(v.rows, row{id: c.ID})
			v.keys = append(v.keys, index.None)
		}
		v.rows[n].vector = embed(c.Body)
	}
}

func (*vectors) Name() string { return "meaning" }

func (v *vectors) Search(q *rank.Question) (rank.Search, string) {
	if strings.TrimSpace(q.Text) == "" {
		return nil, "the question says nothing"
	}
	return &nearest{vectors: v, q: q}, ""
}

type nearest struct {
	*vectors

	q     *rank.Question
	asked vector
	cos   map[uint32]float32
}

func (s *nearest) Prepare(ctx context.Context) error {
	s.asked = embed(s.q.Text)
	return ctx.Err()
}

func (s *nearest) Find(ctx context.Context, view *index.View) (rank.Found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation != view.Generation() {
		s.generation = view.Generation()
		for i := range s.keys {
			s.keys[i] = index.None
		}
	}
	s.cos = map[uint32]float32{}
	var out rank.Found
	for i := range s.rows {
		if s.keys[i] == index.None {
			key, ok := view.Key(s.rows[i].id)
			if !ok {
				continue
			}
			s.keys[i] = key
		}
		n, ok := view.Current(s.keys[i])
		if !ok || !view.See(n) {
			continue
		}
		if c := s.asked.cos(&s.rows[i].vector); c > 0.1 {
			s.cos[n] = c
			out.Docs = append(out.Docs, n)
		}
	}
	return out, ctx.Err()
}

func (*nearest) Most() float32 { return 1 }

func (*nearest) Bound(uint32) float32 { return 1 }

func (s *nearest) Add(n uint32, p *rank.Parts) { p[rank.Meaning] += s.cos[n] }

func (*nearest) Close() {}
