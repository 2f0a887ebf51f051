package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/carry"
)

func single(t *testing.T) *daemon {
	t.Helper()
	return serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
}

// reads runs a client command that has to succeed and returns what a person reads.
func (d *daemon) reads(args ...string) string {
	d.t.Helper()
	got := d.tally(args...)
	if got.code != exitOK {
		d.t.Fatalf("%v: code %d, %s", args, got.code, got.err)
	}
	return got.out
}

type shown struct {
	Memory client.Memory `json:"memory"`
	Links  []client.Link `json:"links"`
	State  string        `json:"state"`
	Reason string        `json:"reason"`
}

func TestAMemoryIsWrittenReadAndEdited(t *testing.T) {
	d := single(t)
	out := must[client.Outcome](d, "remember", "Gate code", "It is 4711.", "-n", "home", "-t", "keys,doors", "-p", "7", "--tier", "long",
		"--metadata", `{"k":1}`, "--source-uri", "doc:x", "--confidence", "0.5", "--kind", "event", "--durability", "all", "--idempotency-key", "k1")
	m := out.Memory
	if out.ID != m.ID || m.Content != "It is 4711." || m.Namespace != "home" || !slices.Equal(m.Tags, []string{"keys", "doors"}) || m.Priority != 7 ||
		m.Tier != "long" || m.SourceURI != "doc:x" || m.Confidence != 0.5 || m.MemoryKind != "event" || m.Source != "cli" || m.Version != 1 {
		t.Errorf("memory %+v", m)
	}
	if out.Receipt == nil || out.Receipt.W != 1 || !slices.Equal(out.Receipt.HeldBy, []string{"a"}) {
		t.Errorf("receipt %+v", out.Receipt)
	}
	short := out.ID
	got := must[shown](d, "get", short)
	if got.Memory.ID != out.ID || got.Memory.Title != "Gate code" || got.Links == nil {
		t.Errorf("get %+v", got)
	}
	if text := d.reads("get", short, "--content"); text != "It is 4711." {
		t.Errorf("text %q", text)
	}
	if text := d.reads("get", short); !strings.Contains(text, "Gate code") || !strings.Contains(text, "keys, doors") || !strings.Contains(text, "\nIt is 4711.\n") {
		t.Errorf("for people: %s", text)
	}

	edited := must[client.Outcome](d, "update", short, "It is 4712.", "--if-version", "1", "--tag", "")
	if edited.Memory.Content != "It is 4712." || edited.Memory.Version != 2 || len(edited.Memory.Tags) != 0 || edited.Memory.Priority != 7 {
		t.Errorf("edited %+v", edited.Memory)
	}
	if got := d.tally("update", short, "again", "--if-version", "1"); got.code != exitConflict || !strings.Contains(got.err, "edit version 2") {
		t.Errorf("an old version gives %+v", got)
	}
	must[client.Outcome](d, "update", short, "--title", "New gate code", "--expires", "2100-01-01T00:00:00Z", "--priority", "8")
	cleared := must[client.Outcome](d, "update", short, "--expires", "never")
	if !cleared.Memory.ExpiresAt.IsZero() || cleared.Memory.Title != "New gate code" || cleared.ID != out.ID {
		t.Errorf("cleared %+v", cleared.Memory)
	}
	history := must[client.History](d, "history", short).Revisions
	if len(history) != 4 || !history[0].Current || history[3].Memory == nil || history[3].Memory.Content != "It is 4711." {
		t.Errorf("history %+v", history)
	}
	if text := d.reads("history", short); !strings.Contains(text, "current") || !strings.Contains(text, "It is 4711.") {
		t.Errorf("for people: %s", text)
	}
	again := must[client.Receipt](d, "receipt", out.Receipt.Dot)
	if again.Digest != out.Receipt.Digest {
		t.Errorf("receipt %+v", again)
	}
	if text := d.reads("receipt", out.Receipt.Dot); !strings.Contains(text, "held by 1 of 1 (a)") {
		t.Errorf("for people: %s", text)
	}
}

