package search_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/search"
	"github.com/tallystick/tallystick/internal/recall/when"
)

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func memories() *index.Index {
	day := func(s string) int64 {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			panic(err)
		}
		return t.UnixNano()
	}
	x := index.New()
	for _, d := range []index.Document{
		{ID: "heron", Title: "The heron", Body: "stands by the old pond", Tags: []string{"bird", "Café au lait"}, Created: day("2026-03-01")},
		{ID: "frog", Title: "A frog", Body: "jumps into the pond, old as it is", Tags: []string{"green"}, Created: day("2026-03-03"), Access: index.Access{Owner: "ann"}},
		{ID: "vitamin-c", Body: "vitamin C in the morning", Namespace: "f", Created: day("2026-03-04")},
		{ID: "vitamin-d", Body: "vitamin D in the morning", Namespace: "f", Created: day("2025-12-31")},
		{ID: "organ", Body: "organ music at the university", Namespace: "g/h"},
		{ID: "code", Body: "call fetchUserData in C++ with node.js v1.2.3; see pre-edit"},
		{ID: "tokyo", Body: "東京都に住んでいます"},
		{ID: "private", Body: "the secret pond", Access: index.Access{Owner: "ann", Private: true}},
	} {
		d.Said, d.Priority = when.None, 5
		x.Apply([]index.Change{{Document: d}}, 1)
	}
	return x
}

func TestQueries(t *testing.T) {
	tests := map[string]string{
		"pond":                               "frog heron",
		"old pond":                           "frog heron",
		`"old pond"`:                         "heron",
		`„old pond“`:                         "heron",
		`"old pond`:                          "heron",
		"pond -frog":                         "heron",
		`pond -"old pond"`:                   "frog",
		"-frog":                              "", // nothing that is looked for
		"vitamin D":                          "vitamin-d",
		"the vitamin":                        "vitamin-c vitamin-d",
		"organization":                       "",
		"universe":                           "",
		"University":                         "organ",
		"C++":                                "code",
		"C#":                                 "",
		"C":                                  "vitamin-c",
		"pre-edit":                           "code",
		"edit-pre":                           "",
		"user":                               "code",
		"userdata":                           "",
		"v1.2.3":                             "code",
		"node.js":                            "code",
		"東京":                                 "tokyo",
		"京":                                  "tokyo",
		"京東":                                 "",
		"tag:bird":                           "heron",
		`tag:"Cafe` + "\u0301" + ` au lait"`: "heron",
		"tag:BIRD":                           "",
		"bird":                               "heron",
		"pond -tag:bird":                     "frog",
		"from:ann":                           "frog",
		"from:bob pond":                      "",
		"from:ann from:bob":                  "",
		"namespace:f":                        "vitamin-c vitamin-d",
		"ns:f D":                             "vitamin-d",
		"namespace:g":                        "",
		"vitamin after:2026-01-01":           "vitamin-c",
		"vitamin before:2026-01-01":          "vitamin-d",
		"vitamin before:2026":                "vitamin-d",
		"vitamin after:today":                "vitamin-c",
		"after:yesterday before:today":       "frog",
		"after:never":                        "",
		"tag: bird":                          "",
		"title:heron":                        "",
		"heron stands":                       "heron", // the title and the body
		`"heron stands"`:                     "",      // are no phrase
		"?!":                                 "",
		"":                                   "",
		"- - -":                              "",
		"--frog":                             "frog",
		"secret":                             "",
	}
	x := memories()
	for q, want := range tests {
		hits := new(search.Searcher).Run(x, search.Parse(q, now), index.Filter{}, 100)
		var ids []string
		for _, h := range hits {
			ids = append(ids, h.ID)
		}
		slices.Sort(ids)
		if diff := cmp.Diff(want, strings.Join(ids, " ")); diff != "" {
			t.Errorf("%q finds (-want +got):\n%s", q, diff)
		}
	}
	found := len(new(search.Searcher).Run(x, search.Parse("secret", now), index.Filter{Viewer: "ann"}, 1))
	if found != 1 {
		t.Error("ann does not find her own")
	}
	for q, want := range map[string]int{"namespace:g/h organ": 1, "namespace:f vitamin": 0} {
		if found := len(new(search.Searcher).Run(x, search.Parse(q, now), index.Filter{Namespace: "g", Subtree: true}, 10)); found != want {
			t.Errorf("%q inside of g: %d, want %d", q, found, want)
		}
	}
}

func TestTheMostRelevantIsFirst(t *testing.T) {
	x := index.New()
	for _, d := range []index.Document{
		{ID: "long", Body: "a heron " + strings.Repeat("and much else ", 40)},
		{ID: "short", Body: "heron, heron"},
		{ID: "weighty", Body: "heron, heron", Priority: 9},
	} {
		d.Said = when.None
		d.Priority += 5
		x.Apply([]index.Change{{Document: d}}, 1)
	}
	hits := new(search.Searcher).Run(x, search.Parse("heron", now), index.Filter{}, 10)
	var ids []string
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	if diff := cmp.Diff([]string{"weighty", "short", "long"}, ids); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`"`, `-"`, "tag:", `tag:"`, "-tag:x", "before:2026-13-99", "ns:\"a b\" -c", "\xff\"", "“a”b“", "C++ 25 MB"} {
		f.Add(s)
	}
	x := memories()
	f.Fuzz(func(t *testing.T, s string) {
		q := search.Parse(s, now)
		hits := new(search.Searcher).Run(x, q, index.Filter{}, 3)
		if q.Empty() && len(hits) != 0 || len(hits) > 3 {
			t.Fatalf("%q finds %d", s, len(hits))
		}
		for _, h := range hits {
			if h.ID == "private" {
				t.Fatalf("%q finds what is private", s)
			}
		}
	})
}
