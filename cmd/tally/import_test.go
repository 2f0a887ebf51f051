package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/carry"
)

// put writes a file of the test.
func put(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func alone(t *testing.T, name string) *daemon {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a process")
	}
	return serve(t, "--node", name, "--listen", "127.0.0.1:0", "--data", t.TempDir())
}

// A dry run and the import that follows agree in what is written, what is lost,
// and how they end; a repetition writes nothing.
func TestADryRunSaysWhatTheImportWillDo(t *testing.T) {
	d := alone(t, "a")
	d.tally("remember", "There", "as it is", "--namespace", "plan")
	d.tally("remember", "Changed", "as it was", "--namespace", "plan")
	must[any](d, "remember", "Anns", "x", "--id", "anns", "--agent", "ann")
	must[any](d, "remember", "Open", "as it was", "--namespace", "plan", "--agent", "ann", "--scope", "collective")
	must[any](d, "remember", "Erased", "x", "--id", "erased")
	must[any](d, "erase", "erased", "--yes")
	must[any](d, "remember", "Kept", "x", "--id", "kept")
	must[any](d, "namespace", "set", "asked", "--governance", `{"write":"approve","approver":{"agent":"boss"}}`)
	must[any](d, "remember", "Ruled", "as it was", "--namespace", "ruled")
	must[any](d, "namespace", "set", "ruled", "--governance", `{"write":"approve","approver":{"agent":"boss"}}`)
	expired := `{"id":"%","title":"%","content":"x","namespace":"plan","expires_at":"2025-01-01T00:00:00Z"}`
	tests := map[string]struct {
		name, text string
		code       int
	}{
		"lines": {"a.jsonl", strings.Join([]string{
			`{"title":"There","content":"as it is","namespace":"plan"}`, `{"title":"Changed","content":"as it will be","namespace":"plan"}`,
			`{"id":"n1","title":"New","content":"x","namespace":"plan"}`, `{"title":"New","content":"another","namespace":"plan"}`,
			strings.ReplaceAll(expired, "%", "e1"), `{"source_id":"n1","target_id":"e1"}`, `{"source_id":"n1","target_id":"n1x","relation":"supersedes"}`,
		}, "\n"), exitOther},
		"all is well": {"b.jsonl", `{"id":"w1","title":"W1","content":"x"}` + "\n" + `{"id":"w2","title":"W2","content":"x"}` + "\n" + `{"source_id":"w1","target_id":"w2"}`, exitOK},
		"unreadable":  {"c.jsonl", "{\"title\":\"U\",\"content\":\"x\"}\noops\n\xff\n{\"title\":\"V\"}\n", exitOther},
		"ai-memory": {"d.json", `{"memories":[{"id":"p","title":"P","content":"x","tier":"mid","created_at":"2025-01-01","namespace":"aim","metadata":{"agent_id":"ann"}},
			{"id":"q","title":"Q","content":"x","tier":"mid","created_at":"2025-01-01","namespace":"aim","expires_at":"2025-02-01","metadata":{"agent_id":"ann"}},
			{"id":"r","title":"R","content":"x","tier":"mid","created_at":"2025-01-01","namespace":"aim","metadata":{"agent_id":"bob"}}],
			"links":[{"source_id":"p","target_id":"q"},{"source_id":"r","target_id":"p"},{"source_id":"p","target_id":"none"}]}`, exitOK},
		"another's id":          {"g.jsonl", `{"id":"anns","title":"Mine","content":"x"}`, exitOther},
		"another's text":        {"h.jsonl", `{"title":"Open","content":"changed","namespace":"plan"}`, exitOther},
		"erased":                {"i.jsonl", `{"id":"erased","title":"Erased","content":"x"}`, exitOK},
		"to itself":             {"j.jsonl", `{"id":"s1","title":"S","content":"x"}` + "\n" + `{"source_id":"s1","target_id":"s1"}`, exitOther},
		"by approval":           {"k.jsonl", `{"title":"Asked","content":"x","namespace":"asked"}`, exitOK},
		"an edit by approval":   {"m.jsonl", `{"title":"Ruled","content":"changed","namespace":"ruled"}`, exitOK},
		"renamed in the source": {"n.jsonl", `{"id":"kept","title":"Another","content":"y","namespace":"elsewhere"}`, exitOK},
		"kept since":            {"l.jsonl", `{"id":"kept","title":"Kept","content":"x","created_at":"2025-01-01T00:00:00Z","expires_at":"2025-01-02T00:00:00Z"}`, exitOK},
		"breaks off":            {"e.json", `[{"title":"B1","content":"x"},{"title":"B2","con`, exitOther},
		"nothing there":         {"f.jsonl", "", exitOK},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := put(t, tt.name, tt.text)
			before := d.digest()
			tried := d.tally("import", file, "--dry-run", "--json")
			plan := parse[importPlan](t, tried.out)
			if d.digest() != before || !plan.Node {
				t.Error("the dry run wrote, or asked no node")
			}
			got := d.tally("import", file, "--json")
			r := parse[carry.Report](t, got.out)
			want := importPlan{
				Format: plan.Format, Memories: plan.Memories, Bytes: plan.Bytes, Namespaces: plan.Namespaces, Node: true,
				Links: r.Links, Unreadable: r.Unreadable, Archived: r.Archived, Standards: r.Standards, Skipped: r.Skipped, Pending: r.Pending, Failed: r.Failed,
				Lost: r.Lost, Written: r.Written, Updated: r.Updated, Unchanged: r.Unchanged,
			}
			if d := cmp.Diff(want, plan); d != "" || tried.code != got.code || got.code != tt.code {
				t.Errorf("codes %d, %d, want %d: %s\n%s", tried.code, got.code, tt.code, d, got.err)
			}
			after := d.digest()
			again := parse[carry.Report](t, d.tally("import", file, "--json").out)
			if again.Written != 0 || again.Links != 0 || again.LinksUnchanged != r.Links || len(again.Durability) > 0 || d.digest() != after {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

func TestAnImportOfNothingSaysSo(t *testing.T) {
	d := alone(t, "a")
	for name, path := range map[string]string{"a folder": t.TempDir(), "a file": put(t, "a.jsonl", ""), "a note": put(t, "a.md", "\n")} {
		for _, flag := range []string{"--json", "--dry-run"} {
			if got := d.tally("import", path, flag); got.code != exitOK || !strings.Contains(got.err, "nothing to import: "+path+" holds no memories") {
				t.Errorf("%s %s: %+v", name, flag, got)
			}
		}
	}
}

// An export of all agents comes back with its links, also those that only their
// owner can draw.
func TestLinksComeBackInTheirOwnersName(t *testing.T) {
	a := alone(t, "a")
	id := func(title, scope, agent string) string {
		return must[client.Outcome](a, "remember", title, "x", "--agent", agent, "--scope", scope).ID
	}
	mine, theirs, shared := id("Mine", "private", "ann"), id("Theirs", "private", "bob"), id("Shared", "collective", "bob")
	a.tally("link", mine, shared, "--agent", "ann")
	a.tally("link", theirs, shared, "--agent", "bob")
	file := filepath.Join(t.TempDir(), "all.jsonl")
	must[any](a, "export", "--all", "--output", file)

	b := alone(t, "b")
	if r := must[carry.Report](b, "import", file); r.Links != 2 || r.Failed != 0 || r.Written != 3 {
		t.Errorf("%+v", r)
	}
	type shown struct{ Links []client.Link }
	for agent, source := range map[string]string{"ann": mine, "bob": theirs} {
		if got := must[shown](b, "get", source, "--agent", agent); len(got.Links) != 1 || got.Links[0].Target != shared {
			t.Errorf("%s: %+v", agent, got)
		}
	}
	if r := must[carry.Report](b, "import", file); r.Links != 0 || r.LinksUnchanged != 2 || r.Written != 0 {
		t.Errorf("again: %+v", r)
	}
	bad := put(t, "l.jsonl", `{"source_id":"`+shared+`","target_id":"none"}`)
	if got := b.tally("import", bad); got.code != exitOther || !strings.Contains(got.err, "link "+shared+" → none: ") {
		t.Errorf("%+v", got)
	}
}

// What could be read of a source that breaks off is written.
func TestASourceThatBreaksOffKeepsWhatCameBefore(t *testing.T) {
	d := alone(t, "a")
	var doc strings.Builder
	doc.WriteString("[")
	for range 40 {
		doc.WriteString(`{"id":"` + strings.Repeat("x", doc.Len()%90+1) + `","title":"t","content":"x"},`)
	}
	got := d.tally("import", put(t, "m.json", doc.String()+`{"title":`), "--json")
	r := parse[carry.Report](t, got.out)
	page := must[client.Page](d, "list", "--limit", "1000")
	if got.code != exitOther || r.Written == 0 || page.Count != r.Written || !strings.Contains(got.err, "unexpected EOF") {
		t.Errorf("%d there, %+v, %s", page.Count, r, got.err)
	}
}

func TestAPackedCompleteExportRestoresANode(t *testing.T) {
	a := alone(t, "a")
	a.tally("remember", "T", "x")
	raw := a.tally("export", "--complete").out
	b := alone(t, "b")
	if l := must[client.Loaded](b, "import", put(t, "node.jsonl.gz", gzipped(t, raw))); !l.Equal || b.digest() != a.digest() {
		t.Errorf("%+v", l)
	}
	damaged := gzipped(t, strings.Replace(raw, `"T"`, `"U"`, 1))
	before := b.digest()
	if got := b.tally("import", put(t, "bad.jsonl.gz", damaged)); got.code == exitOK || b.digest() != before {
		t.Errorf("%+v", got)
	}
}

// An editor, or the redirection of a shell, may have written the export in another encoding
// and with other ends of lines.
func TestACompleteExportIsReadAsAnEditorSavesIt(t *testing.T) {
	a := alone(t, "a")
	a.tally("remember", "T", "déjà vu 😀")
	raw := a.tally("export", "--complete").out
	crlf := strings.ReplaceAll(raw, "\n", "\r\n")
	wide := func(s string) string {
		out := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(s)) {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
		return string(out)
	}
	for name, text := range map[string]string{
		"a mark": "\ufeff" + raw, "CR LF": crlf, "UTF-16": wide(raw), "UTF-16, CR LF": wide(crlf), "UTF-16, packed": gzipped(t, wide(crlf)),
	} {
		b := alone(t, "b")
		if l := must[client.Loaded](b, "import", put(t, "node.jsonl", text)); !l.Equal || b.digest() != a.digest() {
			t.Errorf("%s: %+v", name, l)
		}
		c := alone(t, "c")
		if got := tally(t, []string{"TALLY_SERVER=" + c.url}, text, "import", "-"); got.code != exitOK || c.digest() != a.digest() {
			t.Errorf("%s, a stream: %+v", name, got)
		}
		before := b.digest()
		if got := b.tally("import", put(t, "bad.jsonl", text[:len(text)/2]+"x"+text[len(text)/2+1:])); got.code == exitOK || b.digest() != before {
			t.Errorf("%s, damaged: %+v", name, got)
		}
	}
}

func TestMessagesNameWhatWasAskedFor(t *testing.T) {
	d := alone(t, "a")
	dir := t.TempDir()
	none := filepath.Join(dir, "none", "x.jsonl")
	for want, args := range map[string][]string{
		"write " + none + ": no such file":   {"export", "--output", none},
		"export: " + dir + " is a folder":    {"export", "--output", dir},
		"import: " + none + ": no such file": {"import", none},
	} {
		if got := d.tally(args...); got.code == exitOK || !strings.Contains(got.err, want) {
			t.Errorf("%v: %+v, want %q", args, got, want)
		}
	}
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
