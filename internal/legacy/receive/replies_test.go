package receive_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/legacy/config"
)

// receiverOf is a receiver configured as the one that gave the replies of a prefix.
func receiverOf(t *testing.T, prefix string) *node {
	t.Helper()
	k := capturedKeys(t)
	all := []string{"**"}
	p := config.Peer{Name: sender, Direction: config.In, Namespaces: all}
	peers := []config.Peer{
		{Name: "other-node", Direction: config.In, Namespaces: all, Unsigned: true}, {Name: "someone-else", Direction: config.In, Namespaces: all, Unsigned: true},
	}
	switch prefix {
	case "z", "n":
		p.Unsigned, p.UnsignedPulls = true, true
		if prefix == "n" {
			p.Key = k.sender
		}
	case "e":
		p.Key = k.sender
	case "a":
		p.Key, p.Senders, p.Namespaces, p.Direction, p.URL = k.sender, []string{"sub-sender"}, []string{"rep", "pub/**"}, config.Both, "http://127.0.0.1:1"
		peers = nil
	case "k":
		p.Unsigned, p.APIKey = true, k.apiKey
	case "c":
		p.Issuers, p.Domain = map[string]string{"root": k.root}, k.domain
		for _, name := range []string{"region/sfo/node-9", "region/nyc/node-2"} {
			other := p
			other.Name = name
			peers = append(peers, other)
		}
	case "q":
		p.Unsigned, p.MemoriesPerDay = true, 3
	case "t":
		p.Key, p.UnsignedPulls, p.Direction, p.URL = k.sender, true, config.Both, "http://127.0.0.1:1"
	}
	return open(t, "a", t.TempDir(), append(peers, p)...)
}

// different says where we answer something else than a real node on purpose.
func different(name string) (status int, counts map[string]int, ok bool) {
	for prefix, want := range map[string]struct {
		status int
		counts map[string]int
	}{
		"z16-": {200, map[string]int{"links_applied": 1}},                                        // a link before its memories is kept
		"z25-": {200, map[string]int{"applied": 1}},                                              // a rename is taken
		"z33-": {200, map[string]int{"namespace_meta_applied": 1}},                               // a standard before its memory is kept
		"a01-": {200, map[string]int{"applied": 5, "skipped": 1}},                                // a closed namespace is closed for pushes too
		"a04-": {200, map[string]int{"count": 5, "excluded_for_scope_private": 1, "limit": 500}}, // that one never came
		"t02-": {200, map[string]int{"count": 1, "excluded_for_scope_private": 1, "limit": 500}}, // private rows stay
		"n02-": {401, nil},                                                                       // a signature that is there must be good
		"n03-": {401, nil},                                                                       // a signature without a nonce holds for ever
	} {
		if strings.HasPrefix(name, prefix) {
			return want.status, want.counts, true
		}
	}
	return 0, nil, false
}

// Every recorded request gets the status of a real node, and its word or its counters.
func TestRecordedRequestsAreAnsweredAsARealNodeAnswers(t *testing.T) {
	var n *node
	last := ""
	for _, x := range captures(t, "receiver-replies/*.http") {
		if x.cut {
			continue // its body is not in the file; see the limits below
		}
		if prefix := x.name[:1]; prefix != last {
			last, n = prefix, receiverOf(t, prefix)
		}
		status, body := n.play(x)
		wantStatus, wantCounts, ok := different(x.name)
		if !ok {
			wantStatus = x.status
			if x.status == http.StatusOK {
				wantCounts = counters(t, x.answer)
			}
		}
		if status != wantStatus {
			t.Errorf("%s: %d %s, want %d %s", x.name, status, body, wantStatus, x.answer)
			continue
		}
		if status == http.StatusOK {
			if got := counters(t, body); !maps.Equal(got, wantCounts) {
				t.Errorf("%s: %v, want %v", x.name, got, wantCounts)
			}
			continue
		}
		if !ok && word(x.answer) != word(body) {
			t.Errorf("%s: %s, want %s", x.name, body, x.answer)
		}
	}
}

// word is the tag of an answer: of a body that cannot be read the part that does not
// name a place in it.
func word(body []byte) string {
	var a struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &a) != nil {
		return string(body)
	}
	tag, _, _ := strings.Cut(a.Error, ":")
	return tag
}
