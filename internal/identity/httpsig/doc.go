// Package httpsig signs requests and replies between members after RFC 9421, in one
// fixed profile: there is nothing to negotiate, so there is nothing to downgrade.
//
// A request covers its method, path and query, the receiver, the content's digest
// and type; a reply covers its status, the content's digest, and the signature of
// the request that it answers:
//
//	Content-Digest: sha-256=:<base64>:
//	Signature-Input: tally=("@method" "@path" "@query" "x-peer-to" "content-digest" "content-type");created=1;keyid="…";nonce="…";tag="tally-peer"
//	Signature: tally=:<base64 of 64 bytes>:
//
// Keys are Ed25519; keyid is the fingerprint of the key. So a request that somebody
// has recorded is worth nothing at another member, on another path, or a minute
// later, and within the minute the nonce tells it from a new one.
//
// What is checked here is that a signature is one of the key, and fresh. Whose key
// it is say cred and attest; that the nonce is new says replay.
package httpsig
