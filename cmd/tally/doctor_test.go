package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
)

type diagnosis struct {
	OK     bool      `json:"ok"`
	Checks []finding `json:"checks"`
}

func (d diagnosis) of(check string) finding {
	for _, f := range d.Checks {
		if f.Check == check {
			return f
		}
	}
	return finding{}
}

func TestAHealthyNodeIsFoundHealthy(t *testing.T) {
	dir := t.TempDir()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", dir)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	got := must[diagnosis](d, "doctor", "--data", dir)
	for _, check := range []string{"node", "ready", "version", "write quorum", "parked ops", "text index", "permissions"} {
		if f := got.of(check); f.State != fine {
			t.Errorf("%s: %+v", check, f)
		}
	}
	if text := d.reads("doctor"); !strings.Contains(text, "ok    node: a answers at "+d.url) || !strings.Contains(text, " 0 failures\n") {
		t.Errorf("for people: %s", text)
	}
}

func TestWhatIsWrongIsSaidWithWhatToDo(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "tally.toml")
	if err := os.WriteFile(config, []byte("node = 'a'\nlisten = '0.0.0.0:9077'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := tally(t, nil, "", "doctor", "--server", "http://127.0.0.1:1", "--config", config, "--data", filepath.Join(dir, "none"))
	if got.code != exitOther || got.err != "" {
		t.Errorf("code %d, stderr %q", got.code, got.err)
	}
	for _, want := range []string{"fail  node: ", "→ no node at http://127.0.0.1:1", "fail  settings: listen 0.0.0.0:9077", "fail  data directory: ", "3 failures"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
	if err := os.WriteFile(config, []byte("nod = 'a'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = tally(t, nil, "", "doctor", "--json", "--server", "http://127.0.0.1:1", "--config", config)
	if f := parse[diagnosis](t, got.out).of("settings"); f.State != broken || !strings.Contains(f.Text, "line 1: unknown key nod") {
		t.Errorf("%+v", f)
	}
}

func TestAFixIsShownBeforeItIsDone(t *testing.T) {
	dir := t.TempDir()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	mode := func() os.FileMode {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	for _, args := range [][]string{{}, {"--dry-run"}, {"--fix", "--dry-run"}} {
		got := must[diagnosis](d, append([]string{"doctor", "--data", dir}, args...)...).of("permissions")
		if got.State != uneasy || got.Would == "" || got.Fixed != "" || mode() != 0o755 {
			t.Errorf("%v: %+v, mode %o", args, got, mode())
		}
	}
	if got := must[diagnosis](d, "doctor", "--data", dir, "--fix").of("permissions"); got.State != fine || !strings.HasPrefix(got.Fixed, "done: ") || mode() != 0o700 {
		t.Errorf("%+v, mode %o", got, mode())
	}
}

func TestMembersThatAreAwayAreFound(t *testing.T) {
	nodes := federation(t, 3)
	nodes[2].Kill()
	d := nodes[0]
	d.reads("remember", "T", "x")
	eventually(t, "cedar is missed", func() bool {
		got := d.tally("doctor", "--json")
		f := parse[diagnosis](t, got.out).of("member cedar")
		return got.code == exitOther && f.State == broken && strings.Contains(f.Next, "it does not answer")
	})
}

func TestMembersAreJudged(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	old, fresh := now.Add(-time.Hour), now.Add(-time.Minute)
	s := &client.Status{StartedAt: client.TimeOf(old), Time: client.TimeOf(now)}
	tests := map[string]struct {
		member client.Member
		check  string
		want   verdict
	}{
		"well":            {client.Member{State: "ok"}, "member b", fine},
		"behind a router": {client.Member{State: "backoff", ProvenEqualAt: client.TimeOf(now)}, "member b", fine},
		"away":            {client.Member{State: "backoff", ProvenEqualAt: client.TimeOf(fresh)}, "member b", broken},
		"stopped":         {client.Member{State: "stopped"}, "member b", broken},
		"far behind":      {client.Member{State: "catching_up", Owed: 5000}, "member b", uneasy},
		"not heard of":    {client.Member{State: "unknown"}, "member b", uneasy},
		"clock off":       {client.Member{ClockSkewMS: -45_000}, "clock of b", uneasy},
		"clock far off":   {client.Member{ClockSkewMS: 90_000}, "clock of b", broken},
		"equal":           {client.Member{ProvenEqualAt: client.TimeOf(fresh)}, "state of b", fine},
		"long unequal":    {client.Member{ProvenEqualAt: client.TimeOf(old)}, "state of b", uneasy},
		"never equal":     {client.Member{}, "state of b", uneasy},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := &doctor{}
			d.cfg.MaxSkew = time.Minute
			tc.member.Name = "b"
			d.checkMember(tc.member, s.Time.Time)
			d.checkClock(tc.member)
			d.checkEqual(nil, s, tc.member)
			if f := (diagnosis{Checks: d.Checks}).of(tc.check); f.State != tc.want {
				t.Errorf("%+v, want %s", f, tc.want)
			}
		})
	}
}

// Offering ops again does not mean that they are taken.
func TestOnlyAFixThatSettlesItMakesItFine(t *testing.T) {
	done := func(context.Context) error { return nil }
	d := &doctor{Checks: []finding{
		{State: uneasy, Would: "x", fix: done},
		{State: uneasy, Would: "x", fix: done, cures: true},
		{State: uneasy, Would: "x", fix: func(context.Context) error { return errDiffer }, cures: true},
		{State: broken},
	}}
	d.treat(t.Context())
	for i, want := range []finding{{State: uneasy, Fixed: "done: x"}, {State: fine, Fixed: "done: x"}, {State: uneasy, Fixed: "failed: the members differ"}, {State: broken}} {
		if got := d.Checks[i]; got.State != want.State || got.Fixed != want.Fixed {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
}

func TestQuorumsAreJudged(t *testing.T) {
	for _, tc := range []struct {
		w, n int
		want verdict
	}{{1, 1, fine}, {2, 3, fine}, {3, 5, fine}, {1, 3, uneasy}, {3, 3, uneasy}, {3, 4, uneasy}, {4, 3, broken}} {
		d := &doctor{}
		if d.checkQuorum(tc.w, tc.n); d.Checks[0].State != tc.want {
			t.Errorf("%d of %d: %+v, want %s", tc.w, tc.n, d.Checks[0], tc.want)
		}
	}
}

func TestIncarnationsThatRunOutAreSaid(t *testing.T) {
	heads := map[string]client.Head{"b.1": {}, "b.2": {}}
	for i := range manyIncarnations {
		heads["a."+strconv.Itoa(i)] = client.Head{}
	}
	d := &doctor{}
	d.checkIncarnations(heads)
	if len(d.Checks) != 1 || d.Checks[0].Check != "incarnations of a" || d.Checks[0].State != uneasy {
		t.Errorf("%+v", d.Checks)
	}
}

func TestLegacyPeersAreJudged(t *testing.T) {
	for name, tt := range map[string]struct {
		peer client.LegacyPeer
		want verdict
		next string
	}{
		"well":       {client.LegacyPeer{State: "ok"}, fine, ""},
		"only calls": {client.LegacyPeer{State: "only_calls"}, fine, ""},
		"failing":    {client.LegacyPeer{State: "failing", LastError: "connection refused"}, uneasy, "legacy check"},
		"expired":    {client.LegacyPeer{State: "expired"}, uneasy, "legacy add"},
		"far behind": {client.LegacyPeer{State: "owed", Owed: 5000}, uneasy, "tally status"},
		"other ids":  {client.LegacyPeer{State: "ok", Drift: 2}, uneasy, "tally parked"},
	} {
		tt.peer.Name = "old"
		var d doctor
		d.checkLegacy([]client.LegacyPeer{tt.peer})
		got := diagnosis{Checks: d.Checks}.of("legacy peer old")
		if got.State != tt.want || !strings.Contains(got.Next, tt.next) {
			t.Errorf("%s: %+v", name, got)
		}
		if takes := tt.peer.State == "ok" && tt.want == fine; strings.Contains(got.Text, "takes what") != takes {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Two memories of one look are found, whatever they are spelled with, and no others.
func TestNamesThatLookAlikeAreFound(t *testing.T) {
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	d.reads("remember", "Gate code", "4711", "-n", "house")
	d.reads("remember", "Gate key", "in the shed", "-n", "house")
	d.reads("remember", "Gate code", "of the office", "-n", "office")
	if f := must[diagnosis](d, "doctor", "--names").of("names"); f.State != fine {
		t.Errorf("%+v", f)
	}
	d.reads("remember", "Ｇate code", "4712", "-n", "house")
	f := must[diagnosis](d, "doctor", "--names").of("names")
	if f.State != uneasy || !strings.Contains(f.Text, "2 memories look alike, as 'Gate code': ") {
		t.Errorf("%+v", f)
	}
	if f := must[diagnosis](d, "doctor").of("names"); f.Text != "" {
		t.Errorf("without being asked: %+v", f)
	}
}
