package wire

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bodies are those of the pushes that our lanes send, of every kind.
func bodies(f *testing.F) [][]byte {
	f.Helper()
	files, err := filepath.Glob("../send/testdata/*.http")
	if err != nil || len(files) == 0 {
		f.Fatalf("%d files, %v", len(files), err)
	}
	var out [][]byte
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(raw) {
			if bytes.HasPrefix(line, []byte("{")) {
				out = append(out, bytes.TrimSpace(line))
			}
		}
	}
	if len(out) < len(files) {
		f.Fatalf("%d bodies in %d files", len(out), len(files))
	}
	return out
}

// What is understood of a push is all that is written of it again, and the same bytes
// come out however often that is done.
func FuzzDecodePush(f *testing.F) {
	for _, body := range bodies(f) {
		f.Add(body)
	}
	f.Add([]byte(`{"sender_agent_id":"a","memories":[{"id":"x","confidence_source":"default","unknown":[1]}],"dry_run":true}`))
	f.Add([]byte(`{"memories":[{"id":"\ud800"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := DecodePush(body)
		if err != nil {
			return
		}
		first, err := p.Encode()
		if err != nil {
			t.Fatalf("it is understood, and cannot be written: %v", err)
		}
		again, err := DecodePush(first)
		if err != nil {
			t.Fatalf("%s: what we write is not understood: %v", first, err)
		}
		second, err := again.Encode()
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s", err, cmp.Diff(string(first), string(second)))
		}
	})
}

func FuzzDecodeReply(f *testing.F) {
	f.Add([]byte(`{"applied":1,"noop":0,"skipped":0,"ids":["x"],"receiver_agent_id":"b","receiver_clock":{"entries":{}}}`))
	f.Add([]byte(`{"error":"bad signature"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if r, err := DecodeReply(body); (r == nil) != (err != nil) {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func FuzzDecodeSince(f *testing.F) {
	f.Add([]byte(`{"count":1,"limit":500,"memories":[{"id":"x","updated_at":"2026-01-01T00:00:00Z"}],"updated_since":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := DecodeSince(body); (s == nil) != (err != nil) {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}
