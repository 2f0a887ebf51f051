package armtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

const many = 60

// differ says where two lists part; "" if they do not.
func differ(want, got []string) string {
	if slices.Equal(want, got) {
		return ""
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("%d is %s, want %s", i+1, got[i], want[i])
		}
	}
	return fmt.Sprintf("%d hits, want %d", len(got), len(want))
}

func found(ctx context.Context, s *Subject) error {
	b := open(s)
	b.take(s.texts(many)...)
	for _, i := range []int{0, 7, many - 1} {
		_, question := s.Telling(i)
		got, err := b.ask(ctx, rank.Query{Text: question})
		if err != nil {
			return err
		}
		if want := s.memory(i).ID; len(got.Hits) == 0 || got.Hits[0].ID != want {
			return fmt.Errorf("%q: found %v, want %s first", question, list(got), want)
		}
		if !slices.ContainsFunc(got.Arms, func(r rank.Report) bool { return r.State == rank.Ran && r.Docs > 0 }) {
			return fmt.Errorf("%q: no arm says that it ran: %+v", question, got.Arms)
		}
	}
	return nil
}

// unseen compares an index that has memories out of sight with one that has not.
func unseen(ctx context.Context, s *Subject) error {
	clean, full := open(s), open(s)
	for i, c := range s.texts(many) {
		switch i % 4 {
		case 0:
			c.Access = index.Access{Owner: "ann", Private: true}
		case 1:
			c.Namespace = "elsewhere"
		case 2:
			c.Expires = 100
		default:
			clean.take(c)
		}
		full.take(c)
	}
	f := index.Filter{Viewer: "bob", Namespace: "here", Now: 1000}
	for i := range 5 {
		question := s.Question
		if i > 0 {
			_, question = s.Telling(i * 11)
		}
		want, err := clean.ask(ctx, rank.Query{Text: question, Filter: f, Limit: 50})
		if err != nil {
			return err
		}
		got, err := full.ask(ctx, rank.Query{Text: question, Filter: f, Limit: 50})
		if err != nil {
			return err
		}
		if diff := differ(list(want), list(got)); diff != "" {
			return fmt.Errorf("%q: what bob may not see changes what he finds: %s", question, diff)
		}
	}
	owners, err := full.ask(ctx, rank.Query{Text: s.Question, Filter: index.Filter{Viewer: "ann", Namespace: "here", Now: 1000}, Limit: 50})
	if err != nil {
		return err
	}
	if want := 2 * many / 4; len(owners.Hits) != want {
		return fmt.Errorf("ann finds %d, want %d: hers and what is everybody's", len(owners.Hits), want)
	}
	return nil
}

// filtered asks for few that pass among many that do not.
func filtered(ctx context.Context, s *Subject) error {
	b := open(s)
	changes := s.texts(many)
	for i := range changes {
		if i%20 == 19 {
			changes[i].Tags, changes[i].Kind, changes[i].Tier, changes[i].Priority = []string{"rare"}, "note", "short", 1
		}
	}
	b.take(changes...)
	for _, f := range []index.Filter{{Tags: []string{"rare"}}, {Kinds: []string{"note"}}, {Tier: "short"}} {
		for _, limit := range []int{1, 3, 50} {
			got, err := b.ask(ctx, rank.Query{Text: s.Question, Filter: f, Limit: limit})
			if err != nil {
				return err
			}
			if want := min(limit, many/20); len(got.Hits) != want {
				return fmt.Errorf("%+v: %d of at most %d, want %d", f, len(got.Hits), limit, want)
			}
			for _, h := range got.Hits {
				if !slices.ContainsFunc(changes, func(c index.Change) bool { return c.ID == h.ID && c.Kind == "note" }) {
					return fmt.Errorf("%+v: %s does not pass", f, h.ID)
				}
			}
		}
	}
	return nil
}

// deleted takes memories away that the arm has not been told of yet.
func deleted(ctx context.Context, s *Subject) error {
	b := open(s)
	changes := s.texts(many)
	b.take(changes...)
	moved := changes[1]
	moved.Access = index.Access{Owner: "ann", Private: true}
	b.apply(index.Change{Document: index.Document{ID: changes[0].ID}, Gone: true}, moved)
	got, err := b.ask(ctx, rank.Query{Text: s.Question, Limit: many})
	if err != nil {
		return err
	}
	if len(got.Hits) != many-2 {
		return fmt.Errorf("found %d, want %d", len(got.Hits), many-2)
	}
	for _, h := range got.Hits {
		if h.ID == changes[0].ID || h.ID == moved.ID {
			return fmt.Errorf("%s is found, which is gone, or private now", h.ID)
		}
	}
	for i := range 1000 { // until the index is made again without what is gone
		b.apply(index.Change{Document: changes[i%many].Document}, index.Change{Document: index.Document{ID: changes[i%many].ID}, Gone: true})
	}
	if got, err = b.ask(ctx, rank.Query{Text: s.Question, Limit: many}); err != nil || len(got.Hits) != 0 {
		return fmt.Errorf("found %v in an empty index, err %w", list(got), err)
	}
	return nil
}

