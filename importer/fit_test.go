package importer_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

// losses are the reasons of what a source cannot carry over, each once.
func losses(items []importer.Item) []string {
	var out []string
	for _, it := range items {
		if it.Loss != nil && !slices.Contains(out, it.Loss.Reason) {
			out = append(out, it.Loss.Reason)
		}
	}
	slices.Sort(out)
	return out
}

// documents writes memories, as objects, in every format that has these fields.
func documents(t *testing.T, list ...map[string]any) map[string]string {
	t.Helper()
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, m := range list {
		line, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	rows := strings.ReplaceAll(string(raw), `"content"`, `"tier":"long","content"`)
	dir := t.TempDir()
	return map[string]string{
		"lines":     write(t, filepath.Join(dir, "a.jsonl"), lines.String()),
		"list":      write(t, filepath.Join(dir, "a.json"), string(raw)),
		"document":  write(t, filepath.Join(dir, "d.json"), `{"links":[],"memories":`+string(raw)+`}`),
		"ai-memory": write(t, filepath.Join(dir, "m.json"), `{"memories":`+strings.ReplaceAll(rows, `"confidence"`, `"created_at":"2026-01-01T00:00:00Z","confidence"`)+`}`),
	}
}

func fitsLimits(t *testing.T, d *client.Draft) {
	t.Helper()
	if n := len([]rune(d.Title)); n > 512 {
		t.Errorf("title of %d characters", n)
	}
	if len(d.Content) > 64<<10 || len(d.Tags) > 50 || len(d.Metadata) > 64<<10 || len(d.EntityID) > 128 || len(d.Citations) > 64 {
		t.Errorf("over a limit: %d %d %d %d %d", len(d.Content), len(d.Tags), len(d.Metadata), len(d.EntityID), len(d.Citations))
	}
	for _, tag := range d.Tags {
		if len(tag) > 128 {
			t.Errorf("tag of %d bytes", len(tag))
		}
	}
}

func TestLimitsAreAppliedInEveryFormatAndEachCutIsReported(t *testing.T) {
	var tags []string
	for i := range 60 {
		tags = append(tags, fmt.Sprintf("tag%d", i))
	}
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	memory := map[string]any{
		"id": "1", "title": strings.Repeat("t", 600), "content": strings.Repeat("word ", 18_000), "confidence": 1.5, "priority": 15,
		"tags": append([]string{strings.Repeat("x", 300)}, tags...), "namespace": "Weird NS!", "entity_id": strings.Repeat("e", 200),
		"metadata":  map[string]any{"deep": json.RawMessage(deep), "big": strings.Repeat("m", 70_000)},
		"citations": []any{map[string]any{"uri": "nowhere", "accessed_at": "2026-01-01T00:00:00Z"}},
	}
	want := []string{
		"a citation that cannot be one", "a confidence that is not from 0 to 1", "a namespace with signs that none can have: it gets another name",
		"a priority that is not from 1 to 10", "a tag over 128 bytes, which is cut", "a text over 64 KiB, which becomes several memories",
		"a title over 512 characters, which is cut", "an entity_id over 128 bytes", "metadata larger than 60 KiB", "metadata that is nested too deeply",
		"tags beyond the first 50",
	}
	for format, file := range documents(t, memory) {
		items, bad := read(t, file, importer.Options{})
		if d := cmp.Diff(want, losses(items)); d != "" || len(bad) > 0 {
			t.Errorf("%s: %s %q", format, d, bad)
		}
		list := memories(items)
		if len(list) != 2 || list[0].Draft.Namespace != "Weird-NS!" || list[0].Draft.Priority != 10 || *list[0].Draft.Confidence != 1 {
			t.Errorf("%s: %d memories", format, len(list))
		}
		for _, it := range list {
			fitsLimits(t, &it.Draft)
		}
	}
}

func TestWhatIsNotWhatItShouldBeIsReported(t *testing.T) {
	memory := map[string]any{
		"id": "1", "title": "x\u0000y", "content": "a\u0007b", "confidence": 1, "metadata": "no JSON", "tags": "[broken", "citations": "oops", "source_span": "oops",
	}
	want := []string{
		"a source_span that cannot be read", "citations that cannot be read", "control characters, which are left out",
		"metadata that are no JSON object, which are kept as a text", "tags that are no list, which are taken as they stand",
	}
	for format, file := range documents(t, memory) {
		items, bad := read(t, file, importer.Options{})
		if d := cmp.Diff(want, losses(items)); d != "" || len(bad) > 0 {
			t.Errorf("%s: %s %q", format, d, bad)
		}
		if m := memories(items)[0].Draft; m.Title != "xy" || m.Content != "ab" || !slices.Equal(m.Tags, []string{"[broken"}) || !strings.Contains(string(m.Metadata), "no JSON") {
			t.Errorf("%s: %+v %s", format, m, m.Metadata)
		}
	}
	for text, reason := range map[string]string{
		`{"title":"A","content":"x","colour":"red"}`:                                   "a field that memories do not have",
		`{"title":"A","content":"half \ud83d of it"}`:                                  "half of a surrogate pair, which is no character: U+FFFD stands there",
		`{"title":"A","content":"x","expires_at":"9999-12-31T00:00:00Z"}`:              "an expiry after 2261: the memory stays",
		`{"title":"A","content":"x","ttl_secs":99999999999}`:                           "an expiry after 2261: the memory stays",
		`{"title":"A","content":"x","namespace":"_agents"}`:                            "a memory of a reserved namespace, which a complete export has",
		`{"title":"A","content":"x","source_uri":"` + strings.Repeat("u", 5000) + `"}`: "a source_uri that cannot be one",
	} {
		items, _ := read(t, write(t, filepath.Join(t.TempDir(), "a.jsonl"), text), importer.Options{})
		if d := cmp.Diff([]string{reason}, losses(items)); d != "" {
			t.Errorf("%.80s: %s", text, d)
		}
	}
}

func TestWhatAFormatHasAndAMemoryDoesNotIsReported(t *testing.T) {
	tests := map[string]struct{ name, text, want string }{
		"an observation": {"memory.jsonl", `{"type":"entity","name":"A","observations":["x",{"odd":1},7]}`, "an observation that is no text"},
		"a vector":       {"m.json", `[{"id":"1","memory":"x","embedding":[0.1,0.2]}]`, "a vector: they are made anew"},
		"about the user": {"conversations.json", `[{"id":"c","title":"t","mapping":{"a":{"id":"a","message":{"id":"a","author":{"role":"user"},"content":{"content_type":"user_editable_context",
			"user_profile":"I like tea"},"weight":0}},"b":{"id":"b","parent":"a","message":{"id":"b","author":{"role":"user"},"content":{"content_type":"text","parts":["hi"]}}}},"current_node":"b"}]`, "what the program was told about its user"},
	}
	for name, tt := range tests {
		items, bad := read(t, write(t, filepath.Join(t.TempDir(), tt.name), tt.text), importer.Options{})
		if d := cmp.Diff([]string{tt.want}, losses(items)); d != "" || len(bad) > 0 || len(memories(items)) != 1 {
			t.Errorf("%s: %s %q", name, d, bad)
		}
	}
}

// A node takes no time to live of more than a year, and any time of expiry.
func TestALongTimeToLiveIsATimeOfExpiry(t *testing.T) {
	items, bad := read(t, write(t, filepath.Join(t.TempDir(), "a.jsonl"), `{"title":"A","content":"x","ttl_secs":40000000}`), importer.Options{})
	if len(bad) > 0 || len(losses(items)) > 0 || len(memories(items)) != 1 {
		t.Fatalf("%+v, %q", items, bad)
	}
	d := memories(items)[0].Draft
	if left := time.Until(d.ExpiresAt.Time); d.TTL != 0 || left < 39_990_000*time.Second || left > 40_000_000*time.Second {
		t.Errorf("it lives %d s, until %s", d.TTL, d.ExpiresAt)
	}
}

// Words that are no choice are somebody's mistake, and not to be guessed at.
func TestOurOwnFormatRefusesWordsThatAreNoChoice(t *testing.T) {
	for text, want := range map[string]string{
		`{"title":"A","content":"x","tier":"forever"}`:         `tier "forever": want one of short, mid, long`,
		`{"title":"A","content":"x","kind":"dream"}`:           `kind "dream": want one of`,
		`{"title":"A","content":"x","source":"me"}`:            `source "me": want one of`,
		`{"title":"A","content":"x","expires_at":"never"}`:     `expires_at "never": want RFC 3339`,
		`{"title":"A","content":"x","ttl_secs":-1}`:            `ttl_secs -1: want 1 or more`,
		`{"title":"A","content":"x","id":"a b"}`:               `id "a b": want`,
		`{"source_id":"a","target_id":"b","relation":"likes"}`: `relation "likes": want one of related_to`,
		`{"source_id":"a","relation":"supersedes"}`:            `a link without both ends`,
		`{"title":"A","content":{"text":"x"}}`:                 `no content`,
		`"a text"`:                                             `not a JSON object`,
	} {
		items, bad := read(t, write(t, filepath.Join(t.TempDir(), "a.json"), "["+text+"]"), importer.Options{})
		if len(items) > 0 || len(bad) != 1 || !strings.Contains(bad[0], want) {
			t.Errorf("%s: %q, want %q", text, bad, want)
		}
	}
}

func TestDuplicatesInASourceCountOnce(t *testing.T) {
	const dup = "a duplicate in the source: the first one counts"
	tests := map[string]struct {
		name, text string
		want       []string // contents
		lost       bool
	}{
		"own, by title":          {"a.jsonl", `{"title":"D","content":"1"}` + "\n" + `{"title":"D","content":"2"}`, []string{"1"}, true},
		"own, by id":             {"a.jsonl", `{"id":"k","title":"D","content":"1"}` + "\n" + `{"id":"k","title":"E","content":"2"}`, []string{"1"}, true},
		"own, in two namespaces": {"a.jsonl", `{"title":"D","content":"1","namespace":"x"}` + "\n" + `{"title":"D","content":"2","namespace":"y"}`, []string{"1", "2"}, false},
		"own, of two agents":     {"a.jsonl", `{"title":"D","content":"1","agent_id":"a"}` + "\n" + `{"title":"D","content":"2","agent_id":"b"}`, []string{"1", "2"}, false},
		"own, two ids":           {"a.jsonl", `{"id":"k","title":"D","content":"1"}` + "\n" + `{"id":"l","title":"D","content":"2"}`, []string{"1", "2"}, false},
		"ai-memory":              {"a.json", `{"memories":[{"id":"k","title":"t","content":"1","tier":"mid","created_at":"2026-01-01"},{"id":"k","title":"t","content":"2"}]}`, []string{"1"}, true},
		"mem0":                   {"a.json", `[{"id":"k","memory":"1"},{"id":"k","memory":"2"}]`, []string{"1"}, true},
		"chunks, equal":          {"a.jsonl", `{"text":"1","metadata":{}}` + "\n" + `{"text":"1","metadata":{}}`, []string{"1"}, true},
		"chunks, alike":          {"a.jsonl", `{"text":"1\n2","metadata":{}}` + "\n" + `{"text":"1\n3","metadata":{}}`, []string{"1\n2", "1\n3"}, false},
		"chats": {
			"a.json", `[{"uuid":"u","name":"x","chat_messages":[{"uuid":"m","sender":"human","text":"1"}]},{"uuid":"u","name":"x","chat_messages":[{"uuid":"m","sender":"human","text":"1"}]}]`,
			[]string{"User: 1"},
			true,
		},
		"links": {"a.jsonl", `{"id":"k","title":"D","content":"1"}` + "\n" + `{"source_id":"k","target_id":"l"}` + "\n" + `{"source_id":"k","target_id":"l","relation":"related_to"}`, []string{"1"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			items, bad := read(t, write(t, filepath.Join(t.TempDir(), tt.name), tt.text), importer.Options{})
			if d := cmp.Diff(tt.want, contents(items)); d != "" || len(bad) > 0 {
				t.Error(d, bad)
			}
			if got := slices.Contains(losses(items), dup); got != tt.lost {
				t.Errorf("reported %v: %q", got, losses(items))
			}
			seen := map[string]bool{}
			for _, it := range memories(items) {
				if key := it.Draft.Namespace + it.Owner + it.Draft.Title; seen[key] {
					t.Errorf("two are titled %q", it.Draft.Title)
				} else {
					seen[key] = true
				}
			}
		})
	}
}

func TestWhatIsPrivateStaysSo(t *testing.T) {
	tests := map[string]struct {
		owner, scope string
		agent        string // who imports
		refused      bool
		want         string // the scope that it has then
		by           string // whose it becomes; "": that of who imports
	}{
		"an owner":                                 {"ann", "", "", false, "", "ann"},
		"an owner, private":                        {"ann", "private", "bob", false, "private", "ann"},
		"an owner, spelt otherwise":                {"ann", " Private ", "", false, "private", "ann"},
		"an owner, for all":                        {"ann", "collective", "", false, "collective", "ann"},
		"an owner, for a team":                     {"ann", "team", "", false, "private", "ann"},
		"an owner, misspelt":                       {"ann", "privat", "", false, "private", "ann"},
		"no name for an agent":                     {"ann marie", "private", "", true, "", ""},
		"no name for an agent, without a scope":    {"ann marie", "", "", true, "", ""},
		"no name for an agent, imported by one":    {"ann marie", "private", "bob", false, "private", ""},
		"no name for an agent, for all":            {"ann marie", "collective", "", false, "collective", ""},
		"the program itself, private":              {"daemon", "private", "", true, "", ""},
		"the program itself":                       {"daemon", "", "", false, "", ""},
		"nobody, private":                          {"", "private", "", true, "", ""},
		"nobody, for a team":                       {"", "team", "", true, "", ""},
		"nobody, private, imported by an agent":    {"", "private", "bob", false, "private", ""},
		"a caller without a name, private":         {"anonymous:1", "private", "", true, "", ""},
		"a caller without a name, without a scope": {"anonymous:1", "", "", false, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			meta := map[string]any{}
			if tt.owner != "" {
				meta["agent_id"] = tt.owner
			}
			if tt.scope != "" {
				meta["scope"] = tt.scope
			}
			for format, file := range documents(t, map[string]any{"id": "1", "title": "T", "content": "x", "confidence": 1, "metadata": meta}) {
				items, bad := read(t, file, importer.Options{Agent: tt.agent})
				list := memories(items)
				if tt.refused {
					if len(list) > 0 || len(bad) != 1 || !strings.Contains(bad[0], "--agent") {
						t.Errorf("%s: %q, %q", format, contents(items), bad)
					}
					continue
				}
				if len(list) != 1 || len(bad) > 0 || list[0].Owner != tt.by {
					t.Fatalf("%s: %+v, %q", format, list, bad)
				}
				var got struct {
					Scope string `json:"scope"`
				}
				if raw := list[0].Draft.Metadata; len(raw) > 0 {
					if err := json.Unmarshal(raw, &got); err != nil {
						t.Fatal(err)
					}
				}
				if got.Scope+list[0].Draft.Scope != tt.want {
					t.Errorf("%s: scope %q %q, want %q", format, got.Scope, list[0].Draft.Scope, tt.want)
				}
			}
		})
	}
}

