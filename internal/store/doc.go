// Package store keeps a node's records, log and obligations in one SQL database.
//
// One goroutine writes ([Store.Run]): it drains the queue of local writes and of
// members' pushes, merges them in one transaction and commits with an fsync;
// what piled up meanwhile is the next batch. Reads go through a pool of
// read-only connections and never wait for the writer.
//
// The log holds each body once, as the exact bytes that its origin encoded.
// Records, registers and history are rows that point into it.
//
// A [Store] is put together of three: tables (what there is now, to be read), log
// (what is sent, dumped and compared) and changes (what callers have written, as
// jobs). Behind the jobs stands the writer: state is what it keeps in memory, tx
// one transaction, and what a transaction can do are types of their own around
// it: merger, mender, taker, submission, compactor, scrubber, texts. What it does
// when nothing is queued are its chores.
//
// What is particular to one database engine is a value of type dialect.
package store
