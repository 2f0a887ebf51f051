package agentkey_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/memory"
)

func now() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

func open(tb testing.TB, path string) *agentkey.Book {
	tb.Helper()
	b, err := agentkey.Open(identity.List[agentkey.Record]{Path: path})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func scope(verbs ...agentkey.Verb) agentkey.Scope {
	return agentkey.Scope{Namespaces: []agentkey.Glob{"work/**"}, Verbs: verbs}
}

func wantTag(t *testing.T, what string, err error, want identity.Tag) {
	t.Helper()
	if got := identity.TagOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func TestAKeySaysWhoTheCallerIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agents.json")
	b := open(t, path)
	if !b.Empty() {
		t.Error("a new book has keys")
	}
	text, r, err := b.Add("claude-laptop", scope(agentkey.Read, agentkey.Write), time.Hour, now())
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*agentkey.Book{"at once": b, "after a restart": open(t, path)} {
		g, err := b.Authenticate(text, now())
		if err != nil || g.Agent != "claude-laptop" || g.KeyID != r.ID || b.Empty() {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
		wantTag(t, name+": read", g.Allow(agentkey.Read, "work/notes"), "")
		wantTag(t, name+": approve", g.Allow(agentkey.Approve, "work"), identity.AgentOutOfScope)
		wantTag(t, name+": elsewhere", g.Allow(agentkey.Read, "home"), identity.AgentOutOfScope)
		wantTag(t, name+": in an hour", b.Alive(r.ID, now().Add(time.Hour)), identity.AgentKeyExpired)
		_, err = b.Authenticate(text, now().Add(time.Hour))
		wantTag(t, name+": in an hour", err, identity.AgentKeyExpired)
	}
	stored, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(stored), text[len(text)-20:]) {
		t.Errorf("the file holds the key: %v", err)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), "agents.json"))
	text, r, err := b.Add("a", scope(agentkey.Read), 0, now())
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := b.Add("b", scope(agentkey.Read), 0, now())
	if err != nil {
		t.Fatal(err)
	}
	secret := text[len("tally_")+13:]
	for name, tt := range map[string]struct {
		text string
		want identity.Tag
	}{
		"none":             {"", identity.AgentKeyMissing},
		"something else":   {"secret", identity.AgentKeyMalformed},
		"cut":              {text[:len(text)-1], identity.AgentKeyMalformed},
		"longer":           {text + "A", identity.AgentKeyMalformed},
		"in capitals":      {strings.ToUpper(text), identity.AgentKeyMalformed},
		"the id of others": {"tally_" + "000000000000" + "_" + secret, identity.AgentKeyUnknown},
		"a secret of b":    {"tally_" + r.ID + "_" + other[len("tally_")+13:], identity.AgentKeyUnknown},
		"the hash":         {r.Hash, identity.AgentKeyMalformed},
	} {
		_, err := b.Authenticate(tt.text, now())
		wantTag(t, name, err, tt.want)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the secret", name)
		}
	}
	wantTag(t, "a stranger", b.Alive("000000000000", now()), identity.AgentKeyUnknown)
}

func TestRevokedKeysEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agents.json")
	b := open(t, path)
	var texts []string
	var ids []string
	for _, agent := range []memory.AgentID{"a", "a", "b"} {
		text, r, err := b.Add(agent, scope(agentkey.Read), 0, now())
		if err != nil {
			t.Fatal(err)
		}
		texts, ids = append(texts, text), append(ids, r.ID)
	}
	if ended, err := b.Revoke(ids[0], now()); err != nil || len(ended) != 1 || ended[0].ID != ids[0] {
		t.Errorf("%+v, %v", ended, err)
	}
	if ended, err := b.Revoke("a", now()); err != nil || len(ended) != 1 || ended[0].ID != ids[1] {
		t.Errorf("%+v, %v", ended, err)
	}
	_, err := b.Revoke("a", now())
	wantTag(t, "twice", err, identity.AgentKeyUnknown)
	for _, b := range []*agentkey.Book{b, open(t, path)} {
		for i, want := range []identity.Tag{identity.AgentKeyRevoked, identity.AgentKeyRevoked, ""} {
			_, err := b.Authenticate(texts[i], now())
			wantTag(t, ids[i], err, want)
			wantTag(t, ids[i], b.Alive(ids[i], now()), want)
		}
	}
	if records := b.Records(); len(records) != 3 || records[0].Revoked.IsZero() {
		t.Errorf("%+v", records)
	}
}

func TestABookThatSomebodyElseHasWrittenIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agents.json")
	running, cli := open(t, path), open(t, path)
	text, r, err := cli.Add("a", scope(agentkey.Read), 0, now())
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Reload(); err != nil {
		t.Fatal(err)
	}
	_, err = running.Authenticate(text, now())
	wantTag(t, "added", err, "")
	if _, err := cli.Revoke(r.ID, now()); err != nil {
		t.Fatal(err)
	}
	if err := running.Reload(); err != nil {
		t.Fatal(err)
	}
	wantTag(t, "revoked", running.Alive(r.ID, now()), identity.AgentKeyRevoked)
	if err := identity.WritePrivate(path, []byte(`[{"id":"x"}]`)); err != nil {
		t.Fatal(err)
	}
	if err := running.Reload(); !errors.Is(err, memory.ErrInvalid) {
		t.Errorf("a key for nothing: %v", err)
	}
	wantTag(t, "what was known stays", running.Alive(r.ID, now()), identity.AgentKeyRevoked)
}

func TestKeysThatNobodyGets(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), "agents.json"))
	for name, try := range map[string]func() error{
		"an agent that is none": func() error { _, _, err := b.Add("a b", scope(agentkey.Read), 0, now()); return err },
		"a reserved agent":      func() error { _, _, err := b.Add("system", scope(agentkey.Read), 0, now()); return err },
		"no verbs":              func() error { _, _, err := b.Add("a", scope(), 0, now()); return err },
		"an unknown verb":       func() error { _, _, err := b.Add("a", scope("fly"), 0, now()); return err },
		"no namespaces": func() error {
			_, _, err := b.Add("a", agentkey.Scope{Verbs: []agentkey.Verb{"read"}}, 0, now())
			return err
		},
		"an end in the past": func() error { _, _, err := b.Add("a", scope(agentkey.Read), -1, now()); return err },
	} {
		if err := try(); !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !b.Empty() {
		t.Error("something was kept")
	}
}

func TestGlobs(t *testing.T) {
	for glob, tests := range map[agentkey.Glob]map[string]bool{
		"**":          {"a": true, "a/b/c": true, "": false},
		"work":        {"work": true, "work/a": false, "working": false},
		"work/**":     {"work": true, "work/a": true, "work/a/b": true, "working": false, "home/work": false},
		"work/*":      {"work": false, "work/a": true, "work/a/b": false},
		"*/notes":     {"a/notes": true, "notes": false, "a/b/notes": false},
		"**/notes":    {"a/notes": true, "notes": true, "a/b/notes": true, "a/notes/b": false},
		"a/**/b/**/c": {"a/b/c": true, "a/x/b/y/z/c": true, "a/c": false, "a/b/b/c/c": true, "a/b/c/d": false},
		"*":           {"a": true, "a/b": false},
	} {
		if err := glob.Valid(); err != nil {
			t.Error(err)
		}
		for namespace, want := range tests {
			if got := glob.Match(namespace); got != want {
				t.Errorf("%s of %q: %v", glob, namespace, got)
			}
		}
	}
	for _, glob := range []agentkey.Glob{"", "/", "a/", "/a", "a*", "***", "a//b", agentkey.Glob(strings.Repeat("a/", 16) + "a")} {
		if glob.Valid() == nil {
			t.Errorf("%q is a pattern", glob)
		}
	}
}

