package memory

// Statement is what a member has signed about a run of entries: that it held them.
// What the signed bytes say is not for this package; Run repeats what they are about.
type Statement struct {
	Member Node
	Epoch  uint64 // of the membership that the member went by
	At     Instant
	Run    Range

	Signed     []byte // the bytes
	Signature  []byte
	Credential string // that ties the key to the root, as its header
	Chain      string // the authorities between the two, as theirs; "" if there are none
}

// Mark is a signed request, once: who made it, and its nonce.
type Mark struct {
	Signer  string // the key, by its fingerprint
	Nonce   string
	Created Instant
	Expires Instant // from then on the signature is stale, and the mark may be forgotten
}

// IsZero reports whether m marks nothing.
func (m Mark) IsZero() bool { return m == Mark{} }
