package api

import (
	"math"

	"github.com/tallystick/tallystick/internal/memory"

	"github.com/tallystick/tallystick/internal/verb"
)

// duplicateBody is a memory that might be there already.
type duplicateBody struct {
	Title     *string  `json:"title"`
	Content   *string  `json:"content"`
	Namespace string   `json:"namespace"`
	Threshold *float64 `json:"threshold"`
}

type nearestView struct {
	ID         string  `json:"id"`
	Title      string  `json:"title"`
	Namespace  string  `json:"namespace"`
	Similarity float64 `json:"similarity"`
}

type duplicateView struct {
	Duplicate bool         `json:"is_duplicate"`
	Threshold float64      `json:"threshold"`
	Nearest   *nearestView `json:"nearest"`
	Merge     *string      `json:"suggested_merge"`
	Scanned   int          `json:"candidates_scanned"`
	Method    string       `json:"method"` // lexical: words in common, no meaning
}

// defaultThreshold is the share of words in common from which two texts are one.
const defaultThreshold = 0.8

func (a *API) checkDuplicate(q *request) (reply, error) {
	var b duplicateBody
	if err := decode(q.body, &b); err != nil {
		return reply{}, err
	}
	switch {
	case b.Title == nil && b.Content == nil:
		return reply{}, verb.Missing("title", "content")
	case b.Title == nil:
		return reply{}, verb.Missing("title")
	case b.Content == nil:
		return reply{}, verb.Missing("content")
	}
	if err := memory.ValidTitle(*b.Title); err != nil {
		return reply{}, err
	}
	if err := memory.ValidContent(*b.Content); err != nil {
		return reply{}, err
	}
	v := duplicateView{Threshold: defaultThreshold, Method: "lexical"}
	if t := b.Threshold; t != nil {
		if math.IsNaN(*t) || *t <= 0 || *t > 1 {
			return reply{}, verb.BadField("threshold", "threshold %v: want more than 0, at most 1", *t)
		}
		v.Threshold = *t
	}
	f := memory.Filter{Viewer: q.agent, Now: a.now(), Namespace: b.Namespace}
	if err := validFilter(f); err != nil {
		return reply{}, err
	}
	found, err := a.engine.Similar(q.Context(), f, *b.Title, *b.Content)
	if err != nil {
		return reply{}, err
	}
	v.Scanned = len(found)
	if len(found) > 0 {
		r := found[0].Record
		v.Nearest = &nearestView{r.ID, r.Title, r.Namespace, math.Round(found[0].Similarity*1000) / 1000}
		if v.Duplicate = found[0].Similarity >= v.Threshold; v.Duplicate {
			v.Merge = &r.ID
		}
	}
	return ok(v)
}

const defaultContradictions = 50

type contradictionView struct {
	Source   string `json:"source_id"`
	Target   string `json:"target_id"`
	Relation string `json:"relation"`
	Guessed  bool   `json:"synthesized"` // nobody has linked them: same topic, other content
}

type contradictionsView struct {
	Memories []memoryView        `json:"memories"`
	Links    []contradictionView `json:"links"`
}

func (a *API) contradictions(q *request) (reply, error) {
	topic := q.text("topic")
	f := memory.Filter{Viewer: q.agent, Now: a.now(), Namespace: q.text("namespace")}
	if topic == "" && f.Namespace == "" {
		return reply{}, verb.Bad("contradictions: want at least one of topic and namespace")
	}
	if err := validFilter(f); err != nil {
		return reply{}, err
	}
	limit, err := q.number("limit", defaultContradictions, 1, maxList)
	if err != nil {
		return reply{}, err
	}
	recs, pairs, err := a.engine.Contradictions(q.Context(), f, topic, limit)
	if err != nil {
		return reply{}, err
	}
	v := contradictionsView{Memories: viewsOf(recs), Links: make([]contradictionView, len(pairs))}
	for i, p := range pairs {
		v.Links[i] = contradictionView{p.Source, p.Target, "contradicts", p.Guessed}
	}
	return ok(v)
}