func TestTextComesFromStdinToo(t *testing.T) {
	d := single(t)
	env := []string{"TALLY_SERVER=" + d.url}
	for _, args := range [][]string{{"remember", "A", "-", "--json"}, {"remember", "B", "--json"}} {
		got := tally(t, env, "line 1\r\nline 2\r\n", args...)
		if got.code != exitOK || parse[client.Outcome](t, got.out).Memory.Content != "line 1\nline 2" {
			t.Errorf("%v: %+v", args, got)
		}
	}
	got := tally(t, env, "two\nlines\n", "remember", "C", "-", "--json")
	id := parse[client.Outcome](t, got.out).ID
	if text := d.reads("get", id, "--content"); text != "two\nlines" {
		t.Errorf("%q", text)
	}
	if got := tally(t, env, "new text", "update", id, "-"); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	if got := tally(t, env, "lines text", "recall", "-"); got.code != exitOK || !strings.Contains(got.out, "new text") {
		t.Errorf("%+v", got)
	}
}

func TestMemoriesAreListedAndRecalled(t *testing.T) {
	d := single(t)
	for title, text := range map[string]string{"Boats": "Red boats sail.", "Cars": "Red cars drive.", "Trees": "Trees grow."} {
		d.reads("remember", title, text, "-n", "things", "--tag", strings.ToLower(title))
	}
	d.reads("remember", "Elsewhere", "Red herring.")
	list := must[client.Page](d, "list", "-n", "things")
	if list.Count != 3 || len(list.Memories) != 3 {
		t.Errorf("list %+v", list)
	}
	if list := must[client.Page](d, "list", "--tag", "cars"); list.Count != 1 || list.Memories[0].Title != "Cars" {
		t.Errorf("by tag %+v", list)
	}
	if list := must[client.Page](d, "list", "--limit", "2"); list.Count != 2 {
		t.Errorf("limited %+v", list)
	}
	if list := must[client.Page](d, "list", "--until", "1h"); list.Count != 0 {
		t.Errorf("older than an hour: %+v", list)
	}
	if text := d.reads("list", "--until", "1h"); text != "nothing found\n" {
		t.Errorf("for people: %q", text)
	}
	found := must[client.Recalled](d, "recall", "red", "sailing", "-n", "things")
	if found.Count != 2 || found.Memories[0].Title != "Boats" {
		t.Errorf("recall %+v", found)
	}
	if found := must[client.Recalled](d, "recall", "--all", "red", "cars"); found.Count != 1 || found.Memories[0].Title != "Cars" {
		t.Errorf("all words %+v", found)
	}
	if text := d.reads("list"); !strings.HasPrefix(text, "ID ") || strings.Count(text, "\n") < 5 {
		t.Errorf("for people: %s", text)
	}
}

func TestMemoriesGoAndComeBack(t *testing.T) {
	d := single(t)
	id := must[client.Outcome](d, "remember", "T", "x").ID

	archived := must[client.Archived](d, "archive", id, "--reason", "old")
	if !slices.Equal(archived.Archived, []string{id}) || archived.Reason != "old" || archived.Receipt == nil {
		t.Errorf("archived %+v", archived)
	}
	if got := must[shown](d, "get", id); got.State != "archived" || got.Reason != "old" || got.Memory.Content != "x" {
		t.Errorf("an archived memory: %+v", got)
	}
	if list := must[client.Page](d, "list", "--archived"); list.Count != 1 || list.Memories[0].ArchiveReason != "old" {
		t.Errorf("archive %+v", list)
	}
	if out := must[client.Outcome](d, "restore", id); out.ID != id {
		t.Errorf("restored %+v", out)
	}
	forgotten := must[client.Archived](d, "forget", id)
	if !slices.Equal(forgotten.Archived, []string{id}) || forgotten.Reason != "forget" || forgotten.Receipt == nil {
		t.Errorf("forgotten %+v", forgotten)
	}
	if got := d.tally("forget", id); got.code != exitNotFound {
		t.Errorf("forgotten twice: %+v", got)
	}
	must[client.Outcome](d, "restore", id)
	if out := must[client.Outcome](d, "delete", id); out.ID != id || out.Receipt == nil {
		t.Errorf("deleted %+v", out)
	}
	if got := must[shown](d, "get", id); got.State != "deleted" {
		t.Errorf("a deleted memory: %+v", got)
	}
	must[client.Outcome](d, "restore", id)

	if got := d.tally("erase", id); got.code != exitUsage || !strings.Contains(got.err, "add --yes") {
		t.Errorf("erase without a terminal: %+v", got)
	}
	if text := d.reads("erase", id, "--dry-run"); !strings.Contains(text, "would erase") || !strings.Contains(text, id) {
		t.Errorf("dry run: %s", text)
	}
	d.reads("get", id)
	if got := d.tally("erase", id, "--yes"); got.code != exitOK || !strings.HasPrefix(got.out, "erased  "+id+"\nreceipt ") {
		t.Errorf("erased %+v", got)
	}
	for _, args := range [][]string{{"get", id}, {"restore", id}} {
		if got := d.tally(args...); got.code == exitOK {
			t.Errorf("%v after an erase: %+v", args, got)
		}
	}
	if got := d.tally("archive", "00000000-0000-8000-8000-000000000000"); got.code != exitNotFound {
		t.Errorf("archive of nothing: %+v", got)
	}
}

