// Package index keeps the terms of memories in memory, so that they are found in
// the time of a few list traversals. It is a projection: what it holds follows
// from the records that were applied, and can be made again from them, or loaded
// from a file that it saved.
//
// Each memory is kept twice in small: as the stream of its terms, which says what
// stands beside what and from which everything else can be rebuilt, and as
// postings by term. The text itself is not kept.
//
// One goroutine applies changes; any number reads. A change is seen by every
// reader that begins after it.
package index
