package query

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

// whyLook is how many hits are looked through for it.
const whyLook = 100_000

func (b *Book) whyNot(ctx context.Context, q *RecallQuery, hits []Scored) (*WhyNot, error) {
	out := &WhyNot{ID: q.WhyNot}
	if at := slices.IndexFunc(hits, func(h Scored) bool { return h.ID == q.WhyNot }); at >= 0 {
		out.Reason, out.Place, out.Score, out.Points = WhyHit, at+1, hits[at].Score, hits[at].Points()
		return out, nil
	}
	rec, err := b.store.Record(ctx, q.WhyNot)
	if errors.Is(err, memory.ErrNotFound) || err == nil && !q.Filter.All && !rec.Access().VisibleWith(q.Filter.Viewer, q.Filter.Mates) {
		out.Reason = WhyUnknown
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	if life, _ := rec.Stands(q.Filter.Now); life != memory.Live {
		out.Reason = WhyNotLive
		if life == memory.Erased || life == memory.Unborn {
			out.Reason = WhyUnknown
		}
		return out, nil
	}
	if out.Fields = unfulfilled(&q.Filter, rec); len(out.Fields) > 0 {
		out.Reason = WhyFiltered
		return out, nil
	}
	return out, b.whyLower(ctx, q, hits, out)
}

// whyLower looks for a memory behind the hits.
func (b *Book) whyLower(ctx context.Context, q *RecallQuery, hits []Scored, out *WhyNot) error {
	got, err := b.finder.Recall(ctx, recall.Query{Text: q.Text, Filter: q.Filter, Limit: whyLook, Deadline: q.Deadline})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(got.Hits, func(h recall.Hit) bool { return h.ID == q.WhyNot })
	switch {
	case at >= 0:
		out.Reason, out.Place, out.Score, out.Points = WhyLower, at+1, got.Hits[at].Score, got.Hits[at].Points()
		if len(hits) > 0 {
			out.Last = hits[len(hits)-1].Score
		}
	case b.finder.Lag() > 0:
		out.Reason = WhyIndex
	default:
		out.Reason = WhyNothing
	}
	return nil
}

// unfulfilled names the conditions of f that a memory does not fulfil.
func unfulfilled(f *memory.Filter, r *memory.Record) []string {
	var out []string
	for _, c := range []struct {
		name string
		fits bool
	}{
		{"namespace", f.Namespace == "" || r.Namespace == f.Namespace || f.Subtree && strings.HasPrefix(r.Namespace, f.Namespace+"/")},
		{"tier", f.Tier == "" || r.Tier == f.Tier},
		{"tags", !slices.ContainsFunc(f.Tags, func(t string) bool { return !hasTag(r.Tags, t) })},
		{"kinds", len(f.Kinds) == 0 || slices.Contains(f.Kinds, r.MemoryKind)},
		{"min_priority", r.Priority >= f.MinPriority},
		{"since", f.Since == 0 || r.CreatedAt >= f.Since},
		{"until", f.Until == 0 || r.CreatedAt <= f.Until},
		{"title", f.Title == "" || recall.SameName(r.Title, f.Title)},
		{"source_uri", strings.HasPrefix(r.SourceURI, f.SourceURI)},
	} {
		if !c.fits {
			out = append(out, c.name)
		}
	}
	return out
}

func hasTag(tags []string, tag string) bool {
	return slices.ContainsFunc(tags, func(t string) bool { return recall.SameName(t, tag) })
}