func TestWhatHasExpiredGoesToTheArchive(t *testing.T) {
	past, future := time.Now().Add(-time.Hour).Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339)
	for format, file := range documents(t,
		map[string]any{"id": "1", "title": "gone", "content": "x", "confidence": 1, "expires_at": past},
		map[string]any{"id": "2", "title": "there", "content": "x", "confidence": 1, "expires_at": future},
		map[string]any{"title": "nameless", "content": "x", "confidence": 1, "expires_at": past}) {
		items, bad := read(t, file, importer.Options{})
		list := memories(items)
		if len(list) != 3 || len(bad) > 0 {
			t.Fatalf("%s: %q, %q", format, titles(items), bad)
		}
		for i, archive := range []string{"ttl_expired", "", "ttl_expired"} {
			d := list[i].Draft
			if list[i].Archive != archive || (archive == "") != (d.ExpiresAt != nil) || d.ID == "" {
				t.Errorf("%s: %q %+v", format, list[i].Archive, d)
			}
		}
	}
}

func TestNamesThatLookTheSameAreTheSame(t *testing.T) {
	const composed, decomposed = "Caf\u00e9", "Cafe\u0301"
	of := func(name string) importer.Item {
		text := `{"title":"` + name + `","content":"` + name + `","namespace":"` + name + `","tags":["` + name + `"]}`
		items, _ := read(t, write(t, filepath.Join(t.TempDir(), "a.jsonl"), text), importer.Options{})
		return memories(items)[0]
	}
	a, b := of(composed), of(decomposed)
	if a.Draft.Title != b.Draft.Title || a.Draft.Namespace != b.Draft.Namespace || !slices.Equal(a.Draft.Tags, b.Draft.Tags) {
		t.Errorf("%+v\n%+v", a.Draft, b.Draft)
	}
	if a.Draft.Content != composed || b.Draft.Content != decomposed {
		t.Error("a text was changed")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, decomposed+".md"), "x")
	if items, _ := read(t, dir, importer.Options{}); memories(items)[0].Draft.Title != composed+".md" {
		t.Errorf("%q", titles(items))
	}
}

func TestTwoNamesDoNotBecomeOneNamespace(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "a.json"), `[{"id":"1","memory":"x","user_id":"a b"},{"id":"2","memory":"y","user_id":"a-b"},{"id":"3","memory":"z","user_id":"a b"}]`)
	items, _ := read(t, file, importer.Options{})
	list := memories(items)
	if a, b, c := list[0].Draft.Namespace, list[1].Draft.Namespace, list[2].Draft.Namespace; a == b || a != c {
		t.Errorf("%q %q %q", a, b, c)
	}
}
