package verb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/feed"
	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/graph"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Problem is an answer that says no: a code that programs may branch on, words
// for people, and what the case needs besides.
type Problem struct { //nolint:errname // the word of RFC 9457
	Code   client.Code
	Text   string
	Fields []string       // of the input that are to blame
	Extra  map[string]any // further members of the answer
	Retry  int            // seconds after which it is worth trying again; 0: no word on it
	Exact  bool           // the answer is Text as "error" and Extra, and nothing else
}

func (p *Problem) Error() string { return p.Text }

// detail is what is to be told of p where there is room for one text only.
func (p *Problem) detail() string {
	if text, is := p.Extra["detail"].(string); is {
		return p.Text + ": " + text
	}
	return p.Text
}

// Bad is an input that breaks a rule.
func Bad(format string, args ...any) *Problem {
	return &Problem{Code: client.CodeInvalid, Text: fmt.Sprintf(format, args...)}
}

// BadField is [Bad], with the field that is to blame.
func BadField(field, format string, args ...any) *Problem {
	p := Bad(format, args...)
	p.Fields = []string{field}
	return p
}

// Missing is an input without a field that it must have.
func Missing(fields ...string) *Problem {
	p := Bad("missing required field: %s", fields[0])
	p.Fields = fields
	return p
}

// Forbidden is a refusal of who asks.
func Forbidden(format string, args ...any) *Problem {
	return &Problem{Code: client.CodeForbidden, Text: fmt.Sprintf(format, args...)}
}

// NotFound is what there is not, or not for who asks.
func NotFound(text string) *Problem { return &Problem{Code: client.CodeNotFound, Text: text} }

// sentinel is a line of the table of errors: what an error looks like to a caller.
type sentinel struct {
	is    error
	name  string // of is, for documents
	code  client.Code
	text  string // "": that of the error
	retry int
}

// sentinels is the one place where errors become codes. Order matters where an
// error wraps two of them.
func sentinels() []sentinel {
	return []sentinel{
		{is: memory.ErrNotFound, name: "memory.ErrNotFound", code: client.CodeNotFound, text: "not found"},
		{is: memory.ErrAmbiguous, name: "memory.ErrAmbiguous", code: client.CodeAmbiguousID},
		{is: memory.ErrSignature, name: "memory.ErrSignature", code: client.CodeAttestationFailed},
		{is: memory.ErrKeyReused, name: "memory.ErrKeyReused", code: client.CodeIdempotencyKeyReused},
		{is: memory.ErrStale, name: "memory.ErrStale", code: client.CodeStale, text: "changed in between: read again and retry"},
		{is: engine.ErrOutOfScope, name: "engine.ErrOutOfScope", code: client.CodeOutOfScope, text: "the key is not for this namespace"},
		{is: graph.ErrCycle, name: "graph.ErrCycle", code: client.CodeCycle},
		{is: governance.ErrDecided, name: "governance.ErrDecided", code: client.CodeAlreadyDecided},
		{is: feed.ErrTooMany, name: "feed.ErrTooMany", code: client.CodeTooMany, retry: 3600},
		{is: memory.ErrBusy, name: "memory.ErrBusy", code: client.CodeBusy, text: "too many writes are queued; nothing was written", retry: 1},
		{is: memory.ErrCrowded, name: "memory.ErrCrowded", code: client.CodeBusy, text: "too many reads are going on: try again", retry: 1},
		{is: memory.ErrFull, name: "memory.ErrFull", code: client.CodeDiskFull, text: "the disk of this node is full; nothing was written, reads go on"},
		{
			is: memory.ErrStorage, name: "memory.ErrStorage", code: client.CodeInternal,
			text: "the disk of this node has failed, or its data directory is gone: it stops, and whether this was written is known when it has started again",
		},
		{is: memory.ErrClosed, name: "memory.ErrClosed", code: client.CodeShuttingDown, text: "the node is shutting down; nothing was written", retry: 2},
		{is: memory.ErrDamaged, name: "memory.ErrDamaged", code: client.CodeDamaged, text: "it is damaged on the disk of this node; the other members are asked for it"},
		{
			is: memory.ErrBroken, name: "memory.ErrBroken", code: client.CodeDamaged,
			text: "the database of this node is damaged, and is being looked after: try again; if it stays so, put a backup in its place, " +
				"or move it away and start the node anew, and its members send it all that they have",
		},
		{is: memory.ErrTruncated, name: "memory.ErrTruncated", code: client.CodeNotFound, text: "it is no longer in the log of this node"},
		{is: engine.ErrNoEvidence, name: "engine.ErrNoEvidence", code: client.CodeNotSupported},
		{is: memory.ErrUnknownKind, name: "memory.ErrUnknownKind", code: client.CodeInvalid},
		{is: memory.ErrInvalid, name: "memory.ErrInvalid", code: client.CodeInvalid},
		{is: context.DeadlineExceeded, name: "context.DeadlineExceeded", code: client.CodeTimeout, text: "the request took too long", retry: 2},
		{is: context.Canceled, name: "context.Canceled", code: client.CodeCanceled, text: "the connection was closed, or half of it, before the answer: what was to be written may be there"},
	}
}

