// Package armtest demands of a ranking arm what all arms promise: [Run] is the
// conformance suite. An arm that passes may be added to the ranker.
package armtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// Subject is the arm that is looked at.
type Subject struct {
	// Arms returns new ones, which know nothing; mostly it is one. Learn gives them
	// what goes into an index of their own, if they have one; it may be nil. What they
	// have learnt is ahead of the index that is asked, or behind it.
	Arms func() (arms []rank.Arm, learn func([]index.Change))
	// Telling returns a text that the arm finds by the question, for each i another one
	// of the same worth: what is said of one is not found by the question for another.
	Telling func(i int) (text, question string)
	// Question asks for all of the texts at once.
	Question string
}

// check is one thing that is demanded.
type check struct {
	name string
	fit  func(ctx context.Context, s *Subject) error
}

func checks() []check {
	return []check{
		{"what fits is found", found},
		{"what may not be seen is as if it were not there", unseen},
		{"filters leave out nothing that passes", filtered},
		{"deletions count at once", deleted},
		{"a short list is the beginning of a long one", prefix},
		{"the order of arrival does not matter", deterministic},
		{"scores are the sum of their parts, in order", summed},
		{"no document gets more than is said", bounded},
		{"limits", limits},
		{"odd questions", odd},
		{"a deadline is kept and said", deadline},
		{"a caller who has gone gets nothing", gone},
		{"questions while the index grows", concurrent},
	}
}

// Run demands everything of s. It belongs under the race detector, too.
func Run(t *testing.T, s Subject) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if err := c.fit(t.Context(), &s); err != nil {
				t.Error(err)
			}
		})
	}
}

// bench is an index with the arm on it.
type bench struct {
	index  *index.Index
	ranker *rank.Ranker
	learn  func([]index.Change)
	at     uint64
}

func open(s *Subject) *bench {
	arms, learn := s.Arms()
	if learn == nil {
		learn = func([]index.Change) {}
	}
	return &bench{index: index.New(), ranker: rank.Fuse(rank.Default(), arms...), learn: learn}
}

// take feeds changes to the index and to the arm.
func (b *bench) take(changes ...index.Change) {
	b.learn(changes)
	b.apply(changes...)
}

// apply feeds changes to the index alone: the arm's own lags behind.
func (b *bench) apply(changes ...index.Change) {
	b.at += uint64(len(changes))
	b.index.Apply(changes, b.at)
}

// patience is how long an arm may take for a question that has no deadline.
const patience = 30 * time.Second

func (b *bench) ask(ctx context.Context, q rank.Query) (rank.Result, error) {
	if q.Limit == 0 {
		q.Limit = 10
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return b.ranker.Rank(ctx, b.index, q)
}

// list writes hits as ids with their scores.
func list(r rank.Result) []string {
	out := make([]string, len(r.Hits))
	for i, h := range r.Hits {
		out[i] = fmt.Sprintf("%s %.5f", h.ID, h.Score)
	}
	return out
}

// texts are n memories that answer the question, in a namespace.
func (s *Subject) texts(n int) []index.Change {
	out := make([]index.Change, n)
	for i := range out {
		out[i] = s.memory(i)
	}
	return out
}

func (s *Subject) memory(i int) index.Change {
	text, _ := s.Telling(i)
	return index.Change{Document: index.Document{
		ID: fmt.Sprintf("%08x-0000-4000-8000-%012x", i*2654435761%(1<<32), i), Namespace: "here", Body: text,
		Kind: "observation", Tier: "long", Priority: 5, Created: int64(i + 1), Said: when.None,
	}}
}