func TestLinksAndConsolidation(t *testing.T) {
	d := single(t)
	a := must[client.Outcome](d, "remember", "A", "x").ID
	b := must[client.Outcome](d, "remember", "B", "y").ID
	if out := must[client.Outcome](d, "link", a, b, "--relation", "supersedes"); out.Receipt == nil {
		t.Errorf("link %+v", out)
	}
	if got := must[shown](d, "get", b); len(got.Links) != 1 || got.Links[0].Relation != "supersedes" || got.Links[0].Source != a {
		t.Errorf("links %+v", got.Links)
	}
	if text := d.reads("get", a); !strings.Contains(text, "supersedes → "+b) {
		t.Errorf("for people: %s", text)
	}
	if got := d.tally("link", a, a); got.code != exitUsage {
		t.Errorf("a link to itself: %+v", got)
	}
	if got := d.tally("link", a, b, "--relation", "likes"); got.code != exitUsage || !strings.Contains(got.err, `relation "likes": want one of related_to, `) {
		t.Errorf("an unknown relation: %+v", got)
	}
	type unlinked struct {
		Deleted bool            `json:"deleted"`
		Receipt *client.Receipt `json:"receipt"`
	}
	if out := must[unlinked](d, "unlink", a, b); !out.Deleted || out.Receipt == nil {
		t.Errorf("unlink %+v", out)
	}
	if text := d.reads("unlink", a, b); text != "there was no such link\n" {
		t.Errorf("for people: %s", text)
	}
	out := must[client.Outcome](d, "consolidate", a, b, "--title", "Both", "--summary", "x and y")
	if out.Memory == nil || out.Memory.Content != "x and y" || out.Receipt == nil {
		t.Errorf("consolidated %+v", out)
	}
	if list := must[client.Page](d, "list"); list.Count != 1 || list.Memories[0].Title != "Both" {
		t.Errorf("list %+v", list)
	}
}

