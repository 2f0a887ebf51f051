package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	legacy "github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/wire"
)

// oldNode is an ai-memory node.
const oldNode = "host:old"

// pushAs sends a push in its name, and returns the reply.
func pushAs(t *testing.T, url string, p *wire.Push) *wire.Reply {
	t.Helper()
	p.Sender = oldNode
	body, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/sync/push", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Peer-Id", oldNode) // and no content type: that need not be
	res, err := httpClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s, %v", res.StatusCode, raw, err)
	}
	reply, err := wire.DecodeReply(raw)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func legacyRow(id, title, content string) wire.Memory {
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000000-07:00")
	return wire.Memory{
		Citations: []wire.Citation{}, Confidence: 1, ConfidenceSource: "default", Content: content, CreatedAt: now, ID: id, MemoryKind: "observation",
		Metadata: json.RawMessage(`{"agent_id":"alice","scope":"collective"}`), Namespace: "team", Priority: 5, Source: "api", Tags: []string{},
		Tier: "long", Title: title, UpdatedAt: now, Version: 1,
	}
}

// What an ai-memory node pushes to one member is with all of them.
func TestALegacyPushReachesAllMembers(t *testing.T) {
	addrs := freeAddrs(t, 2)
	var urls []string
	for i := range 2 {
		urls = append(urls, inProcess(t, single(t, func(c *Config) {
			c.Node, c.Listen = nodeName(i), addrs[i]
			c.Members = []Member{{Name: nodeName(1 - i), URL: "http://" + addrs[1-i]}}
			c.LegacyPeers = []legacy.Peer{{Name: oldNode, Direction: legacy.In, Unsigned: true, Namespaces: []string{"**"}}}
		})).url)
	}
	id := "3d50c8df-6df8-4c39-9d3c-0d8e33a1f7aa"
	if r := pushAs(t, urls[0], &wire.Push{Memories: []wire.Memory{legacyRow(id, "a row", "of an old node")}}); r.Applied != 1 {
		t.Fatalf("%+v", r)
	}
	waitForContent(t, urls[1], id, "of an old node")
	// A proposal that was made there is decided there, and carried out here.
	draft := legacyRow("3d50c8df-6df8-4c39-9d3c-0d8e33a1f7ab", "governed", "wants approval")
	payload, err := json.Marshal(draft)
	if err != nil {
		t.Fatal(err)
	}
	pending := wire.Pending{
		Action: "store", ID: "b14c552e-6332-418b-9d75-65a04b041939", Namespace: "team", Payload: payload, RequestedAt: draft.CreatedAt,
		RequestedBy: "mallory", Status: "pending",
	}
	pushAs(t, urls[0], &wire.Push{Pendings: []wire.Pending{pending}})
	if r := pushAs(t, urls[0], &wire.Push{Decisions: []wire.Decision{{Approved: true, Decider: "bob", ID: pending.ID}}}); r.DecisionsApplied != 1 {
		t.Fatalf("%+v", r)
	}
	waitForContent(t, urls[1], draft.ID, "wants approval")
	// A deletion is known everywhere, and the row does not come back.
	pushAs(t, urls[0], &wire.Push{Deletions: []string{id}})
	waitForContent(t, urls[1], id, nil)
}

// waitForContent waits until a node shows a memory with a content, nil for none.
func waitForContent(t *testing.T, url, id string, content any) {
	t.Helper()
	waitFor(t, 20*time.Second, fmt.Sprintf("%s with content %v", id, content), func() (string, bool) {
		got := memoryAt(t, url, id)
		return fmt.Sprint(got), got["content"] == content
	})
}

// memoryAt asks a node for a memory.
func memoryAt(t *testing.T, url, id string) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/memories/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := httpClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A message and a registration that were made on an old node are where agents look
// for them here.
func TestAgentsOfLegacyPeersAreAgentsHere(t *testing.T) {
	url := inProcess(t, single(t, func(c *Config) {
		c.LegacyPeers = []legacy.Peer{{Name: oldNode, Direction: legacy.In, Unsigned: true, Namespaces: []string{"**"}}}
	})).url
	message := legacyRow("d2314e21-ce98-462d-a740-a095683f4181", "ping", "hello bob")
	message.Namespace, message.Source, message.Tags = "_messages/bob", "notify", []string{"_message"}
	message.Metadata = json.RawMessage(`{"agent_id":"ai:alice@vm:pid-1","message_kind":"notify","recipient_agent_id":"bob"}`)
	agent := legacyRow("2a03b059-8db3-4743-bf7a-07db18347dde", "agent:carol", `{"agent_id":"carol"}`)
	agent.Namespace, agent.Source, agent.Tags = "_agents", "system", []string{"agent-registration"}
	agent.Metadata = json.RawMessage(`{"agent_id":"carol","agent_type":"human","capabilities":["read"],"scope":"collective"}`)
	pushAs(t, url, &wire.Push{Memories: []wire.Memory{message, agent}})
	for path, want := range map[string]string{"/api/v1/inbox": "hello bob", "/api/v1/agents": `"carol"`} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Agent-Id", "bob")
		res, err := httpClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || !bytes.Contains(raw, []byte(want)) {
			t.Errorf("%s: %s, %v", path, raw, err)
		}
	}
}

// A receipt that is asked for names the nodes of ai-memory, and what they were told.
func TestAReceiptSaysWhatLegacyPeersWereTold(t *testing.T) {
	n := inProcess(t, single(t, func(c *Config) {
		c.LegacyPeers = []legacy.Peer{
			{Name: oldNode, Direction: legacy.In, Unsigned: true, Namespaces: []string{"**"}},
			{Name: "host:away", URL: "http://127.0.0.1:1", Namespaces: []string{"team"}},
		}
	}))
	told := func(dot string) string {
		var r client.Receipt
		if status, err := call(http.MethodGet, n.url+"/api/v1/receipts/"+dot, nil, &r); status != http.StatusOK || err != nil {
			t.Fatalf("%d, %v", status, err)
		}
		var all []string
		for _, p := range r.Told {
			all = append(all, p.Name+" "+p.State+" "+p.Durability)
		}
		return strings.Join(all, ", ")
	}
	write := func(ns string) string {
		var out struct{ Receipt *client.Receipt }
		body := map[string]any{"title": "one of " + ns, "content": "c", "namespace": ns}
		if status, err := call(http.MethodPost, n.url+"/api/v1/memories", body, &out); status != http.StatusCreated || err != nil || out.Receipt == nil {
			t.Fatalf("%d, %v", status, err)
		}
		return out.Receipt.Dot
	}
	if got := told(write("team")); got != "host:old not_told unknown, host:away owed unknown" {
		t.Error(got)
	}
	if got := told(write("other")); got != "host:old not_told unknown, host:away not_told unknown" {
		t.Error(got)
	}
}
