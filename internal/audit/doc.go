// Package audit keeps a node's audit log: a file to which events are appended, each
// signed by the node and tied to the one before, so that a row which was changed,
// taken away or moved is found and named.
//
// A row is a line of four fields, separated by single spaces:
//
//	SEQ PREV SIGNATURE EVENT
//
// SEQ counts 1, 2, 3 …; PREV is the SHA-256 of the row before (without its line
// feed) in hex, zeros for the first; EVENT is JSON; SIGNATURE is Ed25519, in base64,
// over "tally audit v1", a zero byte, and "SEQ PREV EVENT". The first event names the
// public key, and a later one of the kind signing_key, signed by the old key, the
// next.
//
// What an append was acknowledged for is on the disk. A crash can leave a part of a
// row at the end, which was never acknowledged: it has no line feed, and is told from
// tampering by that. What no chain can show is that its end is missing: whoever keeps
// a [Head] elsewhere can.
package audit
