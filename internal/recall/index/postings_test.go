package index

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// occurrences is how often each term is in each document, by its key: 0 where it is found
// and not ranked.
type occurrences map[string]map[uint32]uint32

func (o occurrences) add(key string, n, times uint32) {
	if o[key] == nil {
		o[key] = map[uint32]uint32{}
	}
	o[key][n] += times
}

// naive is what one would count without an index.
func naive(docs []Document) occurrences {
	out := occurrences{}
	for n := range docs {
		d := &docs[n]
		lang, _ := text.ParseLanguage(d.Language)
		add := func(s string, times uint32) {
			var t text.Terms
			t.Add(s)
			for i := range t.Len() {
				key, _ := t.At(i)
				if lang != text.English && text.Stemmed(lang, key) {
					key = append(slices.Clip(key), 0, byte(lang))
				}
				out.add(string(key), uint32(n), times)
			}
		}
		body := d.Body
		if d.Session != "" {
			add("Jane: ", 0)
			body = strings.TrimPrefix(body, "Jane: ")
		}
		for _, s := range append([]string{d.Title, body}, d.Tags...) {
			add(s, 1)
		}
	}
	return out
}

// postingsOf is what the postings say.
func postingsOf(x *data) occurrences {
	out := occurrences{}
	for id := range x.list {
		doc := uint32(0)
		for b := x.postings.get(x.list[id].postings); len(b) > 0; {
			var count uint32
			doc, count, b = posting(doc, b)
			out.add(string(x.terms.at(uint32(id))), doc, count)
		}
	}
	return out
}

// However many come at a time, and in whatever languages, each term is as often in each
// document as somebody counts who has no index; also after it was saved and made again.
func TestPostingsAreWhatOneCounts(t *testing.T) {
	words := strings.Fields("heron herons pond Häuser läuft 東京都 node.js C++ running the 🔴 fetchUserData May, 2024 привет der und Monday. (x) a? ")
	for i := range 400 { // more than a tally has room for at first
		words = append(words, fmt.Sprintf("w%d", i))
	}
	rapid.Check(t, func(t *rapid.T) {
		x, docs := New(), []Document(nil)
		for range rapid.IntRange(1, 5).Draw(t, "batches") {
			var list []Change
			for range rapid.SampledFrom([]int{1, 2, 5, few, chunk + 3}).Draw(t, "at a time") {
				d := Document{
					ID: fmt.Sprintf("m%d", len(docs)+len(list)), Said: when.None, Tags: []string{"red"},
					Title:    strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 3).Draw(t, "title"), " "),
					Language: rapid.SampledFrom([]string{"en", "de", "ru"}).Draw(t, "language"),
				}
				most := 12
				if rapid.IntRange(0, 20).Draw(t, "long") == 0 {
					most = 900
				}
				d.Body = strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, most).Draw(t, "body"), " ")
				if rapid.IntRange(0, 3).Draw(t, "said") == 0 {
					d.Session, d.Body = "s", "Jane: "+d.Body
				}
				list = append(list, Change{Document: d})
			}
			x.Apply(list, 1)
			for i := range list {
				docs = append(docs, list[i].Document)
			}
		}
		want := naive(docs)
		for name, got := range map[string]*data{"as it is": x.data, "made again": x.data.copyAlive()} {
			if diff := cmp.Diff(want, postingsOf(got)); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}
