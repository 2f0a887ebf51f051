package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Error is an answer of a node that is not a success. Use errors.As to inspect
// it.
type Error struct {
	Status     int           // HTTP status
	Code       string        // stable code such as CONFLICT or QUORUM_NOT_MET, or ""
	Message    string        // for people
	RetryAfter time.Duration // as the node asked, or 0
	Reason     string        // of a missed quorum: "unreachable", "refused" or "timeout"
	ID         string        // the memory that was written, or that is in the way; or ""
	Current    int64         // of a version conflict: the version there is
	Receipt    *Receipt      // of a write that is kept although this is an error
	Got        int           // members that held the write at the deadline
	Needed     int           // members asked for
	Missing    []Absent      // members that do not hold it, as far as the node has said
}

func (e *Error) Error() string {
	if e.QuorumMissed() {
		return e.missed()
	}
	if e.Message != "" {
		return e.Message
	}
	return fmt.Sprintf("HTTP status %d %s", e.Status, http.StatusText(e.Status))
}

// missed says who holds a write, how many were asked for, and which memory it is
// about, as far as the node has said so.
func (e *Error) missed() string {
	held := fmt.Sprintf("%d of %d members hold the write", e.Got, e.Needed)
	if r := e.Receipt; r != nil && r.N > 0 {
		held = fmt.Sprintf("held by %d of %d members (%s), and %d are wanted", len(r.HeldBy), r.N, strings.Join(r.HeldBy, ", "), e.Needed)
	}
	text := "quorum not met: " + held + " (" + e.Reason + "); it is kept"
	if !slices.ContainsFunc(e.Missing, func(m Absent) bool { return strings.Contains(m.Error, "member_removed") }) {
		text += " and will arrive"
	}
	if e.ID != "" {
		text += " (memory " + e.ID + ")"
	}
	lines := []string{text}
	for _, m := range e.Missing {
		lines = append(lines, "  "+m.String())
	}
	return strings.Join(lines, "\n")
}

// String says in words who is missing, and why.
func (m Absent) String() string {
	text := m.Member + ": " + m.Why
	if m.Why == "behind" && m.Owed > 0 {
		text += ", " + strconv.FormatUint(m.Owed, 10) + " owed"
	}
	if m.Error != "" {
		text += ": " + m.Error
	}
	return text
}

// QuorumMissed reports whether the write was kept, and fewer members than asked
// for held it at the deadline.
func (e *Error) QuorumMissed() bool { return e.Code == string(CodeQuorumNotMet) }

// NotFound reports whether there is no such thing, or the agent may not see it.
func (e *Error) NotFound() bool { return e.Status == http.StatusNotFound }

// IsNotFound reports whether err is, or wraps, a node's answer that there is no such thing.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.NotFound()
}

// Conflict reports whether the request met another record or version.
func (e *Error) Conflict() bool {
	return e.Status == http.StatusConflict || e.Status == http.StatusPreconditionFailed
}

// Temporary reports whether nothing was written and the same request may do
// later.
func (e *Error) Temporary() bool {
	if e.QuorumMissed() {
		return false
	}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// UnreachableError says that no answer came: nobody listens, or the connection
// broke. After a write, it is unknown whether the write was taken: repeat it
// under the same idempotency key.
type UnreachableError struct {
	URL string
	Err error
}

func (e *UnreachableError) Error() string { return fmt.Sprintf("no answer from %s: %v", e.URL, e.Err) }

func (e *UnreachableError) Unwrap() error { return e.Err }

// quorumNotMet is what ai-memory, and so we, call it in "error".
const quorumNotMet = "quorum_not_met"

// errorBody are the shapes of error bodies: ours, those of ai-memory, and
// RFC 9457.
type errorBody struct {
	Error          string   `json:"error"`
	Code           string   `json:"code"`
	Message        string   `json:"message"`
	Title          string   `json:"title"`
	Detail         string   `json:"detail"`
	Fields         []string `json:"fields"`
	Got            any      `json:"got"` // how many members, or a value that is not allowed
	Allowed        []string `json:"allowed"`
	Acks           *int     `json:"acks"`
	Needed         int      `json:"needed"`
	Reason         string   `json:"reason"`
	ID             string   `json:"id"`
	ExistingID     string   `json:"existing_id"`
	CurrentVersion int64    `json:"current_version"`
	Receipt        *Receipt `json:"receipt"`
	QuorumMet      *bool    `json:"quorum_met"`
	MissingMembers []Absent `json:"missing_members"`
	Errors         []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"`
}

// quorumMissed recognises the way later versions of ai-memory report a missed
// quorum: as a 202. Where members are named, it was asked for, and is a success.
func quorumMissed(status int, body []byte) bool {
	if status != http.StatusAccepted {
		return false
	}
	var b errorBody
	return json.Unmarshal(body, &b) == nil && b.QuorumMet != nil && !*b.QuorumMet && b.MissingMembers == nil
}

func parseError(res *http.Response, raw []byte) *Error {
	e := &Error{Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"))}
	if to := res.Header.Get("Location"); to != "" && res.StatusCode/100 == 3 {
		e.Message = fmt.Sprintf("HTTP status %d %s: to %.200s, where nobody goes with what you have to say: give the address of the node itself", e.Status, http.StatusText(e.Status), to)
		return e
	}
	var b errorBody
	if json.Unmarshal(raw, &b) != nil {
		e.Message = plain(res, raw)
		return e
	}
	e.Code, e.Reason, e.Needed, e.Receipt, e.Current = b.Code, b.Reason, b.Needed, b.Receipt, b.CurrentVersion
	e.Message = cmp.Or(b.Error, b.Message, b.Detail, b.Title)
	e.ID, e.Missing = cmp.Or(b.ExistingID, b.ID), b.MissingMembers
	for _, d := range b.Errors {
		e.Message += "; " + strings.TrimSpace(d.Location+" "+d.Message)
	}
	switch got := b.Got.(type) {
	case float64:
		e.Got = int(got)
	case string:
		if len(b.Fields) == 1 && len(b.Allowed) > 0 {
			e.Message = fmt.Sprintf("%s %q: want one of %s", b.Fields[0], got, strings.Join(b.Allowed, ", "))
		}
	default:
		if b.Acks != nil {
			e.Got = *b.Acks
		}
	}
	if b.Error == quorumNotMet || quorumMissed(res.StatusCode, raw) {
		e.Code = string(CodeQuorumNotMet)
	}
	return e
}

// plain makes a message of a body that is not JSON: a proxy's page, or the text
// of a router. Pages say nothing to a reader of a terminal.
func plain(res *http.Response, raw []byte) string {
	text := strings.TrimSpace(string(raw))
	if text == "" || strings.HasPrefix(text, "<") || len(text) > 300 {
		return fmt.Sprintf("HTTP status %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	return text
}

func retryAfter(s string) time.Duration {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < 1<<30 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(0, time.Until(t))
	}
	return 0
}
