package verb

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/memory"
)

func TestVerbsHaveNamesOfTheirOwnAndSayWhatTheyDo(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range Table(Deps{}) {
		if seen[v.Name] || v.Name == "" {
			t.Errorf("%q is the name of two verbs, or of one without", v.Name)
		}
		seen[v.Name] = true
		if v.Summary == "" || strings.HasSuffix(v.Summary, ".") || v.Summary[:1] != strings.ToLower(v.Summary[:1]) {
			t.Errorf("%s: summary %q: want a line in small letters, without a full stop", v.Name, v.Summary)
		}
		if len(v.Answers) == 0 {
			t.Errorf("%s gives nothing", v.Name)
		}
		if v.Family != "" && !slices.ContainsFunc(families(), func(f family) bool { return f.name == v.Family }) {
			t.Errorf("%s is of the family %q, which is none", v.Name, v.Family)
		}
	}
}

// What a field means stands beside it, and what is no number, no truth value, no
// time and no word of a list has an example.
func TestEveryFieldHasAWordAndAnExample(t *testing.T) {
	seen := map[reflect.Type]bool{}
	for _, v := range Table(Deps{}) {
		check(t, seen, reflect.TypeOf(v.Input()))
		for _, a := range v.Answers {
			for _, shape := range a.Shapes {
				check(t, seen, reflect.TypeOf(shape))
			}
		}
	}
}

// A null where a value narrows what is meant is no way to mean more: a change refuses it,
// and a read says that it went on without.
func TestANullDoesNotMeanMore(t *testing.T) {
	narrowing := 0
	for _, v := range Table(Deps{}) {
		for i := range v.args.fields {
			f := &v.args.fields[i]
			says := strings.HasPrefix(f.rules.Description, "Only ") || f.name == "dry_run"
			if says && !f.only && v.Name != "memory_subscribe" { // which shows what it has made of it
				t.Errorf("%s: %s narrows what is meant, and no tag says so", v.Name, f.name)
			}
			if !f.only || f.in != "" {
				continue
			}
			narrowing++
			names := []string{f.name}
			for other, name := range v.args.aliases {
				if name == f.name {
					names = append(names, other)
				}
			}
			for _, name := range names {
				r := &reading{arguments: &v.args, in: reflect.New(v.args.typ).Elem(), given: map[string]bool{}}
				err := r.body([]byte(`{"`+name+`":null}`), false)
				var p *Problem
				switch {
				case v.Strict() && (!errors.As(err, &p) || p.Code != client.CodeInvalid || !slices.Contains(p.Fields, name)):
					t.Errorf("%s takes a null for %s: %v", v.Name, name, err)
				case !v.Strict() && (err != nil || !slices.Contains(r.ignored, name) || r.given[f.name]):
					t.Errorf("%s: a null for %s: left out %v, %v", v.Name, name, r.ignored, err)
				}
			}
		}
	}
	if narrowing < 30 {
		t.Errorf("only %d fields narrow anything", narrowing)
	}
}

func check(t *testing.T, seen map[reflect.Type]bool, of reflect.Type) {
	t.Helper()
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || seen[of] || of == reflect.TypeFor[client.Time]() {
		return
	}
	seen[of] = true
	for _, f := range reflect.VisibleFields(of) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "" || tag == "-" {
			continue
		}
		if f.Tag.Get("doc") == "" {
			t.Errorf("%s.%s has no doc tag", of, f.Name)
		}
		_, example := f.Tag.Lookup("example")
		if isText(f.Type) && !example && f.Tag.Get("enum") == "" && f.Tag.Get("pattern") == "" {
			t.Errorf("%s.%s has no example", of, f.Name)
		}
		check(t, seen, f.Type)
	}
}

func isText(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.String && t != reflect.TypeFor[client.Code]()
}

