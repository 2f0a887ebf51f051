package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/httpsig"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// captured is a push that a member has signed, and a connection on which it shows its
// certificate: all that a thief with its key, or a proxy in its place, can have.
type captured struct {
	path   string
	header http.Header
	body   []byte
	client *http.Client
}

// capture signs a push of one new memory, of from to the node a.
func capture(tb testing.TB, from *cluster.Cluster) captured {
	tb.Helper()
	self, now := from.Place().Node, time.Now()
	m := memory.Memory{
		ID: memory.DerivedID("global", "captured"), Tier: memory.Long, Namespace: "global", Title: "captured", Content: "x", Priority: 5, Confidence: 1,
		Source: "api", MemoryKind: "observation", ConfidenceSource: "caller_provided", CreatedAt: memory.InstantOf(now), Version: 1,
	}
	entry := &memory.Entry{
		Dot: memory.Dot{Origin: memory.MakeOrigin(self, 7), Seq: 1}, Stamp: memory.MakeStamp(now), Actor: memory.Anonymous,
		Op: &memory.Put{Memory: m, Create: true},
	}
	raw, err := wire.EncodeEntry(entry)
	if err != nil {
		tb.Fatal(err)
	}
	body, err := wire.EncodePush(&memory.Push{From: self, To: "a", Created: now, Ops: []memory.Shipment{{Raw: raw}}, View: memory.View{Heads: memory.Heads{}}})
	if err != nil {
		tb.Fatal(err)
	}
	c := captured{path: "/api/v1/sync/push", body: body, header: http.Header{}}
	c.header.Set("X-Fed-Proto", "2")
	c.header.Set("Content-Type", "application/cbor")
	word, err := (&liar{Cluster: from}).Vouch([]receipt.Op{{Dot: entry.Dot, Digest: sha256.Sum256(raw)}})
	if err != nil {
		tb.Fatal(err)
	}
	c.header.Set("X-Peer-Held", base64.StdEncoding.EncodeToString(word.Statement))
	c.header.Set("X-Peer-Held-Signature", base64.StdEncoding.EncodeToString(word.Signature))
	if _, err := from.Self().Sign(httpsig.Request{Method: http.MethodPost, Path: c.path, Digest: sha256.Sum256(body), Header: c.header}, "a", now); err != nil {
		tb.Fatal(err)
	}
	c.client = &http.Client{Transport: &http.Transport{TLSClientConfig: from.Roots().ClientTLS(from.Self().TLS, "a", time.Now)}}
	tb.Cleanup(c.client.CloseIdleConnections)
	return c
}

// send sends what was captured, and returns the status and the code of the answer.
func (c captured) send(tb testing.TB, base, path string) (int, string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, base+path, bytes.NewReader(c.body))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header = c.header.Clone()
	resp, err := c.client.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	var p struct {
		Code string `json:"code"`
	}
	if resp.StatusCode != http.StatusOK {
		if err := json.Unmarshal(raw, &p); err != nil {
			tb.Fatalf("%d %s", resp.StatusCode, raw)
		}
	}
	return resp.StatusCode, p.Code
}

// What had an effect is remembered in the transaction that it had it in: a push that
// comes again is refused also after a start, and nothing of the state changes.
func TestACapturedPushIsWorthNothingAfterARestart(t *testing.T) {
	t.Parallel()
	a, cfg, authority := founded(t)
	data := single(t, func(c *Config) { c.Node = "b" }).Data
	b, err := JoinFrom(t.Context(), data, authority, placeOf(t, "b"))
	if err != nil {
		t.Fatal(err)
	}
	url := authority.Place().URL
	push := capture(t, b)
	if code, why := push.send(t, url, push.path); code != http.StatusOK {
		t.Fatalf("the push itself: %d %s", code, why)
	}
	digest := accountOf(t, a)["digest"]
	for i := range 1000 {
		if code, why := push.send(t, url, push.path); code != http.StatusUnauthorized || why != "replayed" {
			t.Fatalf("again, for the %dth time: %d %s", i+1, code, why)
		}
	}
	if code, why := push.send(t, url, "/api/v1/sync/pull"); code != http.StatusUnauthorized || why != "signature_bad" {
		t.Errorf("on another path: %d %s", code, why)
	}
	a.stop() // which writes nothing that a crash would not have written
	push.client.CloseIdleConnections()
	a = inProcess(t, cfg)
	if code, why := push.send(t, url, push.path); code != http.StatusUnauthorized || why != "replayed" {
		t.Errorf("after a restart: %d %s", code, why)
	}
	// What was signed before the start and has had no effect is judged, not refused.
	other := capture(t, b)
	a.stop()
	other.client.CloseIdleConnections()
	a = inProcess(t, cfg)
	if code, why := other.send(t, url, other.path); code != http.StatusOK {
		t.Errorf("signed before the start, and new: %d %s", code, why)
	}
	if got := accountOf(t, a)["digest"]; got != digest {
		t.Errorf("the state was %v, and is %v", digest, got)
	}
}
