package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// problem is an answer that says no: the fields of RFC 9457, ai-memory's
// "error", a code that clients may branch on, and what the case needs besides.
type problem struct {
	status int
	code   string
	text   string
	fields []string       // of the request that are to blame
	extra  map[string]any // further members of the body
	retry  string         // Retry-After, in seconds
	exact  bool           // the body is error and extra, and nothing else
}

func (p *problem) Error() string { return p.text }

// members are the members of the body.
func (p *problem) members() map[string]any {
	m := map[string]any{"error": p.text}
	if !p.exact {
		m["type"] = "about:blank"
		m["title"] = http.StatusText(p.status)
		m["status"] = p.status
		m["detail"] = p.text
		m["code"] = p.code
	}
	if len(p.fields) > 0 {
		m["fields"] = p.fields
	}
	maps.Copy(m, p.extra)
	return m
}

const (
	codeInvalid  = "VALIDATION_FAILED"
	codeNotFound = "NOT_FOUND"
	codeConflict = "CONFLICT"
)

// bad is a request that breaks a rule of the edge.
func bad(format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, code: codeInvalid, text: fmt.Sprintf(format, args...)}
}

// badField is bad, with the field that is to blame.
func badField(field, format string, args ...any) *problem {
	p := bad(format, args...)
	p.fields = []string{field}
	return p
}

// missing is a request without a field that it must have.
func missing(fields ...string) *problem {
	p := bad("missing required field: %s", fields[0])
	p.fields = fields
	return p
}

func forbidden(format string, args ...any) *problem {
	return &problem{status: http.StatusForbidden, code: "FORBIDDEN", text: fmt.Sprintf(format, args...)}
}

func notFound(text string) *problem {
	return &problem{status: http.StatusNotFound, code: codeNotFound, text: text}
}

// errorRow is a line of the table of errors: what a sentinel looks like to a client.
type errorRow struct {
	is     error
	name   string // of is, for documents
	status int
	code   string
	text   string // "": that of the error
	retry  string
}

// errorTable is the one place where errors become statuses and codes. Order
// matters where an error wraps two of them.
func errorTable() []errorRow {
	return []errorRow{
		{is: memory.ErrNotFound, name: "memory.ErrNotFound", status: http.StatusNotFound, code: codeNotFound, text: "not found"},
		{is: memory.ErrAmbiguous, name: "memory.ErrAmbiguous", status: http.StatusBadRequest, code: "AMBIGUOUS_ID"},
		{is: memory.ErrKeyReused, name: "memory.ErrKeyReused", status: http.StatusConflict, code: "IDEMPOTENCY_KEY_REUSED"},
		{is: memory.ErrStale, name: "memory.ErrStale", status: http.StatusConflict, code: "STALE", text: "changed in between: read again and retry"},
		{is: engine.ErrCycle, name: "engine.ErrCycle", status: http.StatusConflict, code: "CYCLE"},
		{is: engine.ErrDecided, name: "engine.ErrDecided", status: http.StatusConflict, code: "ALREADY_DECIDED"},
		{is: engine.ErrTooMany, name: "engine.ErrTooMany", status: http.StatusTooManyRequests, code: codeTooMany, retry: "3600"},
		{is: memory.ErrBusy, name: "memory.ErrBusy", status: http.StatusTooManyRequests, code: "BUSY", text: "too many writes are queued; nothing was written", retry: "1"},
		{is: memory.ErrFull, name: "memory.ErrFull", status: http.StatusInsufficientStorage, code: "DISK_FULL", text: "the disk of this node is full; nothing was written, reads go on"},
		{is: memory.ErrClosed, name: "memory.ErrClosed", status: http.StatusServiceUnavailable, code: "SHUTTING_DOWN", text: "the node is shutting down; nothing was written", retry: "2"},
		{is: memory.ErrUnknownKind, name: "memory.ErrUnknownKind", status: http.StatusBadRequest, code: codeInvalid},
		{is: memory.ErrInvalid, name: "memory.ErrInvalid", status: http.StatusBadRequest, code: codeInvalid},
		{is: context.DeadlineExceeded, name: "context.DeadlineExceeded", status: http.StatusServiceUnavailable, code: "TIMEOUT", text: "the request took too long", retry: "2"},
		{is: context.Canceled, name: "context.Canceled", status: statusClientGone, code: "CANCELED", text: "the request was canceled"},
	}
}

