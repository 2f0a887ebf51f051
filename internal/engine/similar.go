package engine

import (
	"cmp"
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

// Similar is a memory with how much of its words a text has in common with it:
// 0 is nothing, 1 is the same words.
type Similar struct {
	Record     memory.Record
	Similarity float64
}

const maxCandidates = 100

// Similar returns the memories whose title and content have most words in
// common with a text, best first, out of those that the text index finds for it.
// The measure is the share of words that both have among those that either has:
// it knows no synonyms.
func (e *Engine) Similar(ctx context.Context, f memory.Filter, title, content string) ([]Similar, error) {
	e.asked(&f)
	text := title + " " + content
	e.catchUp(ctx)
	found, err := e.finder.Recall(ctx, text, f, maxCandidates)
	if err != nil {
		return nil, err
	}
	hits, err := recordsOf(ctx, e.store, &f, found)
	if err != nil {
		return nil, err
	}
	words := wordsOf(text)
	var out []Similar
	for i := range hits {
		m := hits[i].Record
		if common := overlap(words, wordsOf(m.Title+" "+m.Memory.Content)); common > 0 {
			out = append(out, Similar{Record: m, Similarity: common})
		}
	}
	slices.SortFunc(out, func(a, b Similar) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.Record.ID, b.Record.ID))
	})
	return out, nil
}

func wordsOf(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range recall.Words(text) {
		set[w] = true
	}
	return set
}

// overlap is the Jaccard index of two sets.
func overlap(a, b map[string]bool) float64 {
	both := 0
	for w := range a {
		if b[w] {
			both++
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

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
func (e *Engine) Contradictions(ctx context.Context, f memory.Filter, topic string, limit int) ([]memory.Record, []Contradiction, error) {
	e.asked(&f)
	recs, err := e.gather(ctx, f, limit, func(r *memory.Record) bool { return topic == "" || topicOf(r) == topic })
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
		links, err := e.store.Links(ctx, recs[i].ID)
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

// maxGathered bounds how many records are looked at for a condition that is no filter.
const maxGathered = 20_000

// gather lists what f selects and fits, at most limit.
func (e *Engine) gather(ctx context.Context, f memory.Filter, limit int, fits func(*memory.Record) bool) ([]memory.Record, error) {
	var out []memory.Record
	cursor := ""
	for looked := 0; looked < maxGathered; looked += forgetBatch {
		recs, next, err := e.store.List(ctx, f, memory.ByPriority, forgetBatch, 0, cursor)
		if err != nil {
			return nil, err
		}
		for i := range recs {
			if fits(&recs[i]) {
				out = append(out, recs[i])
				if len(out) == limit {
					return out, nil
				}
			}
		}
		if next == "" {
			break
		}
		cursor = next
	}
	return out, nil
}

// Gather lists the live memories of f whose metadata has a text under a key, at
// most limit, the most important first.
func (e *Engine) Gather(ctx context.Context, f memory.Filter, key, value string, limit int) ([]memory.Record, error) {
	e.asked(&f)
	return e.gather(ctx, f, limit, func(r *memory.Record) bool {
		var v string
		return r.Metadata.Field(key, &v) && v == value
	})
}
