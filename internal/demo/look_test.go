package demo

import (
	"testing"

	"github.com/tallystick/tallystick/client"
)

func TestTheQuestionIsInWords(t *testing.T) {
	if q := question(client.Draft{Title: "docs › `GET /api/{id}` **+** and so on", Content: "x"}); q != "GET api id and so on" {
		t.Errorf("a heading is asked for as %q", q)
	}
	if q := question(client.Draft{Title: "docs › `x`", Content: "What it says, in the text."}); q != "What it says in the text" {
		t.Errorf("a text is asked for as %q", q)
	}
}
