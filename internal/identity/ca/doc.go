// Package ca is the certificate authority of a federation: small, and made of the
// standard library's X.509.
//
// A root ("the CA") signs members and intermediate authorities; an intermediate
// called "X/ca" signs what lies below X and nothing else, at most two of them lie
// between the root and a member. Every certificate holds its name twice: as the URI
// tally://DOMAIN/NAME, which is what counts, and as a host name in reverse order of
// segments, over which the name constraints of intermediates go. So a library that
// knows nothing of this package refuses what it would refuse.
//
// With each certificate goes a message credential (package cred) of the same name,
// key and end. Leaves live a day and are renewed at half of it.
package ca
