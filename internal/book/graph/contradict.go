package graph

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// Contradiction is a pair of memories that do not go together: somebody has
// linked them so, or they are about one topic and say different things.
type Contradiction struct {
	Source, Target string
	Guessed        bool // nobody has said so
}

// maxGuesses bounds how many pairs one look guesses at.
const maxGuesses = 1000

// Contradictions returns the live memories of f that are about a topic (its
// title, or metadata.topic; "" is any), at most limit, and the contradictions
// among them.
func (b *Book) Contradictions(ctx context.Context, f memory.Filter, topic string, limit int) ([]memory.Record, []Contradiction, error) {
	b.core.Ask(&f)
	recs, err := b.query.Select(ctx, f, limit, func(r *memory.Record) bool { return topic == "" || topicOf(r) == topic })
	if err != nil {
		return nil, nil, err
	}
	here := map[string]bool{}
	for i := range recs {
		here[recs[i].ID] = true
	}
	said := map[Contradiction]bool{}
	var out []Contradiction
	for i := range recs {
		links, err := b.store.Links(ctx, recs[i].ID)
		if err != nil {
			return nil, nil, err
		}
		for _, l := range links {
			c := Contradiction{Source: l.Source, Target: l.Target}
			if l.Relation == "contradicts" && holds(l, f.Now) && here[l.Source] && here[l.Target] && !said[c] {
				said[c] = true
				out = append(out, c)
			}
		}
		if err := b.lost(ctx, f.Viewer, recs[i].ID); err != nil {
			return nil, nil, err
		}
	}
	return recs, guesses(recs, topic, out), nil
}

// guesses adds to found the pairs about one topic that say different things.
func guesses(recs []memory.Record, topic string, found []Contradiction) []Contradiction {
	said := map[[2]string]bool{}
	for _, c := range found {
		said[[2]string{c.Source, c.Target}], said[[2]string{c.Target, c.Source}] = true, true
	}
	n := 0
	for i := range recs {
		for j := i + 1; j < len(recs) && n < maxGuesses; j++ {
			a, b := &recs[i], &recs[j]
			if (topic != "" || topicOf(a) == topicOf(b)) && a.Memory.Content != b.Memory.Content && !said[[2]string{a.ID, b.ID}] {
				found = append(found, Contradiction{Source: a.ID, Target: b.ID, Guessed: true})
				n++
			}
		}
	}
	return found
}

func topicOf(r *memory.Record) string {
	var topic string
	if r.Metadata.Field("topic", &topic) && topic != "" {
		return topic
	}
	return r.Title
}
