// Package wire gives bytes to what members of a federation say to each other:
// the entries that they log, the messages that carry them, and the stream that
// brings a whole state.
//
// Everything is CBOR (RFC 8949) in its core deterministic encoding, and every
// value has exactly one encoding: decoders write again what they have read, and
// refuse bytes that come out different. So a digest or a signature over bytes is
// one over the value. Decoders take bytes from anybody: they are bounded in size,
// number and depth before they allocate, and never panic.
//
// The package knows no HTTP. docs/protocol.md describes the bytes.
package wire