// The words of enumerations stand in tags, because the public package cannot ask
// the vocabulary.
func TestEnumerationsAreThoseOfTheVocabulary(t *testing.T) {
	want := map[string][]string{
		"Draft.source": memory.Sources(), "Draft.kind": memory.MemoryKinds(), "Draft.confidence_source": memory.ConfidenceSources(),
		"Memory.source": memory.Sources(), "Memory.memory_kind": memory.MemoryKinds(), "Memory.confidence_source": memory.ConfidenceSources(),
		"Link.relation": memory.Relations(), "Link.attest_level": memory.AttestLevels(), "LinkInput.relation": memory.Relations(),
		"UnlinkInput.relation": memory.Relations(), "InvalidateInput.relation": memory.Relations(), "Edge.relation": memory.Relations(),
	}
	for _, of := range []reflect.Type{
		reflect.TypeFor[client.Draft](), reflect.TypeFor[client.Memory](), reflect.TypeFor[client.Link](), reflect.TypeFor[client.LinkInput](),
		reflect.TypeFor[client.UnlinkInput](), reflect.TypeFor[client.InvalidateInput](), reflect.TypeFor[client.Edge](),
	} {
		for _, f := range reflect.VisibleFields(of) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if words, listed := want[of.Name()+"."+name]; listed {
				if got := strings.Split(f.Tag.Get("enum"), ","); !slices.Equal(got, words) {
					t.Errorf("%s.%s: enum %v, want %v", of.Name(), name, got, words)
				}
				delete(want, of.Name()+"."+name)
			}
		}
	}
	for name := range want {
		t.Errorf("there is no field %s", name)
	}
}

func TestRecallBudgets(t *testing.T) {
	hits := make([]query.Scored, 3)
	for i := range hits {
		hits[i].Memory.Content = strings.Repeat("x", 40) // 10 tokens
	}
	tests := map[string]struct {
		budget, kept, used int
		overflow           bool
	}{
		"none":      {-1, 3, 30, false},
		"zero":      {0, 0, 0, false},
		"too small": {5, 1, 10, true},
		"for two":   {29, 2, 20, false},
		"exact":     {30, 3, 30, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body := recalled(query.Recalled{Hits: hits}, tt.budget)
			if body.Count != tt.kept || body.TokensUsed != tt.used {
				t.Errorf("kept %v, used %v, want %d, %d", body.Count, body.TokensUsed, tt.kept, tt.used)
			}
			if (body.Meta == nil) != (tt.budget < 0) || body.Meta != nil && body.Meta.Overflow != tt.overflow {
				t.Errorf("meta %+v", body.Meta)
			}
		})
	}
}

