package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

type answer struct {
	text    string
	damaged bool
}

// answers are what a node says of all that it holds.
func answers(t *testing.T, n *storetest.Node, ids []string, patience time.Duration) map[string]answer {
	t.Helper()
	out := map[string]answer{}
	ask := func(what string, read func(ctx context.Context) (any, error)) {
		var v any
		var left *memory.Omissions
		err := again(patience, func() (err error) {
			var ctx context.Context
			ctx, left = memory.WithOmissions(t.Context())
			v, err = read(ctx)
			return err
		})
		names, _ := left.Names()
		a := answer{text: fmt.Sprintf("%+v", v), damaged: errors.Is(err, memory.ErrDamaged) || errors.Is(err, memory.ErrBroken) || len(names) > 0}
		if err != nil && !a.damaged {
			a.text = err.Error()
		}
		out[what] = a
	}
	now := memory.InstantOf(time.Now())
	for _, life := range []memory.Life{memory.Live, memory.Archived, memory.Deleted, memory.Erased} {
		for _, order := range []memory.Order{memory.ByPriority, memory.ByID, memory.ByNewest} {
			ask(fmt.Sprint("list ", life, order), func(ctx context.Context) (any, error) {
				recs, _, err := n.List(ctx, memory.Filter{All: true, Life: life, Now: now}, order, 999, 0, "")
				ids := []string{}
				for i := range recs {
					ids = append(ids, recs[i].ID)
				}
				return ids, err
			})
		}
	}
	for _, id := range ids {
		ask("memory "+id, func(ctx context.Context) (any, error) {
			rec, err := n.Record(ctx, id)
			if rec == nil {
				return nil, err
			}
			rec.AccessCount, rec.AccessedAt = 0, 0 // of this node
			text, bad := json.Marshal(rec)
			return string(text), errors.Join(err, bad)
		})
		ask("history of "+id, func(ctx context.Context) (any, error) {
			revs, err := n.History(ctx, id)
			text := []string{}
			for _, r := range revs {
				text = append(text, fmt.Sprint(r.Entry.Dot, r.Winner, r.Conflict))
			}
			return text, err
		})
		ask("links of "+id, func(ctx context.Context) (any, error) {
			lost, err := n.LostLinks(ctx, id)
			for _, l := range lost {
				memory.Omit(ctx, l.Dot.String())
			}
			if err != nil {
				return nil, err
			}
			return n.Links(ctx, id)
		})
	}
	ask("standards", func(ctx context.Context) (any, error) { return n.Standards(ctx) })
	ask("proposals", func(ctx context.Context) (any, error) {
		list, err := n.Pendings(ctx, false, "", 99)
		text := []string{}
		for i := range list {
			text = append(text, fmt.Sprint(list[i].ID, list[i].Requester, list[i].Votes, list[i].Verdict))
		}
		return text, err
	})
	for what, read := range map[string]func(context.Context) error{
		"cursors":      func(ctx context.Context) error { _, err := n.Cursors(ctx, n.Origin()); return err },
		"refusals":     func(ctx context.Context) error { _, err := n.Parked(ctx); return err },
		"deliveries":   func(ctx context.Context) error { _, err := n.Deliveries(ctx); return err },
		"dead letters": func(ctx context.Context) error { _, err := n.DeadLetters(ctx, "sub", false, 9); return err },
		"subscribers":  func(ctx context.Context) error { _, err := n.Subscribers(ctx); return err },
		"statements": func(ctx context.Context) error {
			_, err := n.Statements(ctx, memory.Dot{Origin: n.Origin(), Seq: 2})
			return err
		},
		"events":  func(ctx context.Context) error { _, err := n.Events(ctx, 0, 999); return err },
		"changes": func(ctx context.Context) error { _, _, err := n.Changed(ctx, 0, 999); return err },
		"counts": func(ctx context.Context) error {
			_, err := n.Counts(ctx, memory.Filter{All: true, Now: now})
			return err
		},
		"a pass": func(ctx context.Context) error { _, err := n.Damage(ctx, 9); return err },
		"snapshot": func(ctx context.Context) error {
			_, err := n.Snapshot(ctx, func([]memory.Shipment) error { return nil })
			return err
		},
		"marks": func(ctx context.Context) error {
			for _, err := range n.Marks(ctx, 0) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	} {
		ask(what, func(ctx context.Context) (any, error) { return "", read(ctx) })
	}
	return out
}

// idsOf are the ids of all memories, as the rows have them.
func idsOf(t *testing.T, n *storetest.Node) []string {
	t.Helper()
	b := garbling(t, n.Dir())
	defer b.close()
	var out []string
	for _, row := range b.rows(`SELECT id FROM memories ORDER BY id`) {
		out = append(out, fmt.Sprint(row[0]))
	}
	return out
}
