package verb

import (
	"cmp"
	"slices"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

// questionOf is what a caller asks, with its conditions, at a time.
func questionOf(in *client.RecallInput, f memory.Filter, now time.Time) (query.RecallQuery, error) {
	q := query.RecallQuery{Text: in.Context, Filter: f, Limit: cmp.Or(in.Limit, defaultRecall), WhyNot: in.WhyNot}
	if in.DeadlineMS > 0 {
		q.Deadline = now.Add(time.Duration(in.DeadlineMS) * time.Millisecond)
	}
	var err error
	if q.AsOf, err = instantOf("as_of", in.AsOf); err != nil {
		return q, err
	}
	if q.AsOfLSN = in.AsOfLSN; q.AsOfLSN != 0 && q.AsOf != 0 {
		return q, BadField("as_of_lsn", "as_of_lsn: not with as_of")
	}
	switch in.Freshness {
	case "", "local":
	case "quorum":
		q.Fresh.Quorum = true
	default:
		if q.Fresh.Write, err = memory.ParseDot(in.Freshness); err != nil {
			return q, BadField("freshness", "freshness %.64q: want local, quorum, or the dot of a write, such as north.1.42", in.Freshness)
		}
	}
	for _, w := range in.With {
		if w != "standing" {
			return q, BadField("with", "with %.40q: want standing", w)
		}
	}
	return q, nil
}

// explain says in an answer how it came about: all of it if that was asked for, and
// always what was cut short or is not known.
func explain(v *client.Recalled, found *query.Recalled, all bool) {
	v.Late, v.Stale, v.NotKept = found.Late, found.Stale, found.Left
	short := slices.ContainsFunc(found.Arms, func(a recall.Report) bool { return a.Failed })
	if all || short {
		for _, a := range found.Arms {
			v.Arms = append(v.Arms, client.Arm{Name: a.Arm, State: string(a.State), Why: a.Why, Found: a.Docs})
		}
	}
	if all {
		v.Unknown = toThousandths(found.Unknown)
		for i := range v.Memories {
			v.Memories[i].Parts = rounded(found.Hits[i].Points())
		}
	}
	if w := found.WhyNot; w != nil {
		v.WhyNot = &client.WhyNot{
			ID: w.ID, Reason: w.Reason, Conditions: w.Fields, Place: w.Place, Score: toThousandths(w.Score), Last: toThousandths(w.Last), Parts: rounded(w.Points),
		}
	}
}

func rounded(points map[string]float64) map[string]float64 {
	out := make(map[string]float64, len(points))
	for name, v := range points {
		out[name] = toThousandths(v)
	}
	return out
}
