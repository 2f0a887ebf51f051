// Package book joins the books that are kept on the engine. Each has kinds of op or
// a part of the reads to itself, says what it needs of the store, and knows the
// others only as far as it is given them.
package book
