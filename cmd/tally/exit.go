package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

// The exit codes are those of the public client.
const (
	exitOK          = client.ExitOK
	exitOther       = client.ExitOther
	exitUsage       = client.ExitUsage
	exitNotFound    = client.ExitNotFound
	exitConflict    = client.ExitConflict
	exitQuorum      = client.ExitQuorum
	exitUnreachable = client.ExitUnreachable
	exitForbidden   = client.ExitForbidden
	exitBusy        = client.ExitBusy
	exitPending     = client.ExitPending
	exitDiffer      = client.ExitDiffer
	exitInterrupted = client.ExitInterrupted
)

type exitRow struct {
	code    int
	meaning string
}

// exitTable is what `tally help exit-codes` prints.
func exitTable() []exitRow {
	return []exitRow{
		{exitOK, "done"},
		{exitOther, "another error; the message says which"},
		{exitUsage, "the command line, the configuration or the input is not valid; nothing was sent or written"},
		{exitNotFound, "no such memory, receipt or member, or the agent may not see it"},
		{exitConflict, "the title is taken, the version has changed, or the idempotency key was used for another request"},
		{exitQuorum, "the quorum was not met in time; the write IS kept, and reaches the other members by itself: do not repeat it"},
		{exitUnreachable, "no node answers at this address, or the connection broke"},
		{exitForbidden, "not allowed, or the API key is missing or wrong"},
		{exitBusy, "the node is busy, shutting down or its disk is full; nothing was written: try again later"},
		{exitPending, "the write waits for approval; nothing has changed yet"},
		{exitDiffer, "the two members differ (`tally diff`)"},
		{exitInterrupted, "interrupted by a signal (`tally serve` ends with 0 instead)"},
	}
}

func exitHelp() string {
	var b strings.Builder
	b.WriteString("Every command ends with one of these codes:\n\n")
	for _, row := range exitTable() {
		say(&b, "  %3d  %s\n", row.code, row.meaning)
	}
	b.WriteString("\nMessages go to stderr. With --json an error is one JSON object there:\n" +
		"  {\"error\", \"code\", \"exit\", \"hint\", \"id\", \"receipt\", \"missing\", \"candidates\"}; what is not known is left out.\n")
	return b.String()
}

var (
	errInterrupted = errors.New("interrupted")
	errPending     = errors.New("the write waits for approval")
	errDiffer      = errors.New("the members differ")
	errShown       = errors.New("already reported")
)

// usageError is a command line or a configuration that makes no sense.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if answer, ok := errors.AsType[*client.Error](err); ok {
		return answerCode(answer)
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	if _, ok := errors.AsType[*operatorError](err); ok {
		return exitForbidden
	}
	if _, ok := errors.AsType[*client.UnreachableError](err); ok {
		return exitUnreachable
	}
	if _, ok := errors.AsType[*shortError](err); ok {
		return exitQuorum
	}
	if e, ok := errors.AsType[*node.JoinError](err); ok {
		return answerCode(&client.Error{Status: e.Status, Code: e.Code})
	}
	if tag := identity.TagOf(err); tag == identity.NotAMember {
		return exitNotFound
	} else if tag != "" {
		return exitForbidden
	}
	switch {
	case errors.Is(err, errPending):
		return exitPending
	case errors.Is(err, errDiffer):
		return exitDiffer
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, memory.ErrInvalid):
		return exitUsage
	}
	return exitOther
}

// answerCode goes by the code of the answer; that of a proxy, or of another
// server, may have none that is known here, and then the status must do.
func answerCode(e *client.Error) int {
	if e.QuorumMissed() {
		return exitQuorum
	}
	if row, known := client.Code(e.Code).Row(); known {
		return row.Exit
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return exitUsage
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return exitConflict
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitForbidden
	case http.StatusInsufficientStorage:
		return exitBusy
	}
	if e.Temporary() {
		return exitBusy
	}
	return exitOther
}

