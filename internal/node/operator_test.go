package node

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// operatorOf is the key of the operator of a node on this machine.
func operatorOf(t *testing.T, url string) string {
	t.Helper()
	var who struct {
		KeyFile string `json:"key_file"`
	}
	if code, err := call(http.MethodGet, url+"/api/v1/operator", nil, &who); err != nil || code != http.StatusOK {
		t.Fatal(code, err)
	}
	raw, err := os.ReadFile(who.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

func TestTheOperatorsKeyIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	key, file, err := operatorKey(dir, log)
	if err != nil || file != filepath.Join(dir, "operator.key") || len(key) < 43 {
		t.Fatalf("%q in %s, %v", key, file, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if raw, err := os.ReadFile(file); err != nil || string(raw) != key+"\n" {
		t.Errorf("the file holds %q, %v", raw, err)
	}
	again, _, err := operatorKey(dir, log)
	if err != nil || again != key {
		t.Errorf("the second time %q, %v, want %q", again, err, key)
	}
	other, _, err := operatorKey(t.TempDir(), log)
	if err != nil || other == key {
		t.Errorf("another node has the same key (%v)", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v in the directory, %v", left, err)
	}
}

func TestAKeyThatOthersCanReadIsClosed(t *testing.T) {
	dir := t.TempDir()
	var logs bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logs, nil))
	key, file, err := operatorKey(dir, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if again, _, err := operatorKey(dir, log); err != nil || again != key {
		t.Errorf("%q, %v", again, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(logs.String(), "others could read") {
		t.Errorf("mode %v, %v, logged %q", info.Mode(), err, logs.String())
	}
	if strings.Contains(logs.String(), key) {
		t.Error("the log tells the key")
	}
}

func TestAnUnreadableKeyIsNotTaken(t *testing.T) {
	for _, content := range []string{"", "\n", "short\n", "tallyop_\n"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "operator.key"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if key, _, err := operatorKey(dir, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%q was taken for the key %q", content, key)
		}
	}
}
