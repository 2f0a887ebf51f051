// Package memory is the vocabulary of Tallystick: the records it keeps, the
// operations that change them, the clock that orders them and the one rule
// that merges them.
//
// State is a set of versioned registers. Every [Op] names the registers it
// writes ([Op.Subjects]); an [Entry] is an op that a node has logged, and for
// each register the entry with the higher [Version] wins. Nothing else decides
// what a federation agrees on: [State] is that sentence as code, and every
// store must be indistinguishable from it.
//
// The package has no I/O, no goroutines and no dependencies.
package memory
