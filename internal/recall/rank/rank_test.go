package rank_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/rank/armtest"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// made returns an index of documents in order; what they leave out is filled in.
func made(docs ...index.Document) *index.Index {
	x := index.New()
	for i, d := range docs {
		if d.ID == "" {
			d.ID = fmt.Sprintf("%03d", i)
		}
		if d.Said == 0 {
			d.Said = when.None
		}
		d.Created, d.Priority = int64(i+1), d.Priority+5
		x.Apply([]index.Change{{Document: d}}, uint64(i))
	}
	return x
}

func ask(t *testing.T, x *index.Index, q rank.Query) rank.Result {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 10
	}
	got, err := rank.New(rank.Default()).Rank(t.Context(), x, q)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// first returns the ids of the best, in order.
func first(r rank.Result, n int) string {
	var ids []string
	for _, h := range r.Hits[:min(n, len(r.Hits))] {
		ids = append(ids, h.ID)
	}
	return strings.Join(ids, " ")
}

func talk(speaker, body string) index.Document {
	return index.Document{Session: "s", Speaker: speaker, Body: body}
}

func TestAnswersAreFoundBesideTheQuestion(t *testing.T) {
	x := made(
		talk("Ann", "How was the trip to the mountains?"),
		talk("Bob", "Wonderful, thanks!"),
		talk("Ann", "I am glad."),
		talk("Bob", "Something else entirely came up at work."),
		index.Document{Body: "mountains"},
	)
	got := ask(t, x, rank.Query{Text: "how did Bob like the mountains trip"})
	if first(got, 1) != "001" {
		t.Errorf("found %s, want the answer first", first(got, 5))
	}
	if p := got.Hits[0].Parts; p[rank.Words] == 0 || p[rank.Session] == 0 || p[rank.Tells] == 0 {
		t.Errorf("parts %+v", p)
	}
}

func TestNeighboursEndWithTheSession(t *testing.T) {
	x := made(
		index.Document{Body: "mountains", Session: "a"},
		index.Document{Body: "nothing", Session: "b"},
		index.Document{Body: "nothing"},
		index.Document{Body: "nothing", Session: "a", Namespace: "other"},
	)
	if got := ask(t, x, rank.Query{Text: "mountains"}); first(got, 9) != "000" {
		t.Errorf("found %s", first(got, 9))
	}
}

func TestNeighboursThatMayNotBeSeenDoNotCount(t *testing.T) {
	x := made(
		index.Document{Body: "the secret is mountains", Session: "s", Access: index.Access{Owner: "ann", Private: true}},
		index.Document{Body: "nothing", Session: "s"},
	)
	if got := ask(t, x, rank.Query{Text: "mountains", Filter: index.Filter{Viewer: "bob"}}); len(got.Hits) != 0 {
		t.Errorf("found %s", first(got, 9))
	}
	if got := ask(t, x, rank.Query{Text: "mountains", Filter: index.Filter{Viewer: "ann"}}); len(got.Hits) != 2 {
		t.Errorf("ann found %s", first(got, 9))
	}
}

func TestSpeakers(t *testing.T) {
	x := made(
		talk("Ann", "I bought a guitar"), talk("Bob", "I bought a guitar"), talk("Ann", "so"), talk("Bob", "well"),
		index.Document{Body: "Bob, Bob and Bob", Session: "other"},
	)
	got := ask(t, x, rank.Query{Text: "What did Bob buy, a guitar?"})
	if first(got, 1) != "001" {
		t.Errorf("found %s, want what Bob said", first(got, 5))
	}
	if got := ask(t, x, rank.Query{Text: "Bob"}); first(got, 1) != "004" {
		t.Errorf("a name alone finds %s, want the text with it", first(got, 5))
	}
}