// Sentinels lists, by code, the errors of this program that become it.
func Sentinels() map[client.Code][]string {
	out := map[client.Code][]string{
		client.CodeQuorumNotMet:       {"*engine.QuorumError"},
		client.CodeConflict:           {"*engine.ConflictError"},
		client.CodePreconditionFailed: {"*engine.ConditionError"},
		client.CodeForbidden:          {"*engine.ForbiddenError"},
		client.CodeMemberUnreachable:  {"*memory.Fault"},
		client.CodeBodyTooLarge:       {"*http.MaxBytesError"},
	}
	for _, row := range sentinels() {
		out[row.code] = append(out[row.code], row.name)
	}
	return out
}

// ProblemOf translates err for a caller. What no row knows is INTERNAL without
// details: whoever shows it logs err.
func ProblemOf(err error, caller memory.AgentID) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if p := typedProblem(err, caller); p != nil {
		return p
	}
	for _, row := range sentinels() {
		if !errors.Is(err, row.is) {
			continue
		}
		text := row.text
		if text == "" {
			text = strings.TrimSuffix(err.Error(), ": "+row.is.Error())
		}
		return &Problem{Code: row.code, Text: text, Retry: row.retry}
	}
	return &Problem{Code: client.CodeInternal, Text: "internal server error"}
}

// typedProblem translates the errors whose facts are part of the answer.
func typedProblem(err error, caller memory.AgentID) *Problem {
	if e, ok := errors.AsType[*engine.QuorumError](err); ok {
		return QuorumProblem(e)
	}
	if e, ok := errors.AsType[*engine.ConflictError](err); ok {
		return conflictProblem(e)
	}
	if e, ok := errors.AsType[*engine.ConditionError](err); ok {
		return conditionProblem(e)
	}
	if e, ok := errors.AsType[*engine.ForbiddenError](err); ok {
		p := Forbidden("%s", e.Reason)
		p.Extra = map[string]any{"caller": caller}
		if e.Owner != "" {
			p.Extra["owner"] = e.Owner
		}
		return p
	}
	if e, ok := errors.AsType[*memory.Fault](err); ok {
		return &Problem{Code: client.CodeMemberUnreachable, Text: "the member did not answer: " + e.Error(), Retry: 2}
	}
	return nil
}

// QuorumProblem is what ai-memory clients know of a missed quorum, and our receipt.
func QuorumProblem(e *engine.QuorumError) *Problem {
	p := &Problem{
		Code: client.CodeQuorumNotMet, Text: "quorum_not_met", Retry: 2, Exact: true,
		Extra: map[string]any{
			"got": e.Got, "needed": e.Needed, "reason": e.Reason, "receipt": ShowReceipt(e.Outcome.Receipt),
			"code": client.CodeQuorumNotMet, "missing_members": ShowAbsent(e), "message": shortWords(e),
		},
	}
	if id := Subject(e.Outcome); id != "" {
		p.Extra["id"] = id
	}
	return p
}

// ShowAbsent says which members did not hold a write, and why each.
func ShowAbsent(e *engine.QuorumError) []client.Absent {
	out := make([]client.Absent, len(e.Missing))
	for i, m := range e.Missing {
		out[i] = client.Absent{Member: string(m.Member), Why: string(m.Why), Owed: m.Owed}
		if m.Err != nil {
			out[i].Error = m.Err.Error()
		}
	}
	return out
}

// shortWords is a missed quorum for people.
func shortWords(e *engine.QuorumError) string {
	r := e.Outcome.Receipt
	var missing []string
	for _, m := range e.Missing {
		missing = append(missing, string(m.Member)+" "+string(m.Why))
	}
	return fmt.Sprintf("held by %d of %d members (%s), and %d are wanted; missing: %s. It is kept, and reaches the others by itself",
		len(r.HeldBy), r.N, strings.Join(texts(r.HeldBy), ", "), e.Needed, strings.Join(missing, ", "))
}

// conflictProblem names the record that is in the way.
func conflictProblem(e *engine.ConflictError) *Problem {
	return &Problem{Code: client.CodeConflict, Text: e.Error(), Extra: map[string]any{"existing_id": e.ID}}
}

// conditionProblem names the version that there is, in ai-memory's words.
func conditionProblem(e *engine.ConditionError) *Problem {
	return &Problem{
		Code: client.CodePreconditionFailed, Text: e.Error(), Exact: true, // "status" is a word here
		Extra: map[string]any{
			"status": "conflict", "id": e.ID, "expected_version": e.Wanted, "current_version": e.Current, "code": client.CodePreconditionFailed,
		},
	}
}

// Subject is the id of the record that an outcome is about, or "".
func Subject(o engine.Outcome) string {
	switch {
	case o.Pending != nil:
		return o.Pending.ID
	case o.Record != nil:
		return o.Record.ID
	case o.Entry == nil || o.Entry.Op == nil:
		return ""
	}
	a := o.Entry.Op.About()
	if id := a.Changed(); id != "" {
		return id
	}
	return a.Proposal
}
