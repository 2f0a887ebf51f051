package aimemory_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/aimemory"
	"github.com/tallystick/tallystick/internal/identity/cred"
)

// Pushes that real ai-memory nodes have sent lie beside the repository.
const captured = "../../../../shared/vectors"

func TestPushesOfRealNodesVerify(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(captured, "keys", "keys.json"))
	if os.IsNotExist(err) {
		t.Skipf("no captured pushes at %s", captured)
	}
	if err != nil {
		t.Fatal(err)
	}
	type pair struct {
		Public string `json:"public_hex"`
	}
	var file struct {
		Sender pair            `json:"sender region/nyc/node-1"`
		Root   pair            `json:"issuer root"`
		Domain identity.Domain `json:"trust_domain"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	public := func(p pair) identity.PublicKey {
		b, err := hex.DecodeString(p.Public)
		if err != nil {
			t.Fatal(err)
		}
		return identity.PublicKey(b)
	}
	roots := cred.Roots{Domain: file.Domain, Keys: map[identity.Name][]identity.PublicKey{"root": {public(file.Root)}}}
	var pushes, withCredential int
	for _, set := range []string{"signed", "cred", "chain"} {
		names, err := filepath.Glob(filepath.Join(captured, "pushes-"+set, "*.push.http"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %d files", set, err, len(names))
		}
		for _, name := range names {
			headers, body := read(t, name)
			pushes++
			if err := aimemory.Verify(public(file.Sender), headers["x-memory-sig"], body, headers["x-memory-nonce"]); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if headers["x-memory-cred"] == "" {
				continue
			}
			withCredential++
			c, err := cred.ParseHeader(headers["x-memory-cred"])
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			chain, err := cred.ParseChainHeader(headers["x-memory-cred-chain"])
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			subject, err := roots.Verify(c, chain, time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC))
			if err != nil || string(subject.Name) != headers["x-peer-id"] || subject.Key != public(file.Sender) {
				t.Errorf("%s: %+v, %v", name, subject, err)
			}
		}
	}
	if pushes < 60 || withCredential < 20 {
		t.Errorf("%d pushes, %d with a credential", pushes, withCredential)
	}
}

// read parses a captured request as it was on the wire.
func read(t *testing.T, name string) (headers map[string]string, body []byte) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, body, ok := bytes.Cut(data, []byte("\r\n\r\n"))
	if !ok {
		t.Fatalf("%s: no end of the headers", name)
	}
	headers = map[string]string{}
	for _, line := range bytes.Split(head, []byte("\r\n"))[1:] {
		k, v, _ := bytes.Cut(line, []byte(": "))
		headers[string(k)] = string(v)
	}
	return headers, body
}
