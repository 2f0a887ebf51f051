// Package attest puts the proofs together: who is at the other end of a
// connection, who signed the request, and that both are the member that it claims to
// come from.
//
// A request is judged in two steps, so that nobody unknown has a body read:
// [Verifier.Sender] checks the certificate, the credential, the claimed name and the
// membership; [Sender.Prove] then checks the signature over the exact bytes, its
// freshness, and that the request is a new one.
package attest
