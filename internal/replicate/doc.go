// Package replicate brings every op of this node to every member, gets what is
// missing here from whoever has it, and tells writers who holds their writes.
//
// The protocol is package core, a state machine. [Replicator] is the shell around
// it: one goroutine that feeds it events, and runners that carry out its effects
// through the interfaces of this package. The shell decides nothing that matters
// for safety.
package replicate