// matches is the meaning of a glob, without regard to cost.
func matches(glob, path []string) bool {
	switch {
	case len(glob) == 0:
		return len(path) == 0
	case glob[0] == "**":
		return matches(glob[1:], path) || len(path) > 0 && matches(glob, path[1:])
	case len(path) == 0:
		return false
	}
	return (glob[0] == "*" || glob[0] == path[0]) && matches(glob[1:], path[1:])
}

func TestGlobsMeanWhatTheyShould(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		glob := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*", "**"}), 1, 8).Draw(rt, "glob")
		path := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 8).Draw(rt, "path")
		got := agentkey.Glob(strings.Join(glob, "/")).Match(strings.Join(path, "/"))
		if want := matches(glob, path); got != want {
			rt.Errorf("%v of %v: %v, want %v", glob, path, got, want)
		}
	})
}

func TestOnlyAdminImpliesOtherVerbs(t *testing.T) {
	all := []agentkey.Verb{agentkey.Read, agentkey.Write, agentkey.Propose, agentkey.Approve, agentkey.Admin}
	for _, have := range all {
		for _, want := range all {
			if got := scope(have).May(want); got != (have == want || have == agentkey.Admin) {
				t.Errorf("%s for %s: %v", have, want, got)
			}
		}
	}
}

func FuzzAuthenticate(f *testing.F) {
	b := open(f, filepath.Join(f.TempDir(), "agents.json"))
	text, _, err := b.Add("a", scope(agentkey.Read), 0, now())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("tally_000000000000_")
	f.Fuzz(func(t *testing.T, try string) {
		if _, err := b.Authenticate(try, now()); (err == nil) != (try == text) || err != nil && identity.TagOf(err) == "" {
			t.Errorf("%q: %v", try, err)
		}
	})
}

func FuzzGlob(f *testing.F) {
	f.Add("a/**/b", "a/x/b")
	f.Fuzz(func(t *testing.T, glob, path string) {
		g := agentkey.Glob(glob)
		if g.Valid() != nil || path == "" || strings.Count(path, "/") > 8 || strings.Count(glob, "/") > 8 {
			return
		}
		if got, want := g.Match(path), matches(strings.Split(glob, "/"), strings.Split(path, "/")); got != want {
			t.Errorf("%s of %q: %v, want %v", glob, path, got, want)
		}
		if !slices.Contains(strings.Split(glob, "/"), "**") && g.Match(fmt.Sprint(path, "/x")) && g.Match(path) {
			t.Errorf("%s of two depths", glob)
		}
	})
}

// paused is storage that runs something between the reading of the records and their use.
type paused struct {
	agentkey.Storage

	between func()
}

func (p *paused) Load() ([]agentkey.Record, error) {
	records, err := p.Storage.Load()
	if f := p.between; f != nil {
		p.between = nil
		f()
	}
	return records, err
}

func TestAKeyThatIsRevokedWhileTheKeysAreReadAgainStaysRevoked(t *testing.T) {
	s := &paused{Storage: identity.List[agentkey.Record]{Path: filepath.Join(t.TempDir(), "agents.json")}}
	b, err := agentkey.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	_, r, err := b.Add("claude-laptop", scope(agentkey.Read), 0, now())
	if err != nil {
		t.Fatal(err)
	}
	revoked := make(chan error, 1)
	s.between = func() {
		begun := make(chan struct{})
		go func() {
			close(begun)
			_, err := b.Revoke(r.ID, now())
			revoked <- err
		}()
		<-begun
		for range 10_000 { // the time that it would take, if it need not wait
			runtime.Gosched()
		}
	}
	if err := b.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := <-revoked; err != nil {
		t.Fatal(err)
	}
	wantTag(t, "after both", b.Alive(r.ID, now()), identity.AgentKeyRevoked)
}
