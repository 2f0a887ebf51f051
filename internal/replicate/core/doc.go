// Package core is the replication protocol as a state machine.
//
// A [Core] is what one node knows of the federation: what every member holds,
// what is on its way to whom, which writers wait for how many votes. [Core.Step]
// takes an [Event] and the time, and returns the [Effect] values that must
// follow. There is no goroutine, no clock, no randomness but a seeded generator,
// and no I/O in here: equal events at equal times give equal effects. So a whole
// federation runs in one thread under a scheduler, and every failure can be
// replayed from its seed.
//
// The core handles dots, heads and sizes. It never sees an op, and no code in it
// depends on what kinds of op there are.
//
// # The protocol in brief
//
// Each origin numbers its ops 1, 2, 3 … There is no leader and no log order
// across origins. A node has one lane per member, which delivers the node's own
// ops in order, in batches, a few at a time. A member answers a batch after its
// fsync, with its heads: per origin, the seq up to which it holds everything,
// less the gaps it refused. Held sets only grow, so whatever is heard of a
// member, by whatever route and in whatever order, is merged by union; a write's
// votes are the members whose held sets have it. What a lane does not bring, the
// receiver pulls from any member that has it.
package core
