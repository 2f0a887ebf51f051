package rank_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// plain ranks by words as docs/recall.md says it, document by document.
type plain struct {
	docs []index.Document
	see  func(d *index.Document) bool
	w    rank.Weights
}

func (p *plain) count(n int, word string) float64 {
	c := 0
	for w := range strings.FieldsSeq(p.docs[n].Body) {
		if w == word {
			c++
		}
	}
	return float64(c)
}

func (p *plain) gate(n int) float64 {
	return min(1, 60/float64(max(1, len(strings.Fields(p.docs[n].Body)))))
}

// beside returns the document so many turns behind n, or before it, -1 if there is none.
func (p *plain) beside(n, by int) int {
	step := 1
	if by < 0 {
		step = -1
	}
	for m := n + step; m >= 0 && m < len(p.docs) && p.docs[n].Session != ""; m += step {
		if p.docs[m].Session == p.docs[n].Session && p.docs[m].Namespace == p.docs[n].Namespace {
			if by -= step; by == 0 {
				return m
			}
		}
	}
	return -1
}

// pooled is how often document n has a word, with the turns around it.
func (p *plain) pooled(n int, word string) float64 {
	sum := p.count(n, word)
	for by, weight := range map[int]float32{-1: p.w.Before[0], -2: p.w.Before[1], 1: p.w.After[0], 2: p.w.After[1]} {
		m := p.beside(n, by)
		if m < 0 || !p.see(&p.docs[m]) {
			continue
		}
		w := float64(weight)
		if by == -1 && strings.HasSuffix(p.docs[m].Body, "?") {
			w = float64(p.w.Answer)*p.gate(m) + w*(1-p.gate(m))
		}
		sum += w * p.gate(n) * p.gate(m) * p.count(m, word)
	}
	return sum
}

func (p *plain) words(question []string) map[string]float64 {
	in, df := 0, map[string]int{}
	for n := range p.docs {
		if !p.see(&p.docs[n]) {
			continue
		}
		in++
		for _, w := range question {
			if p.count(n, w) > 0 {
				df[w]++
			}
		}
	}
	const k1 = 0.9
	out, scale := map[string]float64{}, 0.0
	for _, w := range question {
		if df[w] == 0 {
			continue
		}
		weight := math.Log(1 + (float64(in-df[w])+0.5)/(float64(df[w])+0.5))
		scale += weight * (k1 + 1)
		for n := range p.docs {
			if pool := p.pooled(n, w); pool > 0 && p.see(&p.docs[n]) {
				norm := k1 * max(1, float64(len(strings.Fields(p.docs[n].Body)))/40)
				out[p.docs[n].ID] += weight * pool * (k1 + 1) / (pool + norm)
			}
		}
	}
	for id := range out {
		out[id] /= scale
	}
	return out
}

// TestRankingIsThePlainOne compares the ranker, which leaves out what cannot be among
// the best, with an evaluation of every document.
func TestRankingIsThePlainOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := []string{"bax", "cof", "dug", "fim", "gop", "huz"}
		talks := rapid.Bool().Draw(t, "talks")
		p := &plain{w: rank.Default(), see: func(d *index.Document) bool { return !d.Access.Private }}
		x := index.New()
		for i := range rapid.IntRange(1, 300).Draw(t, "documents") {
			d := index.Document{ID: fmt.Sprintf("%05d", i), Said: when.None, Created: int64(i + 1), Priority: int32(rapid.IntRange(1, 10).Draw(t, "priority"))}
			var b []string
			for range rapid.IntRange(1, 8).Draw(t, "words") {
				b = append(b, rapid.SampledFrom(words).Draw(t, "word"))
			}
			d.Body = strings.Repeat(strings.Join(b, " ")+" ", rapid.SampledFrom([]int{1, 1, 1, 12}).Draw(t, "times"))
			d.Body = strings.TrimSpace(d.Body) + " " + rapid.SampledFrom([]string{"kel .", "kel ?"}).Draw(t, "end")
			d.Body = strings.ReplaceAll(strings.ReplaceAll(d.Body, " .", "."), " ?", "?")
			d.Access.Private = rapid.IntRange(0, 9).Draw(t, "private") == 0
			if talks {
				d.Session = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "session")
			}
			p.docs = append(p.docs, d)
			x.Apply([]index.Change{{Document: d}}, uint64(i))
		}
		question := rapid.SliceOfNDistinct(rapid.SampledFrom(append(words, "nobody")), 1, 5, rapid.ID).Draw(t, "question")
		want := p.words(question)
		r := rank.New(rank.Default())
		got, err := r.Rank(t.Context(), x, rank.Query{Text: strings.Join(question, " "), Limit: len(p.docs) + 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Hits) != len(want) || got.Found != len(want) {
			t.Fatalf("%d hits, %d found, want %d", len(got.Hits), got.Found, len(want))
		}
		for _, h := range got.Hits {
			if math.Abs(float64(h.Parts[rank.Words])-want[h.ID]) > 1e-4 {
				t.Fatalf("%s has %v in words, want %v", h.ID, h.Parts[rank.Words], want[h.ID])
			}
		}
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		short, err := r.Rank(t.Context(), x, rank.Query{Text: strings.Join(question, " "), Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if short.Found != got.Found || len(short.Hits) != min(limit, len(got.Hits)) {
			t.Fatalf("%d of %d found with a limit of %d", len(short.Hits), short.Found, limit)
		}
		for i, h := range short.Hits {
			if h != got.Hits[i] {
				t.Fatalf("hit %d of %d is %+v, of all %+v", i, limit, h, got.Hits[i])
			}
		}
	})
}
