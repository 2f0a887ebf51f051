package api_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/journal"
)

func TestTheOperatorIsToldOfAllReads(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) {
		c.Readers = journal.OpenReaders(filepath.Join(t.TempDir(), "readers"), time.Now, slog.New(slog.DiscardHandler))
	}})
	operator, err := client.New(client.Options{URL: n.url, OperatorKey: operatorKey})
	if err != nil {
		t.Fatal(err)
	}
	private := alicesOwn(n)[0]
	gone := n.create("Attic", agent("alice")...)
	for _, id := range []string{private, gone} {
		n.call("GET", "/api/v1/memories/"+id, "", agent("alice")...).want(200)
	}
	n.call("POST", "/api/v1/memories/"+gone+"/erase", "", agent("alice")...).want(200)
	for name, id := range map[string]string{"a private memory": private, "an erased memory": gone} {
		got, err := operator.Agents().Readers(t.Context(), id)
		if err != nil || got.Count != 1 || got.Readers[0].AgentID != "alice" || got.Since.IsZero() {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		n.call("GET", "/api/v1/readers?id="+id, "", agent("bob")...).want(404)
	}
	if got, err := operator.Agents().ReadBy(t.Context(), "alice"); err != nil || got.Count != 2 || got.Read[0].ID != gone {
		t.Errorf("by alice: %+v, %v", got, err)
	}
	if got := n.call("GET", "/api/v1/readers?by=alice", "", agent("alice")...).want(200); !strings.Contains(got.raw, private) {
		t.Errorf("by alice, as alice: %s", got.raw)
	}
	n.call("GET", "/api/v1/readers?by=alice", "", agent("bob")...).want(403)
	n.call("GET", "/api/v1/readers?by=alice&id="+private, "", agent("alice")...).want(400)
	if _, err := operator.Agents().Readers(t.Context(), "nothing"); err == nil {
		t.Error("a memory that never was has readers")
	}
}

func TestANodeThatDoesNotCountReadsSaysNoTime(t *testing.T) {
	n := alone(t)
	if got := n.call("GET", "/api/v1/readers", "", agent("alice")...).want(200); strings.Contains(got.raw, "since") {
		t.Errorf("%s", got.raw)
	}
}
