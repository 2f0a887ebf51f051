package machine_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/setup"
	"github.com/tallystick/tallystick/internal/setup/machine"
)

// person is somebody with a home of their own.
type person struct {
	t       *testing.T
	place   setup.Place
	journal *machine.Journal
}

func somebody(t *testing.T) *person {
	t.Helper()
	p := &person{t: t, place: setup.Place{OS: "linux", Home: t.TempDir(), Env: func(string) string { return "" }}}
	p.open()
	return p
}

func (p *person) open() {
	p.t.Helper()
	var err error
	if p.journal, err = machine.OpenJournal(filepath.Join(p.place.Home, ".local", "state", "tally.json")); err != nil {
		p.t.Fatal(err)
	}
}

func (p *person) write(rel, text string, mode fs.FileMode) string {
	p.t.Helper()
	path := filepath.Join(p.place.Home, rel)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p *person) read(path string) string {
	p.t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(raw)
}

// tree is all that is in the home, by path.
func (p *person) tree() map[string]string {
	p.t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(p.place.Home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out[path] = info.Mode().String()
		if d.Type().IsRegular() {
			out[path] += " " + p.read(path)
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *person) changes() []setup.Change {
	var out []setup.Change
	for _, c := range setup.Clients() {
		out = append(out, c.Changes(p.place, setup.Wish{Program: "/bin/tally", Hooks: setup.Events()})...)
	}
	return out
}

func (p *person) set() (changed int) {
	p.t.Helper()
	for _, c := range p.changes() {
		f := machine.Look(c)
		if f.Changed() {
			changed++
		}
		if err := p.journal.Apply(f); err != nil {
			p.t.Errorf("%s: %v", c.Path, err)
		}
	}
	p.open()
	return changed
}

func (p *person) undo() {
	p.t.Helper()
	for _, c := range p.changes() {
		if err := p.journal.Forget(p.journal.Restore(c)); err != nil {
			p.t.Errorf("%s: %v", c.Path, err)
		}
	}
	p.open()
}

func TestAnUndoIsExact(t *testing.T) {
	p := somebody(t)
	p.write(".claude.json", "{\"mcpServers\": {},\r\n \"x\":  1 }", 0o640)
	p.write(".codex/config.toml", "a=1", 0o600)
	p.write(".config/zed/settings.json", "// mine\n{}\n", 0o644)
	p.write(".config/goose/config.yaml", "", 0o600)
	real := p.write("dotfiles/mcp.json", "{\"mcpServers\":{}}\n", 0o600)
	if err := os.MkdirAll(filepath.Join(p.place.Home, ".cursor"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, filepath.Join(p.place.Home, ".cursor", "mcp.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(p.place.Home, ".local", "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := p.tree()
	for range 2 {
		if n := p.set(); n < 14 {
			t.Errorf("%d files changed", n)
		}
		if n := p.set(); n != 0 {
			t.Errorf("a second time %d files changed", n)
		}
		if !strings.Contains(p.read(real), "/bin/tally") {
			t.Error("what the link leads to was not changed")
		}
		p.undo()
		after := p.tree()
		for path, was := range before {
			if after[path] != was {
				t.Errorf("%s: %q, want %q", path, after[path], was)
			}
		}
		for path := range after {
			if _, ok := before[path]; !ok {
				t.Errorf("%s is left over", path)
			}
		}
	}
}

func TestWhatOthersChangedSinceStays(t *testing.T) {
	p := somebody(t)
	path := p.write(".claude.json", "{\n  \"a\": 1\n}\n", 0o600)
	p.set()
	p.write(".claude.json", strings.Replace(p.read(path), `"a": 1`, `"a": 2`, 1), 0o600)
	if n := p.set(); n != 0 {
		t.Errorf("%d files changed", n)
	}
	p.undo()
	if got, want := p.read(path), "{\n  \"a\": 2\n}\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFilesThatMustNotBeWrittenAreRefused(t *testing.T) {
	p := somebody(t)
	locked := p.write(".codeium/windsurf/mcp_config.json", "{}", 0o400)
	if err := os.MkdirAll(filepath.Join(p.place.Home, ".cursor"), 0o700); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(p.place.Home, ".cursor", "mcp.json")
	if err := os.Symlink(filepath.Join(p.place.Home, "gone"), dangling); err != nil {
		t.Fatal(err)
	}
	for _, c := range p.changes() {
		f := machine.Look(c)
		if refuse := c.Path == locked || c.Path == dangling; (f.Refused != nil) != refuse {
			t.Errorf("%s: %v", c.Path, f.Refused)
		}
	}
	if p.read(locked) != "{}" {
		t.Error("it was written")
	}
}

func TestAFileThatChangesMeanwhileIsLeftAlone(t *testing.T) {
	p := somebody(t)
	path := p.write(".gemini/settings.json", "{}", 0o600)
	for _, c := range p.changes() {
		if c.Path != path {
			continue
		}
		f := machine.Look(c)
		p.write(".gemini/settings.json", `{"theme": 1}`, 0o600)
		if err := p.journal.Apply(f); err == nil {
			t.Error("it was overwritten")
		}
		if got := p.read(path); got != `{"theme": 1}` {
			t.Error(got)
		}
	}
}

func TestTheJournalIsForNobodyElse(t *testing.T) {
	p := somebody(t)
	p.write(".claude.json", `{"secret": "hunter2"}`, 0o600)
	p.set()
	path := filepath.Join(p.place.Home, ".local", "state", "tally.json")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := machine.OpenJournal(path); err == nil {
		t.Error("a journal that is cut off was taken")
	}
}

func TestCommandsSayWhatWentWrong(t *testing.T) {
	err := machine.Run(t.Context(), [][]string{{"sh", "-c", "true"}, {"sh", "-c", "echo no such luck; exit 3"}})
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("no such luck")) {
		t.Error(err)
	}
}
