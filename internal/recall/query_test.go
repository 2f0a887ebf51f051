package recall_test

import (
	"database/sql"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // FTS5, whose syntax a query must not break

	"github.com/tallystick/tallystick/internal/recall"
)

func TestMatch(t *testing.T) {
	tests := map[string]struct {
		text string
		all  bool
		want string
	}{
		"any":                         {"heron frog", false, `"heron" OR "frog"`},
		"all":                         {"heron frog", true, `"heron" AND "frog"`},
		"one word":                    {"heron", true, `"heron"`},
		"case and punctuation":        {"Heron, FROG!", false, `"heron" OR "frog"`},
		"stop words go":               {"Where is the heron of the pond?", false, `"heron" OR "pond"`},
		"nothing but stop words":      {"to be or not to be", false, `"to" OR "be" OR "or" OR "not"`},
		"repeated words":              {"heron Heron HERON", false, `"heron"`},
		"apostrophes":                 {"Caroline's dog didn't", false, `"caroline" OR "dog"`},
		"quotes are no syntax":        {`"a b" OR heron NOT frog*`, true, `"b" AND "heron" AND "frog"`},
		"columns are no syntax":       {"title:heron ^frog {a}", true, `"title" AND "heron" AND "frog"`},
		"near is no syntax":           {"NEAR(heron frog, 2)", true, `"near" AND "heron" AND "frog" AND "2"`},
		"other scripts":               {"Café Цапля 鹭", false, `"café" OR "цапля" OR "鹭"`},
		"numbers":                     {"room 42", true, `"room" AND "42"`},
		"empty":                       {"", false, ""},
		"no words":                    {"?! ... \x00 \"\"", false, ""},
		"a combining mark is no word": {"\u0301 heron", true, `"heron"`},
		"not UTF-8":                   {"her\xffon", true, `"her" AND "on"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := recall.Match(tc.text, tc.all); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestTermsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		b.WriteString(strings.Repeat("x", i+1))
		b.WriteByte(' ')
	}
	terms := recall.Terms(b.String())
	if len(terms) != 64 {
		t.Errorf("%d terms", len(terms))
	}
	for _, w := range recall.Terms(strings.Repeat("é", 10_000)) {
		if n := utf8.RuneCountInString(w); n != 64 {
			t.Errorf("a term of %d characters", n)
		}
	}
}

// index is an FTS5 table with the words of doc.
func index(tb testing.TB, doc string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() { _ = db.Close() })
	const schema = `CREATE VIRTUAL TABLE fts USING fts5(title, content, tokenize = 'porter unicode61 remove_diacritics 2')`
	if _, err := db.ExecContext(tb.Context(), schema); err != nil {
		tb.Fatal(err)
	}
	if _, err := db.ExecContext(tb.Context(), `INSERT INTO fts (title, content) VALUES ('t', ?)`, doc); err != nil {
		tb.Fatal(err)
	}
	return db
}

// count runs a match as the store does.
func count(tb testing.TB, db *sql.DB, match string) (n int, err error) {
	tb.Helper()
	err = db.QueryRowContext(tb.Context(), `SELECT count(*) FROM fts WHERE fts MATCH ?`, match).Scan(&n)
	return n, err
}

func TestMatchFindsTextByItsOwnWords(t *testing.T) {
	doc := `Caroline said: "I'm keen on counselling" – déjà vu, room 42, O'Neill's title:x`
	db := index(t, doc)
	n, err := count(t, db, recall.Match(doc, true))
	if err != nil || n != 1 {
		t.Errorf("found %d, %v", n, err)
	}
	if diff := cmp.Diff([]string{"keen", "counselling"}, recall.Terms("I'm keen on counselling")); diff != "" {
		t.Error(diff)
	}
}

func FuzzMatchIsValidForFTS5(f *testing.F) {
	for _, seed := range []string{
		"heron", `"`, `""`, `a"b`, `NEAR(`, `a AND`, `OR`, `NOT x`, `title:`, `^a`, `a*`, `{a b}:c`, "a\x00b", "\xff", "é\u0301", "-", "a - b",
		"'; DROP TABLE fts; --", "ⅷ ²", "\u200d", "🦆", "\ue000", "١٢", "a_b", "ß İ ǅ",
	} {
		f.Add(seed)
	}
	db := index(f, "heron")
	f.Fuzz(func(t *testing.T, text string) {
		for _, all := range []bool{false, true} {
			match := recall.Match(text, all)
			if match == "" {
				continue
			}
			if _, err := count(t, db, match); err != nil {
				t.Errorf("%q makes %s: %v", text, match, err)
			}
		}
	})
}
