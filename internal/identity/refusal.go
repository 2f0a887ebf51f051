package identity

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Tag is the reason of a refusal, as a stable word: for logs, metrics, audit
// and the code of the answer.
type Tag string

// TagOf returns the tag of the [Refusal] in the chain of err, or "".
func TagOf(err error) Tag {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Tag
	}
	return ""
}

// Refusals of credentials and of their chains.
const (
	CredentialMissing     Tag = "credential_missing"
	CredentialTooLarge    Tag = "credential_too_large"
	CredentialMalformed   Tag = "credential_malformed"
	CredentialVersion     Tag = "credential_unsupported_version"
	CredentialSignature   Tag = "credential_bad_signature"
	CredentialNotYet      Tag = "credential_not_yet_valid"
	CredentialExpired     Tag = "credential_expired"
	CredentialIssuer      Tag = "credential_unknown_issuer"
	CredentialDomain      Tag = "credential_wrong_trust_domain"
	CredentialSubjectKey  Tag = "credential_bad_subject_key"
	CredentialOfAuthority Tag = "credential_of_a_ca"
	ChainTooDeep          Tag = "chain_too_deep"
	ChainIssuerNoCA       Tag = "chain_issuer_not_a_ca"
	ChainOutOfNamespace   Tag = "chain_delegation_out_of_namespace"
)

// Refusals of certificates.
const (
	CertificateMissing        Tag = "certificate_missing"
	CertificateTooLarge       Tag = "certificate_too_large"
	CertificateMalformed      Tag = "certificate_malformed"
	CertificateSignature      Tag = "certificate_bad_signature"
	CertificateNotYet         Tag = "certificate_not_yet_valid"
	CertificateExpired        Tag = "certificate_expired"
	CertificateIssuer         Tag = "certificate_unknown_issuer"
	CertificateDomain         Tag = "certificate_wrong_trust_domain"
	CertificateTooDeep        Tag = "certificate_chain_too_deep"
	CertificateIssuerNoCA     Tag = "certificate_issuer_not_a_ca"
	CertificateOutOfNamespace Tag = "certificate_out_of_namespace"
	CertificateNotOfMember    Tag = "certificate_not_of_the_member"
	TLSTooOld                 Tag = "tls_too_old"
)

// Refusals of signed requests and replies.
const (
	SignatureMissing   Tag = "signature_missing"
	SignatureMalformed Tag = "signature_malformed"
	SignatureBad       Tag = "signature_bad"
	SignatureKey       Tag = "signature_of_another_key"
	SignatureStale     Tag = "signature_stale"
	SignatureFuture    Tag = "signature_from_the_future"
	DigestMismatch     Tag = "content_digest_mismatch"
	Misdirected        Tag = "misdirected"
	StatementMissing   Tag = "statement_missing"
	StatementBad       Tag = "statement_not_right"
	Replayed           Tag = "replayed"
	LedgerFull         Tag = "replay_ledger_full"
	BeforeStart        Tag = "created_before_start"
)

// Refusals of senders: who they are is known, or should be.
const (
	SenderMismatch Tag = "sender_mismatch"
	NotAMember     Tag = "not_a_member"
	MemberRemoved  Tag = "member_removed"
	MemberFrozen   Tag = "member_frozen" // it has signed two ops under one number
	InsecurePeer   Tag = "insecure_beyond_loopback"
)

// Refusals of join tokens.
const (
	TokenMalformed Tag = "join_token_malformed"
	TokenUnknown   Tag = "join_token_unknown"
	TokenExpired   Tag = "join_token_expired"
	TokenUsed      Tag = "join_token_used"
	TokenGuessing  Tag = "join_too_many_tries"
)

// Refusals of agents' keys.
const (
	AgentKeyMissing   Tag = "agent_key_missing"
	AgentKeyMalformed Tag = "agent_key_malformed"
	AgentKeyUnknown   Tag = "agent_key_unknown"
	AgentKeyExpired   Tag = "agent_key_expired"
	AgentKeyRevoked   Tag = "agent_key_revoked"
	AgentOutOfScope   Tag = "agent_out_of_scope"
)

// Status returns the HTTP status that a refusal is answered with: 401 where the
// sender is not who it says, 403 where it is and may not, 429 and 503 where the same
// thing, signed anew, may be taken later.
func (t Tag) Status() int {
	const (
		unauthorized    = 401
		forbidden       = 403
		tooManyRequests = 429
		unavailable     = 503
	)
	switch {
	case slices.Contains([]Tag{
		ChainOutOfNamespace, CertificateOutOfNamespace, CredentialOfAuthority, Misdirected, NotAMember, MemberRemoved, MemberFrozen,
		InsecurePeer, AgentOutOfScope,
	}, t):
		return forbidden
	case t == LedgerFull || t == TokenGuessing:
		return tooManyRequests
	case t == BeforeStart:
		return unavailable
	}
	return unauthorized
}

// Refusal is why something that claims an identity was not believed.
type Refusal struct { //nolint:errname // the domain word
	Tag Tag
	// Detail is for the log of the one who refuses: it may quote what was refused,
	// bounded, and never holds a secret.
	Detail     string
	RetryAfter time.Duration // when it may be tried again, or 0
}

// Refuse returns a [Refusal].
func Refuse(tag Tag, format string, args ...any) error {
	return &Refusal{Tag: tag, Detail: fmt.Sprintf(format, args...)}
}

func (r *Refusal) Error() string {
	if r.Detail == "" {
		return string(r.Tag)
	}
	return string(r.Tag) + ": " + r.Detail
}