func TestWritesWaitForApproval(t *testing.T) {
	d := single(t)
	d.reads("namespace", "set", "team/ops", "--governance", `{"write":"approve","approver":{"agent":"boss"}}`, "--agent", "boss")
	if text := d.reads("namespace", "get", "team/ops"); !strings.Contains(text, "approve") {
		t.Errorf("standard: %s", text)
	}
	if text := d.reads("namespace", "get", "team/ops/deep", "--inherit"); !strings.Contains(text, "team/ops") {
		t.Errorf("inherited: %s", text)
	}
	if got := d.tally("namespace", "get", "none"); got.code != exitNotFound {
		t.Errorf("no standard: %+v", got)
	}
	got := d.tally("remember", "T", "x", "-n", "team/ops", "--agent", "ann", "--scope", "team", "--json")
	out := parse[client.Outcome](t, got.out)
	if got.code != exitPending || out.Pending == nil {
		t.Fatalf("%+v", got)
	}
	if list := mustAll[client.Pending](d, "pending", "pending", "list", "--agent", "boss"); len(list) != 1 || list[0].ID != out.Pending.ID {
		t.Errorf("pending %+v", list)
	}
	if got := d.tally("pending", "approve", out.Pending.ID, "--agent", "ann"); got.code == exitOK {
		t.Errorf("somebody else approves: %+v", got)
	}
	if text := d.reads("pending", "approve", out.Pending.ID, "--agent", "boss"); !strings.Contains(text, "approved and done") {
		t.Errorf("approve: %s", text)
	}
	if list := must[client.Page](d, "list", "-n", "team/ops", "--agent", "ann"); !slices.ContainsFunc(list.Memories, func(m client.Memory) bool { return m.Title == "T" }) {
		t.Errorf("list %+v", list)
	}
	got = d.tally("remember", "U", "x", "-n", "team/ops", "--agent", "ann", "--json")
	if text := d.reads("pending", "reject", parse[client.Outcome](t, got.out).Pending.ID, "--agent", "boss"); !strings.Contains(text, "rejected") {
		t.Errorf("reject: %s", text)
	}
	if text := d.reads("namespace", "clear", "team/ops", "--agent", "boss"); !strings.Contains(text, "cleared") {
		t.Errorf("clear: %s", text)
	}
	if text := d.reads("namespace", "clear", "team/ops", "--agent", "boss"); !strings.Contains(text, "no standard") {
		t.Errorf("clear again: %s", text)
	}
	if text := d.reads("namespace", "list"); !strings.Contains(text, "NAMESPACE") {
		t.Errorf("namespaces: %s", text)
	}
}

func TestTheNodeJudgesValues(t *testing.T) {
	d := single(t)
	id := must[client.Outcome](d, "remember", "T", "x").ID
	tests := map[string]struct {
		args []string
		code int
		want string
	}{
		"tier":           {[]string{"remember", "A", "x", "--tier", "forever"}, exitUsage, "tier"},
		"title taken":    {[]string{"remember", "T", "y"}, exitConflict, "--on-conflict merge or version"},
		"control char":   {[]string{"remember", "A\x01", "x"}, exitUsage, "control character"},
		"priority":       {[]string{"remember", "A", "x", "--priority", "11"}, exitUsage, "priority 11"},
		"unknown id":     {[]string{"get", "ffffffff"}, exitNotFound, `no memory "ffffffff"`},
		"bad id":         {[]string{"get", "a b"}, exitUsage, "not allowed"},
		"bad dot":        {[]string{"receipt", "x"}, exitUsage, "node.incarnation.seq"},
		"unknown dot":    {[]string{"receipt", "zz.1.99"}, exitNotFound, "no op zz.1.99"},
		"unknown member": {[]string{"diff", "nobody"}, exitNotFound, ""},
		"bad member":     {[]string{"diff", "a b"}, exitUsage, "node name"},
		"namespace":      {[]string{"remember", "A", "x", "-n", "a//b"}, exitUsage, "namespace"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := d.tally(tc.args...)
			if got.code != tc.code || !strings.Contains(got.err, tc.want) || got.out != "" {
				t.Errorf("%+v, want code %d and %q", got, tc.code, tc.want)
			}
		})
	}
	for _, how := range []string{"merge", "version"} {
		out := must[client.Outcome](d, "remember", "T", "z", "--on-conflict", how)
		if same := out.ID == id; same != (how == "merge") {
			t.Errorf("%s gives %s, the first was %s", how, out.ID, id)
		}
	}
	if text := d.reads("parked", "list"); text != "nothing is parked\n" {
		t.Errorf("parked: %q", text)
	}
	if text := d.reads("parked", "retry", "--all", "--dry-run"); text != "none of them is parked\n" {
		t.Errorf("what would become of them: %q", text)
	}
	if text := d.reads("parked", "retry", "--all"); text != "offered again: 0\n" {
		t.Errorf("retry: %q", text)
	}
}

