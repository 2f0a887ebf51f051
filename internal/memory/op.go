package memory

// Kind names a kind of op. Its number stands in the file of the kind. It is persisted
// and goes over the wire: a number is never changed, and never used again.
type Kind uint8

// Op is a change to the store, as a value. The types in this package, one file
// each, are its only implementations; [New] makes an empty one of each kind.
//
// An op says everything about itself: what asks which memories, which namespace
// or which proposal it is about asks About, and needs to know no kinds.
//
//sumtype:decl
type Op interface {
	isOp()
	Kind() Kind
	// Subjects are the registers that the op writes, in a fixed order and
	// without repetition. An op wins or loses each of them on its own.
	Subjects() []Key
	// Validate says why no node would accept the op, or nil. The error is [ErrInvalid].
	Validate() error
	// About says what the op is about. It holds for hollow ops as well, in which
	// only ids are left.
	About() About
	// hollow is the op without its content, or nil if it has none.
	hollow() Op
}
