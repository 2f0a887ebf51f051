package memory

import "errors"

// Sentinels of the vocabulary. Each also has a stable code: see [Refusal].
var (
	// ErrInvalid: the value breaks a rule of the data model.
	ErrInvalid = errors.New("invalid")
	// ErrUnknownKind: the op is of a kind that this binary does not know.
	ErrUnknownKind = errors.New("unknown kind of op")
	// ErrSignature: what is signed is not this, or not by a key that is known here.
	ErrSignature = errors.New("the signature cannot be believed")
	// ErrSkew: the stamp lies too far in the future, for now.
	ErrSkew = errors.New("clock skew")
	// ErrDotConflict: another op is already known under the same dot.
	ErrDotConflict = errors.New("dot already used for another op")
	// ErrForbidden: who sent it, or who logged it, may not.
	ErrForbidden = errors.New("forbidden")
	// ErrTruncated: part of a range is no longer in the log; only a snapshot helps.
	ErrTruncated = errors.New("log is truncated there")
)