// What importers leave in the text is found there.
func TestSpeakersAndDatesInTheText(t *testing.T) {
	x := made(
		index.Document{Session: "s", Body: "1:56 pm on 8 May, 2023\nAnn: I went to the zoo yesterday"},
		index.Document{Session: "s", Body: "1:56 pm on 8 May, 2023\nBob: I went to the zoo"},
		index.Document{Session: "t", Body: "1:56 pm on 8 June, 2023\nBob: I went to the zoo"},
		index.Document{Session: "t", Body: "1:56 pm on 8 June, 2023\nAnn: I went to the zoo"},
	)
	if got := ask(t, x, rank.Query{Text: "When in June did Ann go to the zoo?"}); first(got, 1) != "003" {
		t.Errorf("found %s", first(got, 4))
	}
	if got := ask(t, x, rank.Query{Text: "What did Ann do on 7 May 2023?"}); first(got, 1) != "000" || got.Hits[0].Parts[rank.Date] == 0 {
		t.Errorf("found %s, %+v", first(got, 4), got.Hits)
	}
}

func TestKindsOfAnswers(t *testing.T) {
	x := made(
		index.Document{Body: "she has dogs"}, index.Document{Body: "she has three dogs"},
		index.Document{Body: "the dogs came last year"}, index.Document{Body: "the dogs stay for hours"}, index.Document{Body: "the dogs live in Gdansk"},
	)
	for q, want := range map[string]string{
		"how many dogs": "001", "when did the dogs come": "002", "how long do dogs stay": "003", "where are the dogs": "004",
	} {
		if got := ask(t, x, rank.Query{Text: q}); first(got, 1) != want {
			t.Errorf("%q finds %s first, want %s", q, first(got, 1), want)
		}
	}
}

func TestUnknownWordsAreComparedByTheirPieces(t *testing.T) {
	x := made(
		index.Document{Body: "Rechnungen freigeben"}, index.Document{Body: "keepalive interval of the balancer"}, index.Document{Body: "something else"},
	)
	for q, want := range map[string]string{"Rechnungsbeträge": "000", "keepalvie": "001"} {
		got := ask(t, x, rank.Query{Text: q})
		if first(got, 1) != want || got.Unknown != 1 || got.Hits[0].Parts[rank.Pieces] == 0 {
			t.Errorf("%q finds %s (unknown %v)", q, first(got, 3), got.Unknown)
		}
	}
}

// However few memories there are, a word that one of them has is no common one.
func TestBandsMeanTheSameAmongFewMemories(t *testing.T) {
	gate := index.Document{Title: "Gate code", Body: "It is 4711, since May."}
	for _, others := range []int{0, 1, 2, 10, 100, 1000} {
		docs := []index.Document{gate}
		for i := range others {
			docs = append(docs, index.Document{Body: fmt.Sprintf("harbour master %d signed quarterly declarations", i)})
		}
		x := made(docs...)
		for q, want := range map[string]rank.Band{
			"what is the gate code": rank.Strong, "how do I open the gate": rank.Likely, "who wrote thirteen novels about gate crashing whales": rank.Weak,
		} {
			got := ask(t, x, rank.Query{Text: q})
			if len(got.Hits) == 0 || got.Hits[0].ID != "000" || got.Hits[0].Band != want || got.Abstain != (want == rank.Weak) {
				t.Errorf("beside %d others %q: want %s, got %+v (unknown %v)", others, q, want, got.Hits, got.Unknown)
			}
		}
	}
}

func TestCodeIsComparedByItsPieces(t *testing.T) {
	x := made(
		index.Document{Body: "call fetchUserData() first"}, index.Document{Body: "fetch the mail_queue table"}, index.Document{Body: "in parse_config"},
	)
	got := ask(t, x, rank.Query{Text: "fetching users data"})
	if first(got, 1) != "000" || got.Hits[0].Parts[rank.Pieces] == 0 {
		t.Errorf("found %s, %+v", first(got, 3), got.Hits)
	}
	if got := ask(t, made(index.Document{Body: "a heron"}), rank.Query{Text: "heron", Code: true}); got.Hits[0].Parts[rank.Pieces] == 0 {
		t.Error("pieces are not compared on request")
	}
}

