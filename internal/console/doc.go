// Package console is the part of a node that people look at: the built files of
// its web page, and the sessions by which a browser speaks for whoever holds a
// key. It knows no memories: the page reads and writes through the routes that
// everybody has.
package console
