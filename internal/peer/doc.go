// Package peer carries the messages of package wire between members over
// HTTP/1.1: [Client] makes the calls, [NewHandler] answers them.
//
// A call brings an answer that counts, or a *[memory.Fault] that says what the
// caller should do about it. Whatever a member sends is bounded before it is
// read, checked before it is believed, and read to its end where that is near, so
// that connections are used again.
package peer
