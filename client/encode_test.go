package client_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// What is not UTF-8 cannot be written as JSON. It is refused, and not changed into
// something else that the node keeps then.
func TestTextsThatAreNotUTF8AreNotSent(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.String())
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(s.Close)
	c, err := client.New(client.Options{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for field, try := range map[string]func() error{
		"content":   func() error { _, err := c.Create(ctx, client.Draft{Title: "a", Content: "b\xff"}); return err },
		"title":     func() error { _, err := c.Create(ctx, client.Draft{Title: "\xc3(", Content: `\ufffd`}); return err },
		"namespace": func() error { _, err := c.List(ctx, client.Selection{Namespace: "\xff"}); return err },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), field+": not UTF-8") {
			t.Errorf("%s: %v", field, err)
		}
	}
	if len(got) > 0 {
		t.Errorf("sent: %v", got)
	}
	for _, text := range []string{`\ufffd`, `\\ufffd`, "\ufffd", `a\`} {
		if _, err := c.Create(ctx, client.Draft{Title: "a", Content: text}); err == nil || strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d sent, want 4", len(got))
	}
}
