package client

import "net/http"

// Code is an error code of the API: stable, for programs to branch on.
type Code string

// The codes that an answer can carry. [Codes] says what each means.
const (
	CodeInvalid              Code = "VALIDATION_FAILED"
	CodeMalformedJSON        Code = "MALFORMED_JSON"
	CodeAmbiguousID          Code = "AMBIGUOUS_ID"
	CodeInvalidRelation      Code = "INVALID_RELATION"
	CodeUnknownField         Code = "UNKNOWN_FIELD"
	CodeNotSupported         Code = "NOT_SUPPORTED"
	CodeUnauthorized         Code = "UNAUTHORIZED"
	CodeForbidden            Code = "FORBIDDEN"
	CodeAgentMismatch        Code = "AGENT_MISMATCH"
	CodeOutOfScope           Code = "OUT_OF_SCOPE"
	CodeAttestationFailed    Code = "ATTESTATION_FAILED"
	CodeOperatorOnly         Code = "OPERATOR_ONLY"
	CodeCrossOrigin          Code = "CROSS_ORIGIN"
	CodeNotFound             Code = "NOT_FOUND"
	CodeUnknownRoute         Code = "UNKNOWN_ROUTE"
	CodeMethodNotAllowed     Code = "METHOD_NOT_ALLOWED"
	CodeRequestTimeout       Code = "REQUEST_TIMEOUT"
	CodeConflict             Code = "CONFLICT"
	CodeStale                Code = "STALE"
	CodeCycle                Code = "CYCLE"
	CodeAlreadyDecided       Code = "ALREADY_DECIDED"
	CodeElsewhere            Code = "NOT_HOME"
	CodeIdempotencyKeyReused Code = "IDEMPOTENCY_KEY_REUSED"
	CodePreconditionFailed   Code = "PRECONDITION_FAILED"
	CodeBodyTooLarge         Code = "BODY_TOO_LARGE"
	CodeUnsupportedMediaType Code = "UNSUPPORTED_MEDIA_TYPE"
	CodeMisdirected          Code = "MISDIRECTED"
	CodeBusy                 Code = "BUSY"
	CodeTooMany              Code = "QUOTA_EXCEEDED"
	CodeCanceled             Code = "CANCELED"
	CodeDamaged              Code = "DAMAGED"
	CodeInternal             Code = "INTERNAL"
	CodeAbsent               Code = "NOT_IMPLEMENTED"
	CodeMemberUnreachable    Code = "MEMBER_UNREACHABLE"
	CodeQuorumNotMet         Code = "QUORUM_NOT_MET"
	CodeShuttingDown         Code = "SHUTTING_DOWN"
	CodeTimeout              Code = "TIMEOUT"
	CodeNotReady             Code = "NOT_READY"
	CodeDiskFull             Code = "DISK_FULL"
)

// Exit codes of the command line. Scripts rely on them: never renumber.
const (
	ExitOK = iota
	ExitOther
	ExitUsage
	ExitNotFound
	ExitConflict
	ExitQuorum
	ExitUnreachable
	ExitForbidden
	ExitBusy
	ExitPending
	ExitDiffer

	ExitInterrupted = 130
)

// CodeRow is what is to be known of a code.
type CodeRow struct {
	Code    Code
	Status  int // of HTTP
	Exit    int // how a command ends that a node answered so
	Meaning string
}

// StatusClientGone is what an access log shows where nobody is there to read an
// answer. It is no status of RFC 9110.
const StatusClientGone = 499

