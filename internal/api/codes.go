package api

import (
	"net/http"
	"slices"
)

// Code is an error code that clients may branch on.
type Code struct {
	Code    string
	Status  int
	Meaning string
}

// Codes lists every error code that an answer can carry, in the order of their
// statuses.
func Codes() []Code {
	return []Code{
		{codeInvalid, http.StatusBadRequest, "A value breaks a rule, or a field is missing or of the wrong JSON type; `fields` names it."},
		{"MALFORMED_JSON", http.StatusBadRequest, "The body is not JSON; `offset`, `line` and `column` say where."},
		{"AMBIGUOUS_ID", http.StatusBadRequest, "The prefix of an id fits more than one memory."},
		{"INVALID_RELATION", http.StatusBadRequest, "There is no such relation; `allowed` lists those there are."},
		{"UNKNOWN_FIELD", http.StatusBadRequest, "The body has fields that this route does not know; `fields` names them."},
		{"NOT_SUPPORTED", http.StatusBadRequest, "A filter that this server would have to ignore."},
		{"UNAUTHORIZED", http.StatusUnauthorized, "No API key, or a wrong one."},
		{"FORBIDDEN", http.StatusForbidden, "The owner, or the rules of the namespace, refuse the caller."},
		{"AGENT_MISMATCH", http.StatusForbidden, "The body or the query claims another agent than the X-Agent-Id header."},
		{"ATTESTATION_FAILED", http.StatusForbidden, "A signature that this node cannot check."},
		{codeNotFound, http.StatusNotFound, "Unknown, or not visible to the caller."},
		{"UNKNOWN_ROUTE", http.StatusNotFound, "There is no such route."},
		{"METHOD_NOT_ALLOWED", http.StatusMethodNotAllowed, "The path has no such method; the Allow header lists those it has."},
		{"REQUEST_TIMEOUT", http.StatusRequestTimeout, "The body did not arrive in time."},
		{codeConflict, http.StatusConflict, "The title is taken by `existing_id`; or the memory is not at the version that If-Match names."},
		{"STALE", http.StatusConflict, "It changed in between, again and again: read it, and retry."},
		{"CYCLE", http.StatusConflict, "The link would close a circle of reflects_on."},
		{"ALREADY_DECIDED", http.StatusConflict, "The proposal is closed."},
		{codeElsewhere, http.StatusConflict, "Another node delivers the subscription, `home`: ask there."},
		{"IDEMPOTENCY_KEY_REUSED", http.StatusConflict, "The idempotency key was used for another request."},
		{"BODY_TOO_LARGE", http.StatusRequestEntityTooLarge, "The body is over the limit."},
		{"UNSUPPORTED_MEDIA_TYPE", http.StatusUnsupportedMediaType, "The body is not JSON by its content type."},
		{"BUSY", http.StatusTooManyRequests, "Too much is queued, or too many streams are open; nothing was written. Retry-After says when to try again."},
		{codeTooMany, http.StatusTooManyRequests, "There are as many of these as the federation takes; nothing was written."},
		{"CANCELED", statusClientGone, "The client went away. Only the log shows this one."},
		{"INTERNAL", http.StatusInternalServerError, "The log of the node has the cause, under the request id."},
		{codeAbsent, http.StatusNotImplemented, "ai-memory can do this, and this server cannot; `error` says why, and what to do instead."},
		{"MEMBER_UNREACHABLE", http.StatusBadGateway, "The other member does not answer."},
		{codeQuorum, http.StatusServiceUnavailable, "The quorum was missed: the write is kept and owed. The body of this status is one of its own; only items of a bulk carry this code."},
		{"SHUTTING_DOWN", http.StatusServiceUnavailable, "The node is shutting down; nothing was written."},
		{"TIMEOUT", http.StatusServiceUnavailable, "The request took too long."},
		{"NOT_READY", http.StatusServiceUnavailable, "The node does not serve yet."},
		{"DISK_FULL", http.StatusInsufficientStorage, "The disk of the node is full; nothing was written, reads go on."},
	}
}

const codeQuorum = "QUORUM_NOT_MET"

// failures are the codes that a route may answer with: those that follow from
// what the table says of it, and those that the table names.
func (rt *route) failures() []Code {
	names := []string{codeInvalid, "AGENT_MISMATCH", "INTERNAL", "SHUTTING_DOWN", "TIMEOUT"}
	if !rt.open {
		names = append(names, "UNAUTHORIZED")
	}
	if rt.method != get {
		names = append(names, "BODY_TOO_LARGE", "REQUEST_TIMEOUT")
	}
	if rt.body != bodyNone {
		names = append(names, "MALFORMED_JSON", "UNSUPPORTED_MEDIA_TYPE")
	}
	if rt.mutates {
		names = append(names, "FORBIDDEN", "STALE", "IDEMPOTENCY_KEY_REUSED", "BUSY", "DISK_FULL")
	}
	for _, p := range rt.parameters() {
		if p.in == "path" {
			names = append(names, codeNotFound)
		}
	}
	names = append(names, rt.codes...)
	return slices.DeleteFunc(Codes(), func(c Code) bool { return !slices.Contains(names, c.Code) })
}
