// Package identity says who is who in a federation: names, keys and the files
// they are kept in, what a request proved about its sender, and the tag of every
// refusal. The packages below it make and check the proofs: ca (certificates for
// TLS), cred (credentials for messages), httpsig (signatures of requests and
// replies), aimemory (those of ai-memory 0.7), replay (each request once), attest
// (all of these together), join (tokens), agentkey (keys of agents) and receipt
// (statements that anybody can check).
//
// Nothing here invents cryptography: Ed25519, SHA-256, X.509 and TLS are those of
// the standard library. Whatever comes from outside is bounded in size before it
// is parsed, and is refused with a [Tag].
//
// docs/trust.md says what each mechanism guards against.
package identity