// hint says what to do about err, or "".
func (a *app) hint(err error) string {
	if errors.Is(err, errInterrupted) {
		return a.cut
	}
	if gone, ok := errors.AsType[*client.UnreachableError](err); ok {
		if dial, ok := errors.AsType[*net.OpError](err); !ok || dial.Op != "dial" {
			const broke = "something is at this address, and its answer broke off: see how it is (tally doctor); "
			if a.cut != "" {
				return broke + a.cut
			}
			return broke + "if it was to write something, that may be there: look before you repeat it"
		}
		return fmt.Sprintf("no node at %s: start it with `tally serve --data DIR`, or give the address of another", gone.URL)
	}
	if refused, ok := errors.AsType[*operatorError](err); ok {
		return refused.hint()
	}
	if _, short := errors.AsType[*shortError](err); short {
		return "see who is missing: tally status; with --when-short local this is success"
	}
	if e, join := errors.AsType[*node.JoinError](err); join {
		return hintOf(identity.Tag(e.Code))
	}
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		return hintOf(identity.TagOf(err))
	}
	switch {
	case e.QuorumMissed() && slices.ContainsFunc(e.Missing, func(m client.Absent) bool { return strings.Contains(m.String(), string(identity.MemberRemoved)) }):
		return "this node was removed from the federation: " + comeBack
	case e.QuorumMissed() && e.Receipt != nil:
		return "see who holds it now: tally receipt " + e.Receipt.Dot
	case e.Status == http.StatusUnauthorized:
		return "give the key with --api-key-file, --api-key or TALLY_API_KEY, the operator's with --operator-key-file"
	case e.Code == string(client.CodeDamaged):
		return "the members that have it mend it; if there is none, the operator removes what is left: tally erase --damaged ID"
	case e.Code == string(client.CodeOperatorOnly):
		return (&operatorError{}).hint()
	case e.Status == http.StatusForbidden:
		return "say who you are with --agent or TALLY_AGENT"
	case e.Code == string(client.CodeAmbiguousID):
		return "give the whole id, or more characters of it"
	case e.Code == string(client.CodeUnknownRoute):
		return "is this the address of a node, without a path behind it, and no older one than this program?"
	case e.Conflict() && e.Current != 0:
		return fmt.Sprintf("read it again (tally get %s) and edit version %d", e.ID, e.Current)
	case e.Conflict() && e.ID != "":
		return fmt.Sprintf("edit the one that is there (tally update %s), or create with --on-conflict merge or version", e.ID)
	case e.Status == http.StatusInsufficientStorage:
		return "make room on the disk of the node; reads go on meanwhile"
	case e.Temporary() && e.RetryAfter > 0:
		return fmt.Sprintf("try again in %s", e.RetryAfter)
	}
	return ""
}

// schemeHint says what to do where http and https were mixed up, which only the texts
// of net/http tell; else "".
func schemeHint(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		return "what answers there speaks no TLS: to a node's own port for clients say http://; " +
			"the port at which members are answered is another one (9078 unless the node says otherwise)"
	case strings.Contains(text, "Client sent an HTTP request to an HTTPS server"):
		return "what answers there wants TLS: say https://; if it is the port at which members are answered, " +
			"clients are answered at another one (9077 unless the node says otherwise)"
	}
	return ""
}

// hintOf says what to do about a refusal among members, or "".
func hintOf(tag identity.Tag) string {
	const again = "give the whole line that `tally cluster token` prints, or make another one where the authority is"
	return map[identity.Tag]string{
		identity.TokenMalformed:    again,
		identity.TokenUnknown:      again,
		identity.TokenExpired:      again,
		identity.TokenUsed:         again,
		identity.TokenGuessing:     "wait a minute, then give the line that `tally cluster token` prints where the authority is",
		identity.NotAMember:        "see who is a member: tally member list",
		identity.CertificateIssuer: "the token, or the authority, is of another federation: make one with `tally cluster token` where the authority of this one is",
		node.CodeMemberTaken:       "give the node another name with --node, or another address with --members-url; to take the place of a member that is lost, join with the line of `tally member replace NODE`",
	}[tag]
}

// explain prints err and what to do about it on stderr.
func (a *app) explain(err error) {
	if errors.Is(err, errShown) || errors.Is(err, errPending) || errors.Is(err, errDiffer) {
		return // the command has said it on stdout
	}
	hint := cmp.Or(schemeHint(err), a.hint(err))
	if a.json {
		a.explainJSON(err, hint)
		return
	}
	say(a.err, "tally: %s\n", safe(err.Error()))
	if hint != "" {
		say(a.err, "  → %s\n", safe(hint))
	}
}

func (a *app) explainJSON(err error, hint string) {
	body := struct {
		Error   string          `json:"error"`
		Code    string          `json:"code,omitempty"`
		Exit    int             `json:"exit"`
		Hint    string          `json:"hint,omitempty"`
		ID      string          `json:"id,omitempty"`
		Receipt *client.Receipt `json:"receipt,omitempty"`
		Missing []client.Absent `json:"missing,omitempty"`
		Fits    []candidate     `json:"candidates,omitempty"`
	}{Error: err.Error(), Exit: exitCode(err), Hint: hint}
	if e, ok := errors.AsType[*idError](err); ok {
		body.Error, body.Fits = e.answer.Message, e.candidates
	}
	if e, ok := errors.AsType[*client.Error](err); ok {
		body.Code, body.ID, body.Receipt, body.Missing = e.Code, e.ID, e.Receipt, e.Missing
	}
	if e, ok := errors.AsType[*unsaidError](err); ok {
		body.ID, body.Receipt = e.ID, e.Receipt
	}
	if _, ok := errors.AsType[*shortError](err); ok {
		body.Code = string(client.CodeQuorumNotMet)
	}
	b := *a
	b.out = a.err
	_ = b.printJSON(body) // stderr is gone: nobody is left to tell
}
