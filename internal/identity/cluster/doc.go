// Package cluster keeps what a node knows of its federation in one directory: its
// own key and grant, the root, the list of members, and, where the authority is, its
// key and the join tokens.
//
// The list of members is a document that the root has signed, with an epoch that
// only grows. It may come from anybody; the newest one counts. A member is who is on
// it, by name and by key. Who was taken off it is refused as soon as the list is here.
package cluster
