package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/memory"
)

// placeOf is where a node of a test answers members.
func placeOf(tb testing.TB, name string) cluster.Place {
	tb.Helper()
	addr := freeAddrs(tb, 1)[0]
	return cluster.Place{Node: memory.Node(name), Name: identity.Name(name), Listen: addr, URL: "https://" + addr}
}

// founded is the first node of a federation, running.
func founded(tb testing.TB) (*running, Config, *cluster.Cluster) {
	tb.Helper()
	cfg := single(tb)
	c, err := Found(cfg.Data, "acme", placeOf(tb, "a"))
	if err != nil {
		tb.Fatal(err)
	}
	return inProcess(tb, cfg), cfg, c
}

// joined is another node of it, running.
func joined(t *testing.T, authority *cluster.Cluster, name string) *running {
	t.Helper()
	cfg := single(t, func(c *Config) { c.Node = memory.Node(name) })
	if _, err := JoinFrom(t.Context(), cfg.Data, authority, placeOf(t, name)); err != nil {
		t.Fatal(err)
	}
	return inProcess(t, cfg)
}

func accountOf(tb testing.TB, r *running) map[string]any {
	tb.Helper()
	var out map[string]any
	if _, err := call(http.MethodGet, r.url+"/api/v1/status", nil, &out); err != nil {
		tb.Fatal(err)
	}
	return out
}

// waitForMembers waits until a node goes by so many members, itself included.
func waitForMembers(t *testing.T, r *running, n int) {
	t.Helper()
	waitFor(t, 20*time.Second, fmt.Sprintf("%d members", n), func() (string, bool) {
		s := accountOf(t, r)
		return fmt.Sprint(s["n"]), s["n"] == float64(n)
	})
}

