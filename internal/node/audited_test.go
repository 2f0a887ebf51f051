package node

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/identity/cluster"
)

// wantAudited waits for a line of the audit log that holds all of the words.
func wantAudited(t *testing.T, cfg Config, words ...string) {
	t.Helper()
	waitFor(t, 20*time.Second, fmt.Sprintf("a line with %q", words), func() (string, bool) {
		raw, err := os.ReadFile(filepath.Join(cfg.Data, AuditFile))
		if err != nil {
			return err.Error(), false
		}
		for line := range strings.Lines(string(raw)) {
			has := true
			for _, w := range words {
				has = has && strings.Contains(line, w)
			}
			if has {
				return "", true
			}
		}
		return string(raw), false
	})
}

// verified checks the audit log of a node, and returns how many rows it has.
func verified(t *testing.T, cfg Config, c *cluster.Cluster) int {
	t.Helper()
	f, err := os.Open(filepath.Join(cfg.Data, AuditFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	report, err := audit.Verify(f, c.Self().Key().Public(), audit.Head{})
	if err != nil || !report.OK() {
		t.Errorf("%+v, %v", report, err)
	}
	return int(report.Rows)
}

// askAs makes a request without a body and returns its status.
func askAs(t *testing.T, r *running, method, path, key string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// Who is refused, whose key ends, what is erased and who takes everything along is in
// the audit log, which is right.
func TestWhatAnOperatorMustAnswerForIsAudited(t *testing.T) {
	t.Parallel()
	a, cfg, authority := founded(t)
	writeOp(t, a, "to be erased")
	raw, err := os.ReadFile(filepath.Join(cfg.Data, operatorFile))
	if err != nil {
		t.Fatal(err)
	}
	operator := strings.TrimSpace(string(raw))
	var list struct {
		Memories []struct {
			ID string `json:"id"`
		} `json:"memories"`
	}
	if _, err := call(http.MethodGet, a.url+"/api/v1/memories", nil, &list); err != nil || len(list.Memories) != 1 {
		t.Fatal(list, err)
	}
	id := list.Memories[0].ID
	if got := askAs(t, a, http.MethodGet, "/api/v1/export?all=true", operator); got != http.StatusOK {
		t.Errorf("export of all: %d", got)
	}
	if got := askAs(t, a, http.MethodDelete, "/api/v1/memories/"+id+"?erase=true", operator); got != http.StatusOK {
		t.Errorf("erase: %d", got)
	}
	book, err := OpenAgents(cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	key, record, err := book.Add("reader", agentkey.Scope{Namespaces: []agentkey.Glob{"work/**"}, Verbs: []agentkey.Verb{agentkey.Read}}, time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	wantAudited(t, cfg, `"agent_key_added"`, record.ID)
	if got := askAs(t, a, http.MethodPost, "/api/v1/gc", key); got != http.StatusForbidden {
		t.Errorf("with a key for something else: %d", got)
	}
	if got := askAs(t, a, http.MethodGet, "/api/v1/memories", key+"x"); got != http.StatusUnauthorized {
		t.Errorf("with a key that is none: %d", got)
	}
	if _, err := book.Revoke(record.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	wantAudited(t, cfg, `"agent_key_revoked"`, record.ID)
	wantAudited(t, cfg, `"export"`, `"export_of_all"`)
	wantAudited(t, cfg, `"erasure"`, id)
	wantAudited(t, cfg, `"auth_failure"`, `"UNAUTHORIZED"`, "127.0.0.1")
	wantAudited(t, cfg, `"refusal"`, "POST /api/v1/gc")
	a.stop()
	verified(t, cfg, authority)
}

// A member that may not be called counts as one that does not answer: nobody else
// waits for it, and it still gets what it asks for itself.
func TestARuleAboutCallsStopsNobodyElse(t *testing.T) {
	t.Parallel()
	a, cfg, authority := founded(t)
	writeOp(t, a, "alone")
	b := joined(t, authority, "b")
	waitForMembers(t, a, 2)
	a.stop()
	current, err := OpenIdentity(cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := current.Membership()
	of, ok := list.Find("b")
	if !ok {
		t.Fatalf("%+v", list)
	}
	cfg.Outbound = []string{"deny push " + of.URL, "allow * *"}
	a = inProcess(t, cfg)
	c := joined(t, current, "c")
	for _, r := range []*running{a, b, c} {
		waitForMembers(t, r, 3)
	}
	if got := writeOp(t, a, "not pushed to b"); got.Durability != "quorum" && got.Durability != "all" {
		t.Errorf("%+v", got)
	}
	wantAudited(t, cfg, `"outbound_denied"`, of.URL, "push: rule 1 of outbound")
	waitFor(t, 20*time.Second, "b to have it all the same", func() (string, bool) {
		x, y := accountOf(t, a)["digest"], accountOf(t, b)["digest"]
		return fmt.Sprint(x, y), x == y
	})
	cfg.Outbound = []string{"deny push"}
	if err := run(context.Background(), cfg, Parts{}, &logBuffer{}, func(string) {}); err == nil || !strings.Contains(err.Error(), "outbound: rule") {
		t.Errorf("a rule that is none: %v", err)
	}
}

// The end of a change is noted even if that of an earlier one was not looked at yet.
func TestTheLatestEndOfAChangeIsNoted(t *testing.T) {
	tr := &trust{endings: make(chan uint64, 1)}
	ended := tr.onEnded()
	ended(2)
	ended(3)
	if got := <-tr.endings; got != 3 {
		t.Errorf("epoch %d, want 3", got)
	}
}