func TestTextGoesInAndOut(t *testing.T) {
	nodes := federation(t, 2)
	a, b := nodes[0], nodes[1]
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.md")
	text := "# One\n\nfirst\n\n# Two\n\nsecond\n\n# Three\n\nthird\n"
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	load := func() carry.Report {
		return must[carry.Report](a, "import", dir, "-n", "notes", "--server", a.url, "--server", b.url)
	}
	if r := load(); r.Read != 3 || r.Written != 3 || r.Updated != 0 || r.Unchanged != 0 || r.Failed != 0 || r.Durability["all"]+r.Durability["quorum"] != 3 {
		t.Errorf("first %+v", r)
	}
	if r := load(); r.Read != 3 || r.Written != 0 || r.Unchanged != 3 || r.Failed != 0 {
		t.Errorf("second %+v", r)
	}
	write(strings.Replace(text, "second", "changed", 1))
	if r := load(); r.Written != 1 || r.Updated != 1 || r.Unchanged != 2 {
		t.Errorf("after a change %+v", r)
	}
	write(text)
	if r := load(); r.Written != 1 || r.Updated != 1 || r.Unchanged != 2 {
		t.Errorf("after the change was taken back %+v", r)
	}
	list := must[client.Page](b, "list", "-n", "notes")
	if list.Count != 3 || !slices.ContainsFunc(list.Memories, func(m client.Memory) bool { return m.Content == "# Two\n\nsecond" }) {
		t.Errorf("list %+v", list)
	}
	a.reads("link", list.Memories[0].ID, list.Memories[1].ID)
	a.reads("archive", list.Memories[2].ID)

	backup := filepath.Join(dir, "backup.jsonl")
	if out := a.reads("export", "--output", backup); !strings.Contains(out, "exported  4 lines") {
		t.Errorf("export: %s", out)
	}
	if got := a.reads("export"); strings.Count(got, "\n") != 4 {
		t.Errorf("export to stdout: %s", got)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".tally-export-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	c := single(t)
	r := must[carry.Report](c, "import", backup)
	if r.Read != 4 || r.Written != 2 || r.Skipped != 1 || r.Links != 1 || r.Failed != 0 {
		t.Errorf("restored %+v", r)
	}
	if got := must[shown](c, "get", list.Memories[0].ID); got.Memory.Content != list.Memories[0].Content || len(got.Links) != 1 {
		t.Errorf("restored %+v", got)
	}
	if got := c.tally("import", filepath.Join(dir, "notes.md"), "--namespace", "_agents"); got.code != exitOther || !strings.Contains(got.err, "3 of 3 were not written") {
		t.Errorf("an import that fails: %+v", got)
	}
}

func TestAFederationThroughTheCommands(t *testing.T) {
	nodes := federation(t, 3, "--quorum-timeout", "300ms")
	a, b, c := nodes[0], nodes[1], nodes[2]
	// kept repeats a write until it is acknowledged: a busy machine may need longer than one deadline.
	kept := func(d *daemon, args ...string) (out client.Outcome) {
		t.Helper()
		eventually(t, strings.Join(args, " "), func() bool {
			got := d.tally(append(args, "--idempotency-key", args[1], "--json")...)
			if got.code == exitOK {
				out = parse[client.Outcome](t, got.out)
			}
			return got.code == exitOK
		})
		return out
	}
	out := kept(a, "remember", "T", "x", "--durability", "all")
	if out.Receipt.Durability != "all" || len(out.Receipt.HeldBy) != 3 || out.Receipt.N != 3 {
		t.Errorf("receipt %+v", out.Receipt)
	}
	if got := must[shown](c, "get", out.ID); got.Memory.Content != "x" {
		t.Errorf("at another node: %+v", got)
	}
	if text := b.reads("diff", "alder"); !strings.HasPrefix(text, "equal ") {
		t.Errorf("diff: %s", text)
	}
	if d := must[client.Diff](b, "repair", "alder"); !d.Equal || d.Here != d.There {
		t.Errorf("repair: %+v", d)
	}
	status := must[client.Status](a, "status")
	if status.Node != "alder" || status.W != 2 || status.N != 3 || len(status.Members) != 2 || status.Counts.Live != 1 || status.StartedAt.IsZero() {
		t.Errorf("status %+v", status)
	}
	if text := a.reads("status"); !strings.Contains(text, "birch") || !strings.Contains(text, "2 of 3") {
		t.Errorf("for people: %s", text)
	}

	c.Kill()
	if out := kept(a, "remember", "U", "x"); out.Receipt.Durability != "quorum" {
		t.Errorf("with two of three: %+v", out.Receipt)
	}
	b.Kill()
	got := a.tally("remember", "V", "x", "--idempotency-key", "v", "--json")
	missed := parse[struct {
		Error   string
		Code    string
		Exit    int
		Hint    string
		Receipt *client.Receipt
		Missing []client.Absent
	}](t, got.err)
	if len(missed.Missing) != 2 || missed.Missing[0].Member != "birch" || missed.Missing[1].Member != "cedar" || missed.Missing[1].Why != "unreachable" ||
		missed.Code != "QUORUM_NOT_MET" {
		t.Errorf("missing: %+v", missed.Missing)
	}
	if got.code != exitQuorum || missed.Exit != exitQuorum || missed.Receipt == nil || !slices.Equal(missed.Receipt.HeldBy, []string{"alder"}) {
		t.Fatalf("alone: %+v", got)
	}
	if got := a.tally("remember", "V2", "x"); !strings.Contains(got.err, "it is kept and will arrive") || !strings.Contains(got.err, "tally receipt alder.") ||
		!strings.Contains(got.err, "held by 1 of 3 members (alder), and 2 are wanted") || !strings.Contains(got.err, "\n  birch: ") ||
		!strings.Contains(got.err, "\n  cedar: unreachable: ") {
		t.Errorf("for people: %+v", got)
	}
	if list := must[client.Page](a, "list"); list.Count != 4 {
		t.Errorf("what missed its quorum is not kept: %+v", list)
	}
	for flags, want := range map[string]int{
		"--missing-at=birch": 2, "--missing-at=cedar": 3, "--held-by=birch": 2, "--held-by=birch --missing-at=cedar": 1, "--held-by=alder": 4, "--missing-at=alder": 0,
		"--archived --missing-at=birch": 0,
	} {
		list := must[client.Page](a, append([]string{"list"}, strings.Fields(flags)...)...)
		if list.Count != want {
			t.Errorf("list %s: %d of them, want %d", flags, list.Count, want)
		}
	}
	if got := a.tally("list", "--missing-at", "oak"); got.code == exitOK || !strings.Contains(got.err, "oak") {
		t.Errorf("missing at nobody: %+v", got)
	}
	if got := a.tally("diff", "birch"); got.code != exitBusy {
		t.Errorf("diff with a dead member: %+v", got)
	}
	short := must[client.Outcome](a, "remember", "X", "x", "--when-short", "local")
	if short.ID == "" || short.Receipt.Durability != "local" || !slices.Equal(short.Receipt.HeldBy, []string{"alder"}) {
		t.Errorf("when short, local: %+v, %+v", short, short.Receipt)
	}
	if text := a.reads("update", short.ID, "y", "--when-short", "local"); !strings.Contains(text, "it is kept, and reaches the others by itself") {
		t.Errorf("for people: %s", text)
	}
	if got := tally(t, []string{"TALLY_SERVER=" + a.url, "TALLY_WHEN_SHORT=local"}, "", "archive", short.ID, "--json"); got.code != exitOK ||
		!strings.Contains(got.out, short.ID) {
		t.Errorf("by the environment: %+v", got)
	}
	if got := a.tally("remember", "W", "x", "--durability", "local"); got.code != exitOK {
		t.Errorf("local: %+v", got)
	}

	if got := tally(t, []string{"TALLY_SERVER=" + b.url + ", " + c.url + "," + a.url}, "", "status", "--json"); !strings.Contains(got.out, `"node":"alder"`) {
		t.Errorf("the first of several that answers: %+v", got)
	}
	b.start()
	c.start()
	eventually(t, "all hold the write", func() bool {
		return len(must[client.Receipt](a, "receipt", missed.Receipt.Dot).HeldBy) == 3
	})
	again := must[client.Outcome](a, "remember", "V", "x", "--idempotency-key", "v")
	if !again.Replayed || len(again.Receipt.HeldBy) != 3 || again.Receipt.Dot != missed.Receipt.Dot {
		t.Errorf("the same request again: %+v, %+v", again, again.Receipt)
	}
	if got := a.tally("remember", "V", "y", "--idempotency-key", "v"); got.code != exitConflict {
		t.Errorf("another request under the same key: %+v", got)
	}
	eventually(t, "the digests are equal", func() bool {
		return must[client.Status](a, "status").Digest == must[client.Status](c, "status").Digest
	})
}
