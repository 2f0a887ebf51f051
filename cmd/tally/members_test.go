package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// asOperator calls a route of a node with the operator's key.
func asOperator[T any](t *testing.T, data, method, url string) (v T, status int) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(data, "operator.key"))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v, res.StatusCode
}

func TestMembersJoinAndLeaveOverHTTP(t *testing.T) {
	dirA, dirB := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	_, flagsA := placed(t)
	urlA := runningNode(t, append([]string{"cluster", "init", "--name", "acme", "--node", "a", "--data", dirA}, flagsA...)...)
	alone, status := asOperator[client.Membership](t, dirA, "GET", urlA+"/api/v1/members")
	if status != http.StatusOK || !alone.Identity || !alone.Authority || alone.Domain != "acme" || len(alone.Words) != 8 || len(alone.Members) != 1 || alone.CertEnds.IsZero() {
		t.Fatalf("%d %+v", status, alone)
	}
	gone, _ := asOperator[client.JoinToken](t, dirA, "POST", urlA+"/api/v1/members/tokens")
	if _, status := asOperator[client.Membership](t, dirA, "DELETE", urlA+"/api/v1/members/tokens/"+gone.ID); status != http.StatusOK {
		t.Errorf("cancel: %d", status)
	}
	token, _ := asOperator[client.JoinToken](t, dirA, "POST", urlA+"/api/v1/members/tokens?ttl_secs=600")
	if !slices.Equal(token.Words, alone.Words) {
		t.Errorf("words %q and %q", token.Words, alone.Words)
	}
	_, flagsB := placed(t)
	refused := tally(t, nil, "", append([]string{"join", gone.URL, gone.Token, "--node", "b", "--data", dirB, "--no-serve"}, flagsB...)...)
	if refused.code != exitForbidden {
		t.Errorf("with a token that was ended: %+v", refused)
	}
	if got := tally(t, nil, "", append([]string{"join", token.URL, token.Token, "--node", "b", "--data", dirB, "--no-serve"}, flagsB...)...); got.code != exitOK || !strings.Contains(got.err, strings.Join(alone.Words, " ")) {
		t.Fatalf("%+v", got)
	}
	urlB := runningNode(t, "serve", "--node", "b", "--data", dirB, "--listen", "127.0.0.1:0")
	counts := func(n int) func() bool {
		return func() bool {
			s := parse[client.Status](t, tally(t, nil, "", "status", "--server", urlA, "--json").out)
			m, _ := asOperator[client.Membership](t, dirA, "GET", urlA+"/api/v1/members")
			return s.N == n && !m.Changing
		}
	}
	eventually(t, "both count", counts(2))
	if _, status := asOperator[map[string]any](t, dirB, "POST", urlB+"/api/v1/members/tokens"); status != http.StatusBadRequest {
		t.Errorf("b has no authority: %d", status)
	}
	drained, status := asOperator[client.Membership](t, dirA, "PUT", urlA+"/api/v1/members/b?role=observer")
	if status != http.StatusOK || drained.Members[1].Role != "observer" {
		t.Errorf("%d %+v", status, drained)
	}
	eventually(t, "b does not count", counts(1))
	left, status := asOperator[client.Membership](t, dirA, "DELETE", urlA+"/api/v1/members/b")
	if status != http.StatusOK || len(left.Members) != 1 {
		t.Errorf("%d %+v", status, left)
	}
	if _, status := asOperator[map[string]any](t, dirA, "DELETE", urlA+"/api/v1/members/b"); status != http.StatusNotFound {
		t.Errorf("b is none any more: %d", status)
	}
}

func TestKeysOfAgentsAreMadeAndRevokedOverHTTP(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	_, flags := placed(t)
	url := runningNode(t, append([]string{"cluster", "init", "--name", "acme", "--node", "a", "--data", dir}, flags...)...)
	all := url + "/api/v1/agents/keys"
	made, status := asOperator[client.AgentKeyMade](t, dir, "POST", all+"?agent=alice&namespaces=work/**&verbs=read")
	as := func(key string) int { return tally(t, nil, "", "list", "--server", url, "--api-key", key).code }
	if status != http.StatusOK || as(made.Key) != exitOK {
		t.Fatalf("%d %+v", status, made)
	}
	next, _ := asOperator[client.AgentKeyMade](t, dir, "POST", all+"/"+made.ID+"/rotate")
	if as(made.Key) != exitForbidden || as(next.Key) != exitOK {
		t.Errorf("rotated: %d, %d", as(made.Key), as(next.Key))
	}
	list, _ := asOperator[client.AgentKeys](t, dir, "DELETE", all+"/alice")
	if as(next.Key) != exitForbidden || list.Count != 2 || list.Keys[0].Alive || list.Keys[1].Alive {
		t.Errorf("%+v", list)
	}
	eventually(t, "the audit log has them", func() bool {
		got := tally(t, nil, "", "audit", "list", "--data", dir).out
		return strings.Count(got, " agent_key_added ") == 2 && strings.Count(got, " agent_key_revoked ") == 2
	})
}
