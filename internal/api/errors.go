package api

import (
	"errors"
	"fmt"
	"maps"
	"net/http"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

// httpStatus is the HTTP status of a problem.
func httpStatus(p *verb.Problem) int {
	row, _ := p.Code.Row()
	return row.Status
}

// problemOf translates err, with what only HTTP knows.
func problemOf(err error, caller memory.AgentID) *verb.Problem {
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &verb.Problem{Code: client.CodeBodyTooLarge, Text: fmt.Sprintf("request body over the limit of %d bytes", e.Limit)}
	}
	return verb.ProblemOf(err, caller)
}

// membersOf are the members of the body of an answer that says no: the fields of
// RFC 9457, ai-memory's "error", the code, and what the case needs besides.
func membersOf(p *verb.Problem) map[string]any {
	m := map[string]any{"error": p.Text}
	if !p.Exact {
		status := httpStatus(p)
		m["type"] = "about:blank"
		m["title"] = http.StatusText(status)
		m["status"] = status
		m["detail"] = p.Text
		m["code"] = p.Code
	}
	if len(p.Fields) > 0 {
		m["fields"] = p.Fields
	}
	maps.Copy(m, p.Extra)
	return m
}