// Codes lists every code, in the order of their statuses. A code that is not
// here comes from another program, and is to be judged by its status.
func Codes() []CodeRow {
	return []CodeRow{
		{CodeInvalid, http.StatusBadRequest, ExitUsage, "A value breaks a rule, or a field is missing or of the wrong JSON type; `fields` names it."},
		{CodeMalformedJSON, http.StatusBadRequest, ExitUsage, "The body is not JSON; `offset`, `line` and `column` say where."},
		{CodeAmbiguousID, http.StatusBadRequest, ExitUsage, "The prefix of an id fits more than one memory."},
		{CodeInvalidRelation, http.StatusBadRequest, ExitUsage, "There is no such relation; `allowed` lists those there are."},
		{CodeUnknownField, http.StatusBadRequest, ExitUsage, "The body has fields that this route does not know; `fields` names them."},
		{CodeNotSupported, http.StatusBadRequest, ExitUsage, "A filter, or a wish, that this server would have to ignore."},
		{CodeUnauthorized, http.StatusUnauthorized, ExitForbidden, "No key, or one that is not taken; `reason` says why an agent's key is not."},
		{CodeForbidden, http.StatusForbidden, ExitForbidden, "The owner, or the rules of the namespace, refuse the caller."},
		{CodeAgentMismatch, http.StatusForbidden, ExitForbidden, "The body or the query claims another agent than the X-Agent-Id header, or that header another than the key."},
		{CodeOutOfScope, http.StatusForbidden, ExitForbidden, "The caller's key is not for the namespace, or for what was asked; `needs` names the right that is missing."},
		{CodeOperatorOnly, http.StatusForbidden, ExitForbidden, "Only the operator may: send the key in `operator.key` of the data directory as `Authorization: Bearer`."},
		{CodeCrossOrigin, http.StatusForbidden, ExitForbidden, "A page of another site is behind the request; nothing was done."},
		{CodeAttestationFailed, http.StatusForbidden, ExitForbidden, "A signature that this node cannot check."},
		{CodeNotFound, http.StatusNotFound, ExitNotFound, "Unknown, or not visible to the caller."},
		{CodeUnknownRoute, http.StatusNotFound, ExitNotFound, "There is no such route."},
		{CodeMethodNotAllowed, http.StatusMethodNotAllowed, ExitOther, "The path has no such method; the Allow header lists those it has."},
		{CodeRequestTimeout, http.StatusRequestTimeout, ExitOther, "The body did not arrive in time."},
		{CodeConflict, http.StatusConflict, ExitConflict, "The title is taken by `existing_id`."},
		{CodeStale, http.StatusConflict, ExitConflict, "It changed in between, again and again: read it, and retry."},
		{CodeCycle, http.StatusConflict, ExitConflict, "The link would close a circle of reflects_on."},
		{CodeAlreadyDecided, http.StatusConflict, ExitConflict, "The proposal is closed."},
		{CodeElsewhere, http.StatusConflict, ExitConflict, "Another node delivers the subscription, `home`: ask there."},
		{CodeIdempotencyKeyReused, http.StatusConflict, ExitConflict, "The idempotency key was used for another request."},
		{CodePreconditionFailed, http.StatusPreconditionFailed, ExitConflict, "The memory is not at a version that If-Match names, or is at one that If-None-Match rules out; `current_version` says at which it is. Nothing was written."},
		{CodeBodyTooLarge, http.StatusRequestEntityTooLarge, ExitUsage, "The body is over the limit."},
		{CodeUnsupportedMediaType, http.StatusUnsupportedMediaType, ExitUsage, "The content type is not the one that the route takes, or is missing where a request changes something."},
		{CodeMisdirected, http.StatusMisdirectedRequest, ExitOther, "The Host header is neither an address nor `localhost` nor a name that the node was given with `--host`."},
		{CodeBusy, http.StatusTooManyRequests, ExitBusy, "Too much is queued, too many reads are going on, or too many streams are open; nothing was written. Retry-After says when to try again."},
		{CodeTooMany, http.StatusTooManyRequests, ExitBusy, "There are as many of these as the federation takes; nothing was written."},
		{CodeCanceled, StatusClientGone, ExitOther, "The client went away, or closed its half of the connection: what was to be written may be there. Mostly only the log shows this one."},
		{CodeDamaged, http.StatusInternalServerError, ExitOther, "What was asked for is damaged on the disk of this node. Other members may have it, and are asked for it."},
		{CodeInternal, http.StatusInternalServerError, ExitOther, "The log of the node has the cause, under the request id."},
		{CodeAbsent, http.StatusNotImplemented, ExitOther, "ai-memory can do this, and this server cannot; `error` says why, and what to do instead."},
		{CodeMemberUnreachable, http.StatusBadGateway, ExitBusy, "The other member does not answer."},
		{CodeQuorumNotMet, http.StatusServiceUnavailable, ExitQuorum, "The quorum was missed: the write is kept and owed. The body has fields of its own, and `quorum_not_met` as its `error`."},
		{CodeShuttingDown, http.StatusServiceUnavailable, ExitBusy, "The node is shutting down; nothing was written."},
		{CodeTimeout, http.StatusServiceUnavailable, ExitBusy, "The request took too long."},
		{CodeNotReady, http.StatusServiceUnavailable, ExitBusy, "The node does not serve yet, or its disk is full."},
		{CodeDiskFull, http.StatusInsufficientStorage, ExitBusy, "The disk of the node is full; nothing was written, reads go on."},
	}
}

// Row returns what is to be known of c; false if it is none of ours.
func (c Code) Row() (CodeRow, bool) {
	for _, row := range Codes() {
		if row.Code == c {
			return row, true
		}
	}
	return CodeRow{}, false
}