// Sentinels lists, by code, the errors of this program that become it.
func Sentinels() map[string][]string {
	out := map[string][]string{
		codeQuorum:           {"*engine.QuorumError"},
		codeConflict:         {"*engine.ConflictError"},
		"FORBIDDEN":          {"*engine.ForbiddenError"},
		"MEMBER_UNREACHABLE": {"*memory.Fault"},
		"BODY_TOO_LARGE":     {"*http.MaxBytesError"},
	}
	for _, row := range errorTable() {
		out[row.code] = append(out[row.code], row.name)
	}
	return out
}

// statusClientGone is what the access log shows when nobody is there to read an answer.
const statusClientGone = 499

// problemOf translates err. What no row knows is a 500 without details; the
// caller logs it.
func (a *API) problemOf(err error, caller memory.AgentID) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if p := typedProblem(err, caller); p != nil {
		return p
	}
	for _, row := range a.errors {
		if !errors.Is(err, row.is) {
			continue
		}
		text := row.text
		if text == "" {
			text = strings.TrimSuffix(err.Error(), ": "+row.is.Error())
		}
		return &problem{status: row.status, code: row.code, text: text, retry: row.retry}
	}
	return &problem{status: http.StatusInternalServerError, code: "INTERNAL", text: "internal server error"}
}

// typedProblem translates the errors whose facts are part of the body.
func typedProblem(err error, caller memory.AgentID) *problem {
	if e, ok := errors.AsType[*engine.QuorumError](err); ok {
		return quorumProblem(e)
	}
	if e, ok := errors.AsType[*engine.ConflictError](err); ok {
		return conflictProblem(e)
	}
	if e, ok := errors.AsType[*engine.ForbiddenError](err); ok {
		p := forbidden("%s", e.Reason)
		p.extra = map[string]any{"caller": caller}
		if e.Owner != "" {
			p.extra["owner"] = e.Owner
		}
		return p
	}
	if e, ok := errors.AsType[*memory.Fault](err); ok {
		return &problem{status: http.StatusBadGateway, code: "MEMBER_UNREACHABLE", text: "the member did not answer: " + e.Error(), retry: "2"}
	}
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{
			status: http.StatusRequestEntityTooLarge, code: "BODY_TOO_LARGE",
			text: fmt.Sprintf("request body over the limit of %d bytes", e.Limit),
		}
	}
	return nil
}

// quorumProblem is the body that ai-memory clients know, and our receipt.
func quorumProblem(e *engine.QuorumError) *problem {
	p := &problem{
		status: http.StatusServiceUnavailable, code: codeQuorum, text: "quorum_not_met", retry: "2", exact: true,
		extra: map[string]any{"got": e.Got, "needed": e.Needed, "reason": e.Reason, "receipt": receiptOf(e.Outcome.Receipt)},
	}
	if id := subject(e.Outcome); id != "" {
		p.extra["id"] = id
	}
	return p
}

// conflictProblem names the record, or the version, that is in the way.
func conflictProblem(e *engine.ConflictError) *problem {
	p := &problem{status: http.StatusConflict, code: codeConflict, text: e.Error(), extra: map[string]any{"existing_id": e.ID}}
	if e.Expected != 0 {
		p.exact = true // "status" is a word here
		p.extra = map[string]any{
			"status": "conflict", "id": e.ID, "expected_version": e.Expected, "current_version": e.Current, "code": codeConflict,
		}
	}
	return p
}

// subject is the id of the record that an outcome is about, or "".
func subject(o engine.Outcome) string {
	switch {
	case o.Pending != nil:
		return o.Pending.ID
	case o.Record != nil:
		return o.Record.ID
	case o.Entry == nil || o.Entry.Op == nil:
		return ""
	}
	for _, k := range o.Entry.Op.Subjects() {
		switch k.Family {
		case memory.FamContent, memory.FamLife, memory.FamProposal, memory.FamVote, memory.FamOutcome:
			return k.A
		case memory.FamLink, memory.FamStandard:
		}
	}
	return ""
}
