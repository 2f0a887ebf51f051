package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// desk is a machine with notes of Claude Code about a project.
type desk struct {
	t    *testing.T
	env  []string
	dir  string // of the notes
	work string // of the project
}

func newDesk(t *testing.T, url, name string) *desk {
	t.Helper()
	home := t.TempDir()
	d := &desk{t: t, env: []string{"HOME=" + home, "TALLY_SERVER=" + url}, work: filepath.Join(home, "src", "shop")}
	folder := filepath.Join(home, ".claude", "projects", "-home-"+name+"-src-shop")
	d.dir = filepath.Join(folder, "memory")
	for _, dir := range []string{d.dir, d.work} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	line := `{"type":"user","sessionId":"s","uuid":"u","cwd":"` + filepath.ToSlash(d.work) + `"}` + "\n"
	if err := os.WriteFile(filepath.Join(folder, "s.jsonl"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) write(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) read(name string) string {
	d.t.Helper()
	raw, err := os.ReadFile(filepath.Join(d.dir, name))
	if os.IsNotExist(err) {
		return "gone"
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return string(raw)
}

// sync returns what was said, which is nothing if nothing was to do.
func (d *desk) sync(args ...string) string {
	d.t.Helper()
	got := tally(d.t, d.env, "", append([]string{"--agent", "claude-code", "sync"}, args...)...)
	if got.code != exitOK {
		d.t.Fatalf("%+v", got)
	}
	return got.out
}

func TestNotesAreTheSameOnAllMachines(t *testing.T) {
	d := alone(t, "hub")
	a, b := newDesk(t, d.url, "ann"), newDesk(t, d.url, "root")
	a.write("MEMORY.md", "# Index\n- prices\n")
	a.write("prices.md", "half to even\n")
	if out := a.sync("--dry-run"); strings.Count(out, "sent") != 2 {
		t.Error(out)
	}
	if n := must[client.Page](d, "list", "-n", "notes/shop", "--agent", "claude-code").Count; n != 0 {
		t.Errorf("a dry run wrote %d", n)
	}
	if out := a.sync(); strings.Count(out, "sent") != 2 {
		t.Error(out)
	}
	if out := b.sync(); strings.Count(out, "written") != 2 || b.read("prices.md") != "half to even\n" {
		t.Error(out)
	}
	for _, one := range []*desk{a, b} {
		if out := one.sync(); out != "" {
			t.Errorf("there was nothing to do: %s", out)
		}
	}
	// Edits of different places are joined, of the same place both kept.
	a.write("MEMORY.md", "# Index of Ann\n- prices\n")
	b.write("MEMORY.md", "# Index\n- prices\n- carts\n")
	a.write("prices.md", "half up\n")
	b.write("prices.md", "never round\n")
	a.sync()
	if out := b.sync(); strings.Count(out, "joined") != 2 || strings.Count(out, "tally history") != 1 {
		t.Error(out)
	}
	a.sync()
	for _, one := range []*desk{a, b} {
		if got := one.read("MEMORY.md"); got != "# Index of Ann\n- prices\n- carts\n" {
			t.Errorf("%q", got)
		}
		if got := one.read("prices.md"); got != "half up\nnever round\n" {
			t.Errorf("%q", got)
		}
	}
	// What is deleted goes everywhere, unless somebody has edited it.
	a.write("new.md", "x\n")
	a.sync()
	b.sync()
	for _, name := range []string{"new.md", "prices.md"} {
		if err := os.Remove(filepath.Join(a.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	b.write("prices.md", "half up\nnever round\nreally\n")
	b.sync()
	if out := a.sync(); !strings.Contains(out, "archived") || !strings.Contains(a.read("prices.md"), "really") {
		t.Error(out)
	}
	if out := b.sync(); !strings.Contains(out, "removed") || b.read("new.md") != "gone" {
		t.Error(out)
	}
}

func TestABlockInAFileIsAMemory(t *testing.T) {
	d := alone(t, "hub")
	a, b := newDesk(t, d.url, "ann"), newDesk(t, d.url, "root")
	rules := filepath.Join(a.work, "AGENTS.md")
	if err := os.WriteFile(rules, []byte("# Mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tally(t, a.env, "", "sync", rules); got.code == exitOK || !strings.Contains(got.out, "--block") {
		t.Errorf("%+v", got)
	}
	a.sync(rules, "--block")
	with := func(text string) string { return "# Mine\n" + blockBegin + "\n" + text + blockEnd + "\n" }
	if err := os.WriteFile(rules, []byte(with("Ask first.\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := a.sync(rules); !strings.Contains(out, "sent") {
		t.Error(out)
	}
	theirs := filepath.Join(b.work, "AGENTS.md")
	if err := os.WriteFile(theirs, []byte("theirs\n"+blockBegin+"\n"+blockEnd+"\nbelow\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := b.sync(theirs); !strings.Contains(out, "written") {
		t.Error(out)
	}
	raw, err := os.ReadFile(theirs)
	if err != nil || string(raw) != "theirs\n"+blockBegin+"\nAsk first.\n"+blockEnd+"\nbelow\n" {
		t.Errorf("%q, %v", raw, err)
	}
	out := d.tally("briefing", "--namespace", "shop", "--agent", "claude-code")
	if !strings.Contains(out.out, "Ask first.") {
		t.Errorf("the briefing has no rules: %+v", out)
	}
}

func TestHooksKeepNotesTheSame(t *testing.T) {
	d := alone(t, "hub")
	a, b := newDesk(t, d.url, "ann"), newDesk(t, d.url, "root")
	a.write("MEMORY.md", "# Index\n")
	in := func(one *desk) string {
		return event(t, map[string]any{"transcript_path": filepath.Join(filepath.Dir(one.dir), "s.jsonl"), "cwd": one.work})
	}
	hooked(t, a.env, "session-end", in(a))
	hooked(t, b.env, "session-start", in(b))
	if got := b.read("MEMORY.md"); got != "# Index\n" {
		t.Errorf("%q", got)
	}
}

// A secret stays in the file, and does not get into the memory.
func TestASecretInANoteStaysThere(t *testing.T) {
	d := alone(t, "hub")
	a := newDesk(t, d.url, "ann")
	text := "password: hunter2!x\n"
	a.write("MEMORY.md", text)
	a.sync()
	if out := a.sync(); out != "" || a.read("MEMORY.md") != text {
		t.Errorf("%s, %q", out, a.read("MEMORY.md"))
	}
	a.write("MEMORY.md", text+"more\n")
	if out := a.sync(); !strings.Contains(out, "sent") || a.read("MEMORY.md") != text+"more\n" {
		t.Error(out)
	}
	if got := must[client.Page](d, "list", "-n", "notes/shop", "--agent", "claude-code"); strings.Contains(got.Memories[0].Content, "hunter2") {
		t.Error(got.Memories[0].Content)
	}
}
