package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity"
)

func TestAgentsGetKeysOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", dir)
	must[client.Outcome](d, "remember", "Plan", "secret", "--namespace", "else")
	made := must[madeKey](d, "agent", "add", "bot", "--namespaces", "work/**,notes", "--verbs", "read,write", "--ttl", "1h", "--data", dir)
	as := func(key string, args ...string) result {
		return tally(t, []string{"TALLY_SERVER=" + d.url, "TALLY_API_KEY=" + key}, "", args...)
	}
	// The node hears of a key by itself, within half a second.
	eventually(t, "the node goes by the change", func() bool { return as(made.Key, "list").code == exitOK })
	if got := as(made.Key, "list"); strings.Contains(got.out, "Plan") {
		t.Errorf("%+v", got)
	}
	if got := as(made.Key, "remember", "Mine", "x", "--namespace", "work/a"); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	if got := as(made.Key, "remember", "Not mine", "x", "--namespace", "else"); got.code != exitForbidden {
		t.Errorf("%+v", got)
	}
	if got := d.reads("list"); !strings.Contains(got, "Plan") { // the operator's key is found
		t.Errorf("%s", got)
	}
	again := must[madeKey](d, "agent", "rotate", made.ID, "--data", dir)
	eventually(t, "the node goes by the change", func() bool { return as(made.Key, "list").code == exitForbidden && as(again.Key, "list").code == exitOK })
	if got := d.reads("agent", "list", "--data", dir); !strings.Contains(got, "bot") || !strings.Contains(got, "revoked") || strings.Contains(got, again.Hash+"x") {
		t.Errorf("%s", got)
	}
	d.reads("agent", "revoke", "bot", "--data", dir)
	eventually(t, "the node goes by the change", func() bool { return as(again.Key, "list").code == exitForbidden })
	for name, args := range map[string][]string{
		"a verb":      {"agent", "add", "x", "--verbs", "fly"},
		"a namespace": {"agent", "add", "x", "--namespaces", "a**"},
		"a time":      {"agent", "add", "x", "--ttl", "soon"},
		"an agent":    {"agent", "add", "x y"},
		"no key":      {"agent", "rotate", "nothing"},
	} {
		if got := tally(t, nil, "", append(args, "--data", dir)...); got.code != exitUsage {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAnAgentSignsWhatItRemembers(t *testing.T) {
	dir := t.TempDir()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", dir)
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "alice.pem")
	if err := identity.SaveKey(file, key); err != nil {
		t.Fatal(err)
	}
	made := must[madeKey](d, "agent", "add", "alice", "--public-key", key.Public().String(), "--data", dir)
	as := func(args ...string) result {
		return tally(t, []string{"TALLY_SERVER=" + d.url, "TALLY_API_KEY=" + made.Key, "TALLY_AGENT=alice"}, "", args...)
	}
	eventually(t, "the node goes by the key", func() bool { return as("list").code == exitOK })
	out := as("remember", "Gate code", "It is 4711.", "--namespace", "home", "--sign-key", file, "--json")
	var written client.Outcome
	if err := json.Unmarshal([]byte(out.out), &written); out.code != exitOK || err != nil {
		t.Fatalf("%+v: %v", out, err)
	}
	if got := as("get", written.ID); !strings.Contains(got.out, "signed by alice") {
		t.Errorf("%+v", got)
	}
	if got := tally(t, nil, "", "agent", "add", "x", "--public-key", "nothing", "--data", dir); got.code != exitUsage {
		t.Errorf("no key: %+v", got)
	}
	if got := tally(t, []string{"TALLY_SERVER=" + d.url}, "", "remember", "x", "y", "--sign-key", file); got.code != exitUsage {
		t.Errorf("without an agent: %+v", got)
	}
}
