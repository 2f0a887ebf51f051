package memory_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

// signed is a memory that a node of ai-memory 0.7.1 has taken as signed by alice, whose
// key has the seed 00 01 … 1f.
func signed(tb testing.TB) (memory.Memory, *memory.Signature, string) {
	tb.Helper()
	m := memory.Memory{Namespace: "global", MemoryKind: "observation", Title: "signed2026-11-26T06:39:38Z", Content: "the text"}
	value, err := hex.DecodeString("d6184221ab88d2ae8354ebca4d95cd523fbb78b1ef7dd37c46b6f57051e8b1dc" +
		"8af49cc99c34dee2b80e9db39d8ed7e8a0cdb94eee0446147bef7ebd3419e006")
	if err != nil {
		tb.Fatal(err)
	}
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(i)
	}
	s := &memory.Signature{Agent: "alice", Key: ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey), Value: value, At: "2026-11-26T06:39:38Z"}
	return m, s, "a6686167656e745f696465616c6963656e636f6e74656e745f736861323536582041a1f654dc79a9ac645afa553c31d51fd115eca8dd1cb9e6" +
		"c67ae03e52718e8b6a637265617465645f617474323032362d31312d32365430363a33393a33385a646b696e646b6f62736572766174696f6e" +
		"696e616d65737061636566676c6f62616c657469746c65781a7369676e6564323032362d31312d32365430363a33393a33385a"
}

func TestWhatOtherProgramsSignIsTheSame(t *testing.T) {
	m, s, want := signed(t)
	if got := hex.EncodeToString(s.Message(&m)); got != want {
		t.Errorf("message\n%s, want\n%s", got, want)
	}
	if !s.Holds(&m) {
		t.Error("it does not hold")
	}
}

func TestASignatureIsOfWhatWasSigned(t *testing.T) {
	m, s, _ := signed(t)
	m.Signature = s
	for name, change := range map[string]func(*memory.Memory, *memory.Signature){
		"content":   func(m *memory.Memory, _ *memory.Signature) { m.Content += "." },
		"title":     func(m *memory.Memory, _ *memory.Signature) { m.Title += "." },
		"namespace": func(m *memory.Memory, _ *memory.Signature) { m.Namespace = "else" },
		"kind":      func(m *memory.Memory, _ *memory.Signature) { m.MemoryKind = "claim" },
		"agent":     func(_ *memory.Memory, s *memory.Signature) { s.Agent = "mallory" },
		"time":      func(_ *memory.Memory, s *memory.Signature) { s.At = "2026-11-26T06:39:39Z" },
		"value":     func(_ *memory.Memory, s *memory.Signature) { s.Value = append([]byte{s.Value[0] ^ 1}, s.Value[1:]...) },
		"key":       func(_ *memory.Memory, s *memory.Signature) { s.Key = append([]byte{s.Key[0] ^ 1}, s.Key[1:]...) },
		"half":      func(_ *memory.Memory, s *memory.Signature) { s.Value = s.Value[:32] },
	} {
		other, sig := m, *s
		if change(&other, &sig); sig.Holds(&other) {
			t.Errorf("another %s: it holds", name)
		}
	}
	if tagged := m; true {
		tagged.Tags, tagged.Priority = []string{"x"}, 9
		if tagged.Keeping(s).Signature != s {
			t.Error("an edit of tags has taken the signature away")
		}
		if tagged.Content = "other"; tagged.Keeping(s).Signature != nil || tagged.Keeping(nil).Signature != nil {
			t.Error("an edit of the text has left the signature")
		}
	}
}

func TestTheScriptChecksSignaturesToo(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here")
	}
	for name, content := range map[string]string{"good": "the text", "other": "another text"} {
		m, s, _ := signed(t)
		file := filepath.Join(t.TempDir(), "memory.json")
		text := `{"namespace":"` + m.Namespace + `","memory_kind":"` + m.MemoryKind + `","title":"` + m.Title + `","content":"` + content +
			`","signed_by":"alice","signed_at":"` + s.At + `","signature_value":"` + base64.StdEncoding.EncodeToString(s.Value) + `"}`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), python, "../../docs/signature_verify.py", file, hex.EncodeToString(s.Key)).CombinedOutput()
		if good := name == "good"; (err == nil) != good || good && !strings.Contains(string(out), "alice has signed it") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestSignaturesOfRandomMemoriesHoldOrDoNot(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := memorytest.Memory().Draw(rt, "memory")
		if m.Signature == nil || !m.Signature.Holds(&m) {
			return
		}
		m.Content += rapid.StringN(1, 9, -1).Draw(rt, "more")
		if m.Signature.Holds(&m) {
			rt.Fatal("it holds for another text")
		}
	})
}
