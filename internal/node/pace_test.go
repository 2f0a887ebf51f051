package node

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// fill writes 15 MB of memories, in which no words are to be found: what finds them would do
// a quarter of the work.
func fill(t *testing.T, url, titles string) {
	t.Helper()
	text := strings.Repeat("----- ", 10_000)
	for i := range 10 {
		var drafts []string
		for j := range 25 {
			drafts = append(drafts, fmt.Sprintf(`{"title":"%s %d-%d","content":"%s"}`, titles, i, j, text))
		}
		res, err := httpClient.Post(url+"/api/v1/memories/bulk", "application/json", strings.NewReader("["+strings.Join(drafts, ",")+"]"))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusOK {
			t.Fatalf("status %d", res.StatusCode)
		}
	}
}

// askFor makes a request, and leaves its answer to be read.
func askFor(t *testing.T, url, path, key string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", path, key); err != nil {
		t.Fatal(err)
	}
	return conn
}

// A complete export is of one instant. Who reads it slowly gets all of it, and does not make
// the log of the database grow with every write that comes meanwhile.
func TestASlowReaderOfACompleteExportDoesNotHoldTheLog(t *testing.T) {
	cfg := single(t)
	n := inProcess(t, cfg)
	fill(t, n.url, "first")
	key, err := os.ReadFile(filepath.Join(cfg.Data, "operator.key"))
	if err != nil {
		t.Fatal(err)
	}
	conn := askFor(t, n.url, "/api/v1/export?format=complete", strings.TrimSpace(string(key)))
	aside := func() (bytes int64) {
		for _, at := range []string{filepath.Join(cfg.Data, SpoolDir), "/proc/self/fd"} { // by name, or without
			all, err := os.ReadDir(at)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			for _, e := range all {
				name := filepath.Join(at, e.Name())
				to, err := os.Readlink(name)
				if err == nil && !strings.HasPrefix(to, filepath.Join(cfg.Data, SpoolDir)) {
					continue
				}
				if info, err := os.Stat(name); err == nil {
					bytes += info.Size()
				}
			}
		}
		return bytes
	}
	slowly := make([]byte, 16<<10)
	for end := time.Now().Add(20 * time.Second); aside() < 20<<20; { // most of it
		if time.Now().After(end) {
			t.Fatal("nothing is put aside")
		}
		<-time.After(100 * time.Millisecond)
		if _, err := conn.Read(slowly); err != nil {
			t.Fatal(err)
		}
	}
	// A client that takes nothing is put out after a while, so this one goes on meanwhile: on a
	// slow machine the writes take longer than that.
	wrote, ended := make(chan struct{}), make(chan error, 1)
	var rest []byte
	go func() {
		for written := false; !written; {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-wrote:
				written = true
			}
			n, err := conn.Read(slowly)
			if rest = append(rest, slowly[:n]...); err != nil {
				ended <- fmt.Errorf("after %d bytes: %w", len(rest), err)
				return
			}
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		left, err := io.ReadAll(conn)
		rest = append(rest, left...)
		ended <- err
	}()
	for i := range 7 {
		fill(t, n.url, fmt.Sprint("more ", i))
	}
	log, err := os.Stat(filepath.Join(cfg.Data, "tally.db-wal"))
	if err != nil || log.Size() > 80<<20 {
		t.Errorf("the log has %d MiB after 105 MB of writes: %v", log.Size()>>20, err)
	}
	close(wrote)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(rest[max(0, len(rest)-500):]), `"type":"end"`) || strings.Count(string(rest), `"title":"more`) > 0 {
		t.Errorf("the export ends with %q", rest[max(0, len(rest)-200):])
	}
	for end := time.Now().Add(10 * time.Second); aside() > 0; <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a file is left")
		}
	}
}

// What a client does not take is under watch, and goes with the client.
func TestAnswersThatAreNotTakenAreUnderWatch(t *testing.T) {
	n := inProcess(t, single(t))
	fill(t, n.url, "first")
	waiting := func() bool {
		found := regexp.MustCompile(`(?m)^tally_answers_waiting_bytes (\S+)$`).FindStringSubmatch(textOf(t, n.url+"/metrics"))
		return found != nil && found[1] != "0"
	}
	conn := askFor(t, n.url, "/api/v1/export", "")
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetReadBuffer(4 << 10)
	}
	became := func(want bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); waiting() != want; {
			if time.Now().After(end) {
				t.Fatalf("waiting %t, want %t", !want, want)
			}
			<-time.After(20 * time.Millisecond)
		}
	}
	became(true)
	_ = conn.Close()
	became(false)
}