func TestFiltersHoldBeforeTheCut(t *testing.T) {
	var docs []index.Document
	for range 100 {
		docs = append(docs, index.Document{Body: "heron heron"})
	}
	docs = append(docs, index.Document{Body: "a heron in a longer text", Tags: []string{"bird"}, Kind: "note"})
	x := made(docs...)
	for _, f := range []index.Filter{{Tags: []string{"bird"}}, {Kinds: []string{"note"}}, {Since: 101}} {
		if got := ask(t, x, rank.Query{Text: "heron", Limit: 1, Filter: f}); first(got, 1) != "100" || got.Found != 1 {
			t.Errorf("%+v: %s of %d", f, first(got, 1), got.Found)
		}
	}
}

func TestPriorityDecidesBetweenEquals(t *testing.T) {
	x := made(index.Document{Body: "heron"}, index.Document{Body: "heron", Priority: 3}, index.Document{Body: "heron"})
	if got := ask(t, x, rank.Query{Text: "heron"}); first(got, 3) != "001 000 002" {
		t.Errorf("found %s", first(got, 3))
	}
}

func TestOddQuestions(t *testing.T) {
	x := made(index.Document{Body: "to be or not to be 🔴"}, index.Document{Body: "a heron"}, index.Document{Body: ""})
	for name, tc := range map[string]struct{ q, want string }{
		"stop words alone":    {"to be or not to be", "000"},
		"one letter":          {"a", "001"},
		"a sign":              {"🔴", "000"},
		"nothing":             {"", ""},
		"punctuation":         {"?!", ""},
		"half a surrogate":    {"\xed\xa0\x80 heron", "001"},
		"64 KiB":              {strings.Repeat("heron frog ", 6000), "001"},
		"one long word":       {strings.Repeat("x", 1<<16), ""},
		"many unknown words":  {strings.Repeat("wxyz1 qqqq2 ", 50), ""},
		"a day in the future": {"what happens on 4 March 9999", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := first(ask(t, x, rank.Query{Text: tc.q}), 1); got != tc.want {
				t.Errorf("found %q, want %q", got, tc.want)
			}
		})
	}
	if got := ask(t, index.New(), rank.Query{Text: "heron"}); len(got.Hits) != 0 {
		t.Error("an empty index has hits")
	}
}

func TestAQueryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := rank.New(rank.Default()).Rank(ctx, made(index.Document{Body: "heron"}), rank.Query{Text: "heron", Limit: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Words of other languages are taken to their stems as those languages do.
func TestLanguages(t *testing.T) {
	x := made(
		index.Document{Body: "Die Sicherungen sind auf dem Server und nicht in der Cloud"},
		index.Document{Body: "Las reuniones son los lunes y no los jueves"},
		index.Document{Body: "Он читал книги и не писал"},
		index.Document{Body: "the backups are on the server"},
	)
	for q, want := range map[string]string{"Sicherung": "000", "reunión": "001", "книга": "002", "backup": "003"} {
		got := ask(t, x, rank.Query{Text: q})
		if first(got, 1) != want || got.Unknown != 0 {
			t.Errorf("%q finds %s, unknown %v", q, first(got, 4), got.Unknown)
		}
	}
}

func TestPartsAddUp(t *testing.T) {
	x := made(talk("Ann", "I went to the zoo in 2023?"), talk("Bob", "so"), talk("Ann", "the zoos"))
	for _, h := range ask(t, x, rank.Query{Text: "when did Ann go to the zooo in 2023"}).Hits {
		sum := float32(0)
		for _, p := range h.Parts {
			sum += p
		}
		if diff := h.Score - sum; diff > 1e-4 || diff < -1e-4 {
			t.Errorf("%+v is off by %v", h, diff)
		}
	}
}

func BenchmarkRank(b *testing.B) {
	c := armtest.NewCorpus(20_000)
	x := index.New()
	x.Apply(c.Changes(0, 20_000, false), 1)
	r := rank.New(rank.Default())
	questions := make([]string, 64)
	for i := range questions {
		questions[i] = c.Text(6)
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := r.Rank(b.Context(), x, rank.Query{Text: questions[i%64], Limit: 10}); err != nil {
			b.Fatal(err)
		}
	}
}
