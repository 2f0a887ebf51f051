package armtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// wrong is the arm of words with a mistake.
type wrong struct {
	rank.Arm

	find  func(v *index.View, f rank.Found, err error) (rank.Found, error)
	most  func(b float32) float32
	bound func(b float32) float32
	add   func(v *index.View, n uint32, p *rank.Parts)
}

func (w *wrong) Search(q *rank.Question) (rank.Search, string) {
	s, why := w.Arm.Search(q)
	if s == nil {
		return nil, why
	}
	return &wrongSearch{Search: s, wrong: w}, ""
}

type wrongSearch struct {
	rank.Search

	wrong *wrong
	v     *index.View
}

func (s *wrongSearch) Find(ctx context.Context, v *index.View) (rank.Found, error) {
	s.v = v
	f, err := s.Search.Find(ctx, v)
	if s.wrong.find != nil {
		return s.wrong.find(v, f, err)
	}
	return f, err
}

func (s *wrongSearch) Most() float32 {
	if s.wrong.most != nil {
		return s.wrong.most(s.Search.Most())
	}
	return s.Search.Most()
}

func (s *wrongSearch) Bound(n uint32) float32 {
	if s.wrong.bound != nil {
		return s.wrong.bound(s.Search.Bound(n))
	}
	return s.Search.Bound(n)
}

func (s *wrongSearch) Add(n uint32, p *rank.Parts) {
	s.Search.Add(n, p)
	if s.wrong.add != nil {
		s.wrong.add(s.v, n, p)
	}
}

// A suite that cannot fail says nothing.
func TestMistakesAreFound(t *testing.T) {
	for name, tc := range map[string]struct {
		mistake wrong
		found   []string
	}{
		"none": {wrong{}, nil},
		"finds nothing": {
			wrong{find: func(*index.View, rank.Found, error) (rank.Found, error) { return rank.Found{}, nil }},
			[]string{"what fits is found", "limits"},
		},
		"fails": {
			wrong{find: func(*index.View, rank.Found, error) (rank.Found, error) { return rank.Found{}, errors.New("disk") }},
			[]string{"what fits is found"},
		},
		"counts what is out of sight": {
			wrong{add: func(v *index.View, _ uint32, p *rank.Parts) { p[rank.Words] /= float32(len(v.Docs)) }},
			[]string{"what may not be seen is as if it were not there"},
		},
		"knows the order of arrival": {
			wrong{add: func(_ *index.View, n uint32, p *rank.Parts) { p[rank.Words] += float32(n) / 1000 }},
			[]string{"the order of arrival does not matter", "what may not be seen is as if it were not there"},
		},
		"brings some twice": {
			wrong{find: func(_ *index.View, f rank.Found, err error) (rank.Found, error) {
				return rank.Found{Docs: append(slices.Clone(f.Docs), f.Docs...)}, err
			}},
			[]string{"scores are the sum of their parts, in order"},
		},
		"promises too little": {
			wrong{
				add:   func(v *index.View, n uint32, p *rank.Parts) { p[rank.Words] += float32(v.Docs[n].Created) / 100 },
				bound: func(float32) float32 { return -1 },
			},
			[]string{"a short list is the beginning of a long one"},
		},
		"promises too little of all": {
			wrong{most: func(float32) float32 { return -1 }},
			[]string{"no document gets more than is said"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := Subject{
				Arms: func() ([]rank.Arm, func([]index.Change)) {
					w := tc.mistake
					w.Arm = rank.Text(rank.Default())
					return []rank.Arm{&w}, nil
				},
				Telling: func(i int) (memory, question string) {
					w := fmt.Sprintf("b%ck%cd%c", 'a'+rune(i%26), 'a'+rune(i/26), 'a'+rune(i*7%26))
					return "a heron " + w, w
				},
				Question: "heron",
			}
			for _, c := range checks() {
				err := c.fit(t.Context(), &s)
				if want := slices.Contains(tc.found, c.name); want && err == nil || len(tc.found) == 0 && err != nil {
					t.Errorf("%s: got %v", c.name, err)
				}
			}
		})
	}
}
