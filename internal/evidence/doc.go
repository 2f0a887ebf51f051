// Package evidence collects what members sign about the ops that they hold, and makes
// receipts of it that a third party can check.
//
// A member signs in answer to a push: one statement about the whole batch. This node
// checks it beside the path of the write, compares it with the digests in its own log,
// keeps it with the store, and signs the same itself. For a member that has an op by
// another way than by a push of this node, or whose statement was lost in a crash,
// there is none: it is asked when somebody wants a receipt.
package evidence
