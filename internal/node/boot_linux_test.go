package node

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/store"
)

// A machine that fails leaves files that are older than what the node has sent while it
// synced, and members need not show that they hold it. So the node numbers afresh then, whatever
// they say, and gets back what it lost.
func TestANodeWhoseMachineFailedNumbersAfresh(t *testing.T) {
	nodes := processes(t, 3)
	a := nodes[0]
	write := func(title string) created {
		t.Helper()
		var got created
		code, err := call(http.MethodPost, a.url+"/api/v1/memories", map[string]any{"title": title, "content": title}, &got)
		if err != nil || code != http.StatusCreated {
			t.Fatalf("%s: %d %+v, %v", title, code, got, err)
		}
		return got
	}
	incarnation := func() string {
		t.Helper()
		s, err := statusOf(a.url)
		if err != nil {
			t.Fatal(err)
		}
		return s.Incarnation
	}
	receipts := map[string]created{}
	for _, title := range []string{"one", "two"} {
		receipts[title] = write(title)
	}
	before := incarnation()
	a.Kill()
	durable := os.DirFS(a.cfg.Data)
	image := t.TempDir()
	for _, name := range []string{store.FileName, store.FileName + "-wal", store.BootFile} {
		raw, err := fs.ReadFile(durable, name)
		if err != nil {
			t.Fatal(err)
		}
		if name == store.BootFile {
			raw = []byte("7f2f9fd2-0001-4711-8f3c-000000000001\n")
		}
		if err := os.WriteFile(filepath.Join(image, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a.start()
	receipts["three"] = write("three")

	a.Kill()
	a.cfg.Data = image
	a.start()
	receipts["four"] = write("four")
	if now := incarnation(); now == before {
		t.Errorf("after its machine has failed the node numbers under %s as before", now)
	}
	if raw, err := os.ReadFile(a.Log); err != nil || !strings.Contains(string(raw), "the machine or its disk has failed") {
		t.Errorf("the log does not say why (%v):\n%s", err, raw)
	}
	urls := []string{nodes[0].url, nodes[1].url, nodes[2].url}
	waitEqual(t, 30*time.Second, urls)
	account(t, urls, receipts)
}