func write(t *testing.T, r *running, title string) int {
	t.Helper()
	code, err := call(http.MethodPost, r.url+"/api/v1/memories", memo(title), nil)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestNodesJoinWriteAndAreRemoved(t *testing.T) {
	t.Parallel()
	a, aCfg, authority := founded(t)
	if got := write(t, a, "alone"); got != http.StatusCreated {
		t.Fatalf("the first node alone: %d", got)
	}
	b := joined(t, authority, "b")
	c := joined(t, authority, "c")
	for _, r := range []*running{a, b, c} {
		waitForMembers(t, r, 3)
	}
	for i, r := range []*running{a, b, c} {
		if got := write(t, r, fmt.Sprint("memory ", i)); got != http.StatusCreated {
			t.Errorf("node %d: %d", i, got)
		}
	}
	// All members become equal, the memory included that was there before they came.
	waitFor(t, 20*time.Second, "equal digests", func() (string, bool) {
		x, y, z := accountOf(t, a)["digest"], accountOf(t, b)["digest"], accountOf(t, c)["digest"]
		return fmt.Sprint(x, y, z), x == y && y == z
	})
	running, err := OpenIdentity(aCfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	if err := running.Remove("c", false); err != nil {
		t.Fatal(err)
	}
	waitForMembers(t, a, 2)
	waitForMembers(t, b, 2)
	if took := time.Since(before); took > 5*time.Second {
		t.Errorf("c is a member %s after it was removed", took)
	}
	if got := write(t, a, "after"); got != http.StatusCreated {
		t.Errorf("without c: %d", got)
	}
	waitFor(t, 20*time.Second, "c to be refused", func() (string, bool) {
		s := fmt.Sprint(accountOf(t, c)["members"])
		return s, strings.Contains(s, "member_removed")
	})
	if rows := verified(t, aCfg, authority); rows < 4 {
		t.Errorf("%d rows in the audit log", rows)
	}
	text, err := os.ReadFile(filepath.Join(aCfg.Data, AuditFile))
	for _, want := range []string{"member_added", "member_removed", "change_ended"} {
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("no %s in the audit log: %v", want, err)
		}
	}
}

// The members of a cluster come and go, and the settings of each node stay.
func TestAClustersWriteQuorumIsOfItsMembersAsTheyAre(t *testing.T) {
	t.Parallel()
	cfg := single(t, func(c *Config) { c.WriteQuorum = 2 })
	if err := cfg.ValidQuorum(); err == nil {
		t.Error("two of one that is named")
	}
	authority, err := Found(cfg.Data, "acme", placeOf(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	a := inProcess(t, cfg)
	if got := write(t, a, "alone"); got != http.StatusCreated {
		t.Errorf("alone: %d", got)
	}
	const warning = "a write quorum of 2 is asked for, and 1 count here"
	if s := accountOf(t, a); s["w"] != 1.0 || !strings.Contains(fmt.Sprint(s["warnings"]), warning) {
		t.Errorf("w %v, warnings %v", s["w"], s["warnings"])
	}
	joined(t, authority, "b")
	waitForMembers(t, a, 2)
	if s := accountOf(t, a); s["w"] != 2.0 || strings.Contains(fmt.Sprint(s["warnings"]), "write quorum") {
		t.Errorf("w %v, warnings %v", s["w"], s["warnings"])
	}
	if got := write(t, a, "both"); got != http.StatusCreated {
		t.Errorf("both: %d", got)
	}
}

func TestNobodyJoinsWithoutAToken(t *testing.T) {
	t.Parallel()
	_, _, authority := founded(t)
	line, _, err := authority.Invite(time.Hour, 1, cluster.Terms{})
	if err != nil {
		t.Fatal(err)
	}
	url, data := authority.Place().URL, t.TempDir()
	other := single(t)
	stranger, err := Found(other.Data, "acme", placeOf(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, _, err := stranger.Invite(time.Hour, 1, cluster.Terms{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Join(t.Context(), data, url, "hello", placeOf(t, "b")); identity.TagOf(err) != identity.TokenMalformed {
		t.Errorf("no token: %v", err)
	}
	if _, err := Join(t.Context(), data, url, foreign, placeOf(t, "b")); identity.TagOf(err) != identity.CertificateIssuer {
		t.Errorf("the token of another federation: %v", err)
	}
	if _, err := Join(t.Context(), data, url, line, placeOf(t, "a")); !codeIs(err, "member_taken") {
		t.Errorf("the name of a member: %v", err)
	}
	if _, err := Join(t.Context(), data, url, line, placeOf(t, "b")); err != nil {
		t.Errorf("with the token: %v", err)
	}
	if _, err := Join(t.Context(), t.TempDir(), url, line, placeOf(t, "c")); !codeIs(err, "join_token_used") {
		t.Errorf("with a used token: %v", err)
	}
}

// A node whose key was lost, or that was removed, comes back with another identity over
// the same data: its memories stay, and its audit log begins anew beside the one that
// the other key has signed.
func TestANodeComesBackWithAnotherIdentity(t *testing.T) {
	t.Parallel()
	a, _, authority := founded(t)
	cfg := single(t, func(c *Config) { c.Node = "b" })
	if _, err := JoinFrom(t.Context(), cfg.Data, authority, placeOf(t, "b")); err != nil {
		t.Fatal(err)
	}
	b := inProcess(t, cfg)
	waitForMembers(t, a, 2)
	waitForMembers(t, b, 2)
	if got := write(t, b, "before"); got != http.StatusCreated {
		t.Fatalf("before: %d", got)
	}
	b.stop()
	if err := authority.Remove("b", false); err != nil {
		t.Fatal(err)
	}
	waitForMembers(t, a, 1)
	if err := os.Rename(filepath.Join(cfg.Data, IdentityDir), filepath.Join(t.TempDir(), "old")); err != nil {
		t.Fatal(err)
	}
	if _, err := JoinFrom(t.Context(), cfg.Data, authority, placeOf(t, "b")); err != nil {
		t.Fatal(err)
	}
	b = inProcess(t, cfg)
	waitForMembers(t, a, 2)
	waitForMembers(t, b, 2)
	if got := write(t, b, "after"); got != http.StatusCreated {
		t.Errorf("after: %d", got)
	}
	logs, err := filepath.Glob(filepath.Join(cfg.Data, "audit*.log"))
	if err != nil || len(logs) != 2 {
		t.Errorf("audit logs %v: %v", logs, err)
	}
}

// Who cannot keep an identity is not let in: a member that there is not would count for
// every quorum.
func TestWhoCannotKeepAnIdentityDoesNotJoin(t *testing.T) {
	t.Parallel()
	_, _, authority := founded(t)
	line, _, err := authority.Invite(time.Hour, 1, cluster.Terms{})
	if err != nil {
		t.Fatal(err)
	}
	url := authority.Place().URL
	taken, file := single(t).Data, filepath.Join(t.TempDir(), "file")
	if _, err := Found(taken, "acme", placeOf(t, "b")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	nowhere := placeOf(t, "b")
	nowhere.URL = "ftp://127.0.0.1"
	for name, try := range map[string]func() error{
		"an identity that is there":     func() error { _, err := Join(t.Context(), taken, url, line, placeOf(t, "b")); return err },
		"a directory that cannot be":    func() error { _, err := Join(t.Context(), file, url, line, placeOf(t, "b")); return err },
		"a place that nobody may be at": func() error { _, err := Join(t.Context(), t.TempDir(), url, line, nowhere); return err },
	} {
		if err := try(); err == nil {
			t.Errorf("%s: joined", name)
		}
	}
	if _, err := Join(t.Context(), t.TempDir(), url, line, placeOf(t, "b")); err != nil {
		t.Errorf("the token was used for nothing: %v", err)
	}
}

func codeIs(err error, code string) bool {
	e, ok := errors.AsType[*JoinError](err)
	return ok && e.Code == code
}

func TestAnIdentityIsOfOneNodeAndKnowsItsMembers(t *testing.T) {
	cfg := single(t)
	if _, err := Found(cfg.Data, "acme", placeOf(t, "b")); err != nil {
		t.Fatal(err)
	}
	if got := NameIn(t.Context(), cfg.Data); got != "b" {
		t.Errorf("the node is %q", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := run(ctx, cfg, Parts{}, &logBuffer{}, func(string) {}); err == nil || !strings.Contains(err.Error(), "is of node b") {
		t.Errorf("another node: %v", err)
	}
	cfg = single(t, func(c *Config) { c.Node = "b" })
	if _, err := Found(cfg.Data, "acme", placeOf(t, "b")); err != nil {
		t.Fatal(err)
	}
	cfg.Members = []Member{{Name: "c", URL: "http://127.0.0.1:9"}}
	if err := run(ctx, cfg, Parts{}, &logBuffer{}, func(string) {}); err == nil || !strings.Contains(err.Error(), "named in the configuration") {
		t.Errorf("members by configuration: %v", err)
	}
}