func TestEventsAreUnderstoodInTheWordsOfSDKs(t *testing.T) {
	for name, want := range map[string]string{
		"memory.stored": memory.EventStore, "memory.created": memory.EventStore, "memory.updated": memory.EventUpdate,
		"memory.deleted": memory.EventDelete, "memory.archived": memory.EventArchive, "memory.restored": memory.EventRestore,
		"memory.promoted": memory.EventPromote, "memory.consolidated": memory.EventConsolidated,
		memory.EventStore: memory.EventStore, memory.EventDecided: memory.EventDecided, "*": "*",
	} {
		if got := eventName(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestWhatAChangeDoesNotUnderstandIsRefusedAndWhatAReadDoesNotIsNamed(t *testing.T) {
	table := Table(Deps{})
	for name, body := range map[string]string{
		"memory_store":       `{"title":"x","content":"y","tierr":"long"}`,
		"memory_forget":      `{"namespace":"x","patern":"y"}`,
		"memory_unlink":      `{"source_id":"a","target_id":"b","Relation":"related_to"}`,
		"memory_update":      `{"title":"x","title":"y"}`,
		"memory_store_bulk":  `{"memories":[],"dry":true}`,
		"memory_consolidate": `{"ids":["a","b"],"title":"x","dryrun":true}`,
	} {
		v := Find(table, name)
		_, _, _, err := v.args.read(Args{Body: []byte(body), Path: idIs("a")}, "me")
		if p := ProblemOf(err, "me"); err == nil || p.Code != client.CodeUnknownField || len(p.Fields) != 1 {
			t.Errorf("%s %s: %v", name, body, err)
		}
	}
	v := Find(table, "memory_recall")
	in, _, ignored, err := v.args.read(Args{Body: []byte(`{"query":"x","LIMIT":5,"citations":[{"x":1}]}`), Query: map[string][]string{"zz": {"1"}}}, "me")
	if err != nil || !slices.Equal(ignored, []string{"LIMIT", "citations", "zz"}) {
		t.Fatalf("ignored %v, error %v", ignored, err)
	}
	if got := in.(*client.RecallInput); got.Limit != 0 || got.Context != "x" {
		t.Errorf("read %+v", got)
	}
}

// Every verb, in its body and in its query: a change is refused for what it does not
// know before it is for what it lacks, and no read takes it for something else.
func TestNoVerbReadsWhatItDoesNotKnow(t *testing.T) {
	const stranger = "zz_unknown"
	for _, v := range Table(Deps{}) {
		for place, args := range map[string]Args{
			"body":  {Body: []byte(`{"` + stranger + `":{"id":"a"}}`), Path: idIs("a")},
			"query": {Query: map[string][]string{stranger: {"1"}}, Path: idIs("a")},
			"tool":  {Body: []byte(`{"` + stranger + `":1}`), Flat: true},
		} {
			_, given, ignored, err := v.args.read(args, "me")
			p := &Problem{}
			if err != nil {
				p = ProblemOf(err, "me")
			}
			switch {
			case v.Strict() && (p.Code != client.CodeUnknownField || !slices.Equal(p.Fields, []string{stranger})):
				t.Errorf("%s with %s in its %s: %v", v.Name, stranger, place, err)
			case !v.Strict() && err == nil && !slices.Equal(ignored, []string{stranger}) || given[stranger]:
				t.Errorf("%s with %s in its %s: ignored %v, given %v", v.Name, stranger, place, ignored, given)
			case !v.Strict() && p.Code == client.CodeUnknownField:
				t.Errorf("%s reads, and is refused: %v", v.Name, err)
			}
		}
	}
}

func TestNumbersAndTimesAreReadAsJSONHasThem(t *testing.T) {
	v := Find(Table(Deps{}), "memory_store")
	body := `{"title":"x","content":"y","priority":5.0,"ttl_secs":6e1,"expires_at":"2030-01-01t00:00:60z"}`
	in, _, _, err := v.args.read(Args{Body: []byte("\ufeff" + body)}, "me")
	if err != nil {
		t.Fatal(err)
	}
	got := in.(*client.StoreInput)
	if got.Priority != 5 || got.TTL != 60 || got.ExpiresAt.String() != "2030-01-01T00:01:00.000000000+00:00" || got.Title != "x" {
		t.Errorf("read %+v, expires %s", got, got.ExpiresAt)
	}
}

// idIs is a path that names an id.
func idIs(id string) func(string) string {
	return func(name string) string {
		if name == "id" {
			return id
		}
		return ""
	}
}

// A member of a JSON object is found by the scanner as encoding/json finds it.
func TestTheScannerFindsWhatEncodingJSONFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(object(3).Draw(t, "object"))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]json.RawMessage{}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		n := 0
		members(raw, func(key string, value []byte) {
			n++
			if string(want[key]) != string(value) {
				t.Errorf("%q is %s, want %s", key, value, want[key])
			}
		})
		if n != len(want) {
			t.Errorf("%d members, want %d in %s", n, len(want), raw)
		}
	})
}

func object(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		out := map[string]any{}
		for _, key := range rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "keys") {
			switch n := rapid.IntRange(0, 5).Draw(t, "kind"); {
			case n == 0 && depth > 0:
				out[key] = object(depth-1).Draw(t, "nested")
			case n == 1 && depth > 0:
				out[key] = []any{object(depth-1).Draw(t, "item"), 1, "]", nil}
			case n == 2:
				out[key] = rapid.Float64Range(-1e6, 1e6).Draw(t, "number")
			case n == 3:
				out[key] = nil
			default:
				out[key] = rapid.String().Draw(t, "text")
			}
		}
		return out
	})
}

