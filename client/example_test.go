package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/tallystick/tallystick/client"
)

// node stands for a node in the examples: it answers every request the same.
func node(status int, body string) (url string, stop func()) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	return srv.URL, srv.Close
}

func ExampleClient_Create() {
	url, stop := node(http.StatusCreated, `{"id": "5d1f", "title": "Gate code",
		"receipt": {"dot": "north.1.42", "durability": "quorum", "w": 2, "n": 3, "held_by": ["east", "north"]}}`)
	defer stop()

	c, err := client.New(client.Options{URL: url, Agent: "planner"})
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := c.Create(context.Background(),
		client.Draft{Title: "Gate code", Content: "It is 4711.", Namespace: "home"},
		client.With{Durability: client.Quorum, IdempotencyKey: "gate-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out.ID, "is held by", out.Receipt.HeldBy)
	// Output: 5d1f is held by [east north]
}

// A missed quorum is an error, and the write is kept: its receipt tells where it
// is, now and later.
func ExampleError() {
	url, stop := node(http.StatusServiceUnavailable, `{"error": "quorum_not_met", "got": 1, "needed": 2, "reason": "unreachable",
		"receipt": {"dot": "north.1.43", "durability": "local", "w": 2, "n": 3, "held_by": ["north"]}}`)
	defer stop()

	c, err := client.New(client.Options{URL: url})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Create(context.Background(), client.Draft{Title: "Gate code", Content: "It is 4711."})
	if e, ok := errors.AsType[*client.Error](err); ok && e.QuorumMissed() {
		fmt.Printf("%d of %d hold it; ask later for receipt %s\n", e.Got, e.Needed, e.Receipt.Dot)
	}
	// Output: 1 of 2 hold it; ask later for receipt north.1.43
}

func ExampleClient_Recall() {
	url, stop := node(http.StatusOK, `{"memories": [{"id": "5d1f", "title": "Gate code", "score": 7.25}], "count": 1}`)
	defer stop()

	c, err := client.New(client.Options{URL: url})
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := c.Recall(context.Background(), "how do I open the gate", client.Selection{Namespace: "home", Limit: 5})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, hit := range found.Memories {
		fmt.Println(hit.Title, hit.Score)
	}
	// Output: Gate code 7.25
}

func ExampleClient_Events() {
	url, stop := node(http.StatusOK, "id: 8\ndata: {\"lsn\": 8, \"kind\": \"put\", \"subjects\": [\"content 5d1f\"]}\n\n")
	defer stop()

	c, err := client.New(client.Options{URL: url})
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range c.Events(context.Background(), 7) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.Kind, event.Subjects)
		break
	}
	// Output: put [content 5d1f]
}
