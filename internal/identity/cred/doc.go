// Package cred makes and checks message credentials: an issuer's signed word that
// a name belongs to a public key. Credentials travel in headers, as ai-memory 0.7
// has them:
//
//	x-memory-cred:       v1=<base64 of {claims: bytes, sig: 64 bytes}>
//	x-memory-cred-chain: v1=<base64 of an array of such credentials, the root's first>
//
// The chain is there only if an intermediate authority issued the credential. An
// intermediate is called "X/ca" and may sign only names below X; a root, which is
// known beforehand, may sign all. What the issuer has signed are the bytes of the
// claims as they came.
package cred