func prefix(ctx context.Context, s *Subject) error {
	b := open(s)
	b.take(s.texts(many)...)
	_, one := s.Telling(3)
	for _, question := range []string{s.Question, one} {
		long, err := b.ask(ctx, rank.Query{Text: question, Limit: 50})
		if err != nil {
			return err
		}
		for _, n := range []int{1, 2, 10, 49} {
			short, err := b.ask(ctx, rank.Query{Text: question, Limit: n})
			if err != nil {
				return err
			}
			if diff := differ(list(long)[:min(n, len(long.Hits))], list(short)); diff != "" {
				return fmt.Errorf("%q: %d are not the first of 50: %s", question, n, diff)
			}
			if long.Found != short.Found {
				return fmt.Errorf("%q: of 50 it says that it has found %d, of %d %d", question, long.Found, n, short.Found)
			}
		}
	}
	return nil
}

// deterministic compares indexes that took in the same in other orders.
func deterministic(ctx context.Context, s *Subject) error {
	a, b := open(s), open(s)
	changes := s.texts(many)
	a.take(changes...)
	slices.Reverse(changes)
	for _, c := range changes {
		b.take(index.Change{Document: c.Document}) // each once more
		b.take(c)
	}
	for range 2 {
		one, err := a.ask(ctx, rank.Query{Text: s.Question, Limit: 50})
		if err != nil {
			return err
		}
		two, err := b.ask(ctx, rank.Query{Text: s.Question, Limit: 50})
		if err != nil {
			return err
		}
		if diff := differ(list(one), list(two)); diff != "" {
			return fmt.Errorf("two members answer in two ways: %s", diff)
		}
	}
	return nil
}

func summed(ctx context.Context, s *Subject) error {
	b := open(s)
	b.take(s.texts(many)...)
	got, err := b.ask(ctx, rank.Query{Text: s.Question, Limit: 50})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, h := range got.Hits {
		if seen[h.ID] {
			return fmt.Errorf("%s is found twice", h.ID)
		}
		seen[h.ID] = true
		sum := 0.0
		for _, p := range h.Parts {
			sum += float64(p)
		}
		if diff := sum - float64(h.Score); diff > 1e-4 || diff < -1e-4 {
			return fmt.Errorf("%s: score %v, parts %v", h.ID, h.Score, h.Parts)
		}
		if i > 0 && got.Hits[i-1].Score < h.Score {
			return errors.New("the best is not first")
		}
	}
	return nil
}

func limits(ctx context.Context, s *Subject) error {
	b := open(s)
	if got, err := b.ask(ctx, rank.Query{Text: s.Question}); err != nil || len(got.Hits) > 0 {
		return fmt.Errorf("an empty index: %v, %w", list(got), err)
	}
	b.take(s.texts(3)...)
	for limit, want := range map[int]int{-1: 0, 1: 1, 3: 3, 1 << 30: 3} {
		got, err := b.ask(ctx, rank.Query{Text: s.Question, Limit: limit})
		if err != nil || len(got.Hits) != want {
			return fmt.Errorf("limit %d: %v, %w", limit, list(got), err)
		}
	}
	return nil
}

// odd asks what nobody should: none of it is an error.
func odd(ctx context.Context, s *Subject) error {
	b := open(s)
	b.take(s.texts(many)...)
	for name, question := range map[string]string{
		"nothing": "", "blanks": " \n\t", "one letter": "a", "signs": "?!…", "stop words alone": "to be or not to be the",
		"half a surrogate": "\xed\xa0\x80", "no UTF-8": "\xff\xfe\x00", "a long word": strings.Repeat("x", 1<<16),
		"64 KiB": strings.Repeat(s.Question+" ", 1+1<<16/(len(s.Question)+1)), "quotes": `"a" OR b NEAR(c) * -- ; DROP`,
		"a day that is none": "on 31 February 99999", "marks": strings.Repeat("e\u0301", 5000),
	} {
		got, err := b.ask(ctx, rank.Query{Text: question, Limit: 5})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(got.Hits) > 5 {
			return fmt.Errorf("%s: %d of at most 5", name, len(got.Hits))
		}
	}
	return nil
}
