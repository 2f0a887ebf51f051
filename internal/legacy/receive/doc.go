// Package receive takes in what nodes of ai-memory 0.7 push, and answers what they
// pull: it finds out who sent a request, makes ops of the items of a push, and hands
// these to the one door. Everything is idempotent: what is known already changes
// nothing, however often and in whatever order it comes.
//
// An item keeps the time that it was given by its author, so that the same push
// through two nodes of the federation is logged with one stamp and one text. A
// deletion is final for what it saw: a row that was made before its deletion stays
// deleted, whatever is pushed of it afterwards, and the deletion goes out once more.
package receive
