package node

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What a client does not take is under watch, and goes with the client.
func TestAnswersThatAreNotTakenAreUnderWatch(t *testing.T) {
	n := inProcess(t, single(t))
	for i := range 10 {
		var drafts []string
		for j := range 25 {
			drafts = append(drafts, fmt.Sprintf(`{"title":"%d-%d","content":%q}`, i, j, strings.Repeat("words ", 10_000)))
		}
		res, err := httpClient.Post(n.url+"/api/v1/memories/bulk", "application/json", strings.NewReader("["+strings.Join(drafts, ",")+"]"))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusOK {
			t.Fatalf("status %d", res.StatusCode)
		}
	}
	waiting := func() bool {
		found := regexp.MustCompile(`(?m)^tally_answers_waiting_bytes (\S+)$`).FindStringSubmatch(textOf(t, n.url+"/metrics"))
		return found != nil && found[1] != "0"
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // it was not read either
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetReadBuffer(4 << 10)
	}
	if _, err := io.WriteString(conn, "GET /api/v1/export HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
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