// FuzzArguments feeds every verb with bodies and queries: none panics, and each
// either says by a code below 500 what is wrong, or gives a value.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		`{"title":"x","content":"y","tags":["a"],"metadata":{"a":[1]},"expires_at":"2100-01-01T00:00:00Z","embedding":{"model":"m","vector":"AACAPw=="}}`,
		`{"source_id":"a","to":"b","rel_type":"related_to"}`, `{"context":"x","limit":"5","tags":["a"],"kinds":"a,b"}`, `[{"title":"x"},5]`,
		`{"memories":null}`, `{"standard":{"namespace":"a","governance":{"write":"any"}}}`, `{"expires_at":null,"metadata":null}`, `{"ids":["a",""],"title":1e400}`,
		"\"\xff\"", `{"dots":["a.1.1"]}`, ``, `{"a":"\ud800","limit":1e9}`, `[]`, `{"priority":` + strings.Repeat("9", 30) + `}`,
	} {
		f.Add([]byte(seed), "limit=5&since=2026-01-01T00:00:00Z&tags=a&erase", `"3"`)
	}
	table := Table(Deps{})
	f.Fuzz(func(t *testing.T, body []byte, query, header string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			values = nil
		}
		args := Args{Body: body, Query: values, Path: idIs(header), Header: func(string) string { return header }}
		for i := range table {
			in, _, _, err := table[i].args.read(args, "me")
			if err == nil {
				if list, is := in.(*client.ListInput); is && (list.Limit < 0 || list.Limit > maxList || list.MinPriority > 10) {
					t.Errorf("%s: %+v", table[i].Name, list)
				}
				continue
			}
			row, known := ProblemOf(err, "me").Code.Row()
			if !known || row.Status >= 500 || err.Error() == "" {
				t.Errorf("%s: status %d for %v", table[i].Name, row.Status, err)
			}
		}
	})
}

// What reads as nothing is not nothing, if it is given: the beginning of time as
// computers and as Go count it, and texts without a character.
func TestWhatIsGivenIsNeverTakenForAbsent(t *testing.T) {
	table := Table(Deps{})
	for name, in := range map[string]struct{ verb, body, field string }{
		"the first year":        {"memory_list", `{"until":"0001-01-01T00:00:00Z"}`, "until"},
		"a past that is none":   {"memory_recall", `{"context":"x","as_of":"0001-01-01T00:00:00Z"}`, "as_of"},
		"a number before all":   {"memory_recall", `{"context":"x","as_of_lsn":0}`, "as_of_lsn"},
		"the end of a memory":   {"memory_store", `{"title":"x","content":"y","expires_at":"0001-01-01T00:00:00Z"}`, "expires_at"},
		"no title":              {"memory_list", `{"title":""}`, "title"},
		"nobody":                {"memory_list", `{"owner":""}`, "owner"},
		"no member":             {"memory_list", `{"held_by":""}`, "held_by"},
		"an empty signature":    {"memory_store", `{"title":"x","content":"y","signature":""}`, "signature"},
		"a standard of nothing": {"memory_namespace_set_standard", `{"namespace":"n","id":""}`, "id"},
		"an offset of a day":    {"memory_list", `{"since":"2030-01-01T00:00:00+24:00"}`, "since"},
		"a comma for a point":   {"memory_list", `{"since":"2030-01-01T00:00:00,5Z"}`, "since"},
	} {
		_, err := Find(table, in.verb).Do(t.Context(), &Call{}, Args{Body: []byte(in.body)})
		if p := ProblemOf(err, "alice"); p == nil || !slices.Equal(p.Fields, []string{in.field}) {
			t.Errorf("%s: %v, want the field %s to be refused", name, err, in.field)
		}
	}
}

func TestTheBeginningOf1970IsATime(t *testing.T) {
	var start client.Time
	if err := start.UnmarshalText([]byte("1970-01-01T00:00:00Z")); err != nil {
		t.Fatal(err)
	}
	f, err := FilterOf("me", 0, &client.Filter{Since: start, Until: start})
	if err != nil || f.Since != 1 || f.Until != 1 {
		t.Errorf("since %d, until %d (%v): want the first nanosecond, not none", f.Since, f.Until, err)
	}
	for _, text := range []string{"1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"} {
		if at, err := clearable(&text); at == 0 && err == nil {
			t.Errorf("an expiry %s is taken for none", text)
		}
	}
}
