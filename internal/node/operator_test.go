package node

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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

// A file that cannot be read is told of once and then ever more rarely, though it is looked
// at four times a second; and it is read as soon as that can be, whatever its times say.
func TestKeysThatCannotBeReadAreToldOfRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var logs bytes.Buffer
		log, err := newLogger(Config{LogLevel: "info", LogFormat: "text"}, &logs)
		if err != nil {
			t.Fatal(err)
		}
		book, err := OpenAgents(dir)
		if err != nil {
			t.Fatal(err)
		}
		f := agentsFile{path: filepath.Join(dir, AgentsFile), reload: book.Reload, log: log}
		watch := func(long time.Duration) (read int) {
			for range long / lookAtAgents {
				if f.again(t.Context()) {
					read++
				}
				time.Sleep(lookAtAgents)
			}
			return read
		}
		told := func(text string) int {
			defer logs.Reset()
			return strings.Count(logs.String(), text)
		}
		const cannot, again = "the keys of agents cannot be read", "can be read again"
		if read := watch(time.Minute); read != 0 || logs.Len() > 0 {
			t.Errorf("no file: read %d times, %s", read, &logs)
		}
		if err := os.Symlink(f.path, f.path); err != nil { // a circle
			t.Fatal(err)
		}
		if read, n := watch(time.Hour), told(cannot); read != 0 || n < 5 || n > 15 {
			t.Errorf("read %d times, told %d times in an hour", read, n)
		}
		if err := os.Remove(f.path); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			text       string
			read       int
			line       string
			least, top int
		}{{"[{", 0, cannot, 5, 15}, {"[]", 1, again, 1, 1}} {
			if err := os.WriteFile(f.path, []byte(step.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(f.path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
			if read, n := watch(time.Hour), told(step.line); read != step.read || n < step.least || n > step.top {
				t.Errorf("%s: read %d times, told %d times in an hour", step.text, read, n)
			}
		}
	})
}
