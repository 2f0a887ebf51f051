// Package store keeps a node's records, log and obligations in one SQL database.
//
// One goroutine writes ([Store.Run]): it drains the queue of local writes and of
// members' pushes, merges them in one transaction and commits with an fsync;
// what piled up meanwhile is the next batch. Reads go through a pool of
// read-only connections and never wait for the writer.
//
// The log holds each body once, as the exact bytes that its origin encoded.
// Records, registers and history are rows that point into it.
package store
