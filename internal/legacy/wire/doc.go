// Package wire has the JSON that nodes of ai-memory 0.7 send each other, as values:
// a push with its lanes, the reply to it, and what a pull brings. Decoding takes what
// a real node takes: any order of keys, keys that it does not know, absent fields that
// have a default. Encoding gives the bytes that a real node writes: keys sorted at
// every level, no spaces, text unescaped, so that a signature over them is one over
// the same bytes.
//
// Times are kept as the text that was sent. Convert with [Memory.Value] and [Of].
package wire
