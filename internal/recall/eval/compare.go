package eval

import (
	"cmp"
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// Answered is one question with what recall found for it.
type Answered struct {
	Set       string   `json:"set"`
	Namespace string   `json:"namespace"`
	Group     string   `json:"group"`
	Question  string   `json:"question"`
	Answers   []string `json:"answers"`
	First     int      `json:"first"`   // the place of the first of them, from 1; 0: not among those found
	Unknown   float32  `json:"unknown"` // share of the question in words that nobody has used
	Abstained bool     `json:"abstained"`
	Found     []Place  `json:"found"`
}

// Place is a memory that was found.
type Place struct {
	ID    string             `json:"id"`
	Score float32            `json:"score"`
	Band  rank.Band          `json:"band"`
	Parts map[string]float32 `json:"parts"`
}

// Model makes arms that have learnt what is in memories, beside those that recall
// always has.
type Model struct {
	Name string
	Arms func(ctx context.Context, memories []index.Change) ([]rank.Arm, error)
}

// Compare runs a set through several ways to find something: having no memory,
// taking the newest, the words of each memory alone, recall as it is, and recall
// with each of the models. Told is called with every question that has answers, as
// the last of them answers it.
func Compare(ctx context.Context, s *Set, told func(*Answered) error, models ...Model) ([]Report, error) {
	x := s.index()
	newest := s.newest()
	words := rank.Fuse(rank.Weights{}, rank.Text(rank.Weights{}))
	whole := rank.New(rank.Default())
	by := func(r *rank.Ranker, q *Question) (rank.Result, error) {
		return r.Rank(ctx, x, rank.Query{Text: q.Text, Filter: index.Filter{Namespace: q.Namespace}, Limit: Depth})
	}
	ways := []way{
		{"no memory", func(*Question) ([]string, error) { return nil, nil }},
		{"the newest", func(q *Question) ([]string, error) { return newest[q.Namespace], nil }},
		{"words alone", func(q *Question) ([]string, error) {
			got, err := by(words, q)
			return ids(got), err
		}},
	}
	add := func(name string, r *rank.Ranker, last bool) {
		ways = append(ways, way{name, func(q *Question) ([]string, error) {
			got, err := by(r, q)
			if err != nil || !last {
				return ids(got), err
			}
			return ids(got), told(answered(s, q, got))
		}})
	}
	add("recall", whole, len(models) == 0)
	for i, m := range models {
		arms, err := m.Arms(ctx, s.changes())
		if err != nil {
			return nil, err
		}
		add("recall, "+m.Name, rank.New(rank.Default(), arms...), i+1 == len(models))
	}
	var out []Report
	for _, w := range ways {
		r, err := Run(s, w.ask)
		if err != nil {
			return nil, err
		}
		r.Way = w.name
		out = append(out, r)
	}
	return out, nil
}

// index returns an index of the memories of s.
func (s *Set) index() *index.Index {
	x := index.New()
	x.Apply(s.changes(), uint64(len(s.Memories)))
	return x
}

func (s *Set) changes() []index.Change {
	changes := make([]index.Change, len(s.Memories))
	for i, m := range s.Memories {
		changes[i] = index.Change{Document: m}
	}
	return changes
}

// way is one way to find something.
type way struct {
	name string
	ask  func(q *Question) ([]string, error)
}

// newest returns the latest memories of each namespace, and those of all as "".
func (s *Set) newest() map[string][]string {
	all := slices.Clone(s.Memories)
	slices.SortStableFunc(all, func(a, b index.Document) int { return cmp.Compare(b.Created, a.Created) })
	out := map[string][]string{}
	add := func(namespace, id string) {
		if len(out[namespace]) < Depth {
			out[namespace] = append(out[namespace], id)
		}
	}
	for i := range all {
		add("", all[i].ID) // a question without a namespace is asked over all
		if ns := all[i].Namespace; ns != "" {
			add(ns, all[i].ID)
		}
	}
	return out
}

func ids(r rank.Result) []string {
	out := make([]string, len(r.Hits))
	for i, h := range r.Hits {
		out[i] = h.ID
	}
	return out
}

func answered(s *Set, q *Question, r rank.Result) *Answered {
	out := &Answered{Set: s.Name, Namespace: q.Namespace, Group: q.Group, Question: q.Text, Answers: q.Answers, Unknown: r.Unknown, Abstained: r.Abstain, Found: make([]Place, len(r.Hits))}
	for i, h := range r.Hits {
		parts := map[string]float32{}
		for p, v := range h.Parts {
			if v != 0 {
				parts[rank.Part(p).String()] = v
			}
		}
		out.Found[i] = Place{ID: h.ID, Score: h.Score, Band: h.Band, Parts: parts}
		if out.First == 0 && slices.Contains(q.Answers, h.ID) {
			out.First = i + 1
		}
	}
	return out
}
