// Package walfile is how the writer's write-ahead log goes to the disk: a virtual file
// system of SQLite (https://sqlite.org/vfs.html) that hands everything to the one of the
// operating system, but for three things about the log of connections that ask for it.
//
//   - What SQLite writes in two pieces for each page, 24 bytes and the page, is gathered, and
//     goes out in one piece before it is synced, or read.
//   - The file grows by a mebibyte of zeros at a time. A sync of bytes that were there before
//     has no metadata to make durable; one of a file that has grown waits for the journal of
//     the file system, too. SQLite reads a log up to the first frame that is not whole, and of
//     this run, and writes by position, so what is behind does not matter to it.
//   - It says when a commit is written, but not synced yet ([Register]).
//
// Nothing here changes what is durable when: every sync that SQLite asks for is made, after
// all that was to be written before it. If some of that could not be written, the sync is an
// error, also where SQLite has heard of it before.
package walfile
