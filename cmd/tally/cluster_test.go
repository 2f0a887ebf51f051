package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/internal/fleet"
)

// placed is an address for members, as flags.
func placed(t *testing.T) (url string, flags []string) {
	t.Helper()
	places, err := fleet.Places(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	url = "https://" + places[0].Addr
	return url, []string{"--members-listen", places[0].Addr, "--members-url", url, "--listen", "127.0.0.1:0"}
}

// watched is output that can be read while it is written.
type watched struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// runningNode runs a command that runs a node until the test ends, and waits
// until it serves.
func runningNode(t *testing.T, args ...string) string {
	t.Helper()
	url, _ := stoppableNode(t, args...)
	return url
}

// stoppableNode is runningNode with what stops it earlier.
func stoppableNode(t *testing.T, args ...string) (url string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	out, errs, done := &watched{}, &watched{}, make(chan int, 1)
	env := []string{"HOME=" + t.TempDir()}
	go func() {
		done <- run(ctx, stdio{in: strings.NewReader(""), out: out, err: errs, env: env, family: &fleet.Family{}}, args)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(stop)
	eventually(t, "ready", func() bool {
		if len(done) > 0 {
			t.Fatal(errs.String())
		}
		_, rest, ok := strings.Cut(out.String(), "ready ")
		url = strings.TrimSpace(rest)
		return ok && strings.HasSuffix(rest, "\n")
	})
	return url, stop
}

func TestAClusterFromAShell(t *testing.T) {
	dirA, dirB := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	membersA, flagsA := placed(t)
	urlA := runningNode(t, append([]string{"cluster", "init", "--name", "acme", "--node", "a", "--data", dirA}, flagsA...)...)
	token := strings.TrimSpace(tally(t, nil, "", "cluster", "token", "--data", dirA, "--ttl", "15m").out)
	_, flagsB := placed(t)
	join := append([]string{"join", membersA, token, "--node", "b", "--data", dirB}, flagsB...)
	urlB := runningNode(t, join...)

	var members struct {
		Epoch   uint64
		Members []struct{ Node string }
	}
	got := tally(t, nil, "", "member", "list", "--data", dirB, "--json")
	if err := json.Unmarshal([]byte(got.out), &members); err != nil || members.Epoch != 2 || len(members.Members) != 2 {
		t.Errorf("%s%s: %v", got.out, got.err, err)
	}
	if got := tally(t, nil, "", "remember", "--server", urlA, "on both", "text"); got.code != exitOK || !strings.Contains(got.out, "2 of 2") {
		t.Errorf("%+v", got)
	}
	eventually(t, "the memory on b", func() bool {
		return strings.Contains(tally(t, nil, "", "list", "--server", urlB).out, "on both")
	})

	_, flagsC := placed(t)
	again := tally(t, nil, "", append([]string{"join", membersA, token, "--node", "c", "--data", t.TempDir(), "--no-serve"}, flagsC...)...)
	if again.code != exitForbidden || !strings.Contains(again.err, "join_token_used") {
		t.Errorf("with a used token: %+v", again)
	}
	if got := tally(t, nil, "", "member", "remove", "b", "--data", dirA); got.code != exitOK || !strings.Contains(got.out, "epoch 3, 1 member\n") {
		t.Errorf("%+v", got)
	}
	if got := tally(t, nil, "", "member", "remove", "b", "--data", dirB); got.code == exitOK {
		t.Errorf("b has no authority: %+v", got)
	}
	eventually(t, "b is refused", func() bool {
		return strings.Contains(tally(t, nil, "", "status", "--server", urlB).out, "stopped")
	})

	if got := tally(t, nil, "", "audit", "list", "--data", dirA); !strings.Contains(got.out, "member_added") || !strings.Contains(got.out, "join_token_used") {
		t.Errorf("%+v", got)
	}
	verified := tally(t, nil, "", "audit", "verify", "--data", dirA, "--json")
	var v auditVerdict
	if err := json.Unmarshal([]byte(verified.out), &v); err != nil || !v.OK || verified.code != exitOK {
		t.Fatalf("%+v: %v", verified, err)
	}
	exported := tally(t, nil, "", "audit", "export", "--data", dirA)
	lines := strings.SplitAfter(exported.out, "\n")
	file := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(file, []byte(lines[0]+strings.Join(lines[2:], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(strings.TrimPrefix(exported.err, "key "))
	if got := tally(t, nil, "", "audit", "verify", "--file", file, "--key", key, "--head", v.Head); got.code != exitOther || !strings.Contains(got.out, "rows 2 to 2 are missing") {
		t.Errorf("%+v", got)
	}
}

func TestClustersThatAreNotMade(t *testing.T) {
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"no name":       {"cluster", "init", "--data", dir, "--no-serve"},
		"a bad name":    {"cluster", "init", "--name", "A b", "--data", dir, "--no-serve"},
		"no port":       {"cluster", "init", "--name", "x", "--data", dir, "--members-listen", "here", "--no-serve"},
		"plain HTTP":    {"cluster", "init", "--name", "x", "--data", dir, "--members-url", "http://x:1", "--no-serve"},
		"with members":  {"cluster", "init", "--name", "x", "--data", dir, "--member", "b=http://127.0.0.1:1", "--no-serve"},
		"a short token": {"cluster", "token", "--data", dir, "--ttl", "soon"},
		"a bad head":    {"audit", "verify", "--data", dir, "--key", strings.Repeat("0", 64), "--head", "x"},
		"a bad key":     {"audit", "verify", "--data", dir, "--key", "x"},
	} {
		if got := tally(t, nil, "", args...); got.code != exitUsage {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for name, args := range map[string][]string{
		"no identity": {"cluster", "token", "--data", dir},
		"no members":  {"member", "list", "--data", dir},
		"no log":      {"audit", "list", "--data", dir},
	} {
		if got := tally(t, nil, "", args...); got.code != exitOther || !strings.Contains(got.err, dir) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := tally(t, nil, "", "join", "https://127.0.0.1:1", "hello", "--data", dir, "--members-url", "https://x:1"); got.code != exitForbidden {
		t.Errorf("no token: %+v", got)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// A slash behind an address is no other address, and a node may be told to answer
// members at another one from its next start on.
func TestANodeAnswersMembersElsewhere(t *testing.T) {
	dir := t.TempDir()
	if got := tally(t, nil, "", "cluster", "init", "--name", "acme", "--node", "a", "--data", dir, "--members-url", "https://a.example:9078/", "--no-serve"); got.code != exitOK {
		t.Fatal(got.err)
	}
	if got := tally(t, nil, "", "member", "set", "a", "--url", "https://b.example:9178/", "--data", dir); got.code != exitOK {
		t.Fatal(got.err)
	}
	if got := tally(t, nil, "", "identity", "listen", "127.0.0.1:9178", "--data", dir); got.code != exitOK || !strings.Contains(got.out, "127.0.0.1:9178; they call it at https://b.example:9178\n") {
		t.Errorf("code %d, %s%s", got.code, got.out, got.err)
	}
	if got := tally(t, nil, "", "identity", "listen", "9178", "--data", dir); got.code != exitUsage || !strings.Contains(got.err, "want HOST:PORT") {
		t.Errorf("code %d, %s", got.code, got.err)
	}
	if got := tally(t, nil, "", "cluster", "token", "--data", dir); !strings.Contains(got.err, "tally join https://b.example:9178 TOKEN") {
		t.Errorf("the token is for another address: %s", got.err)
	}
}
