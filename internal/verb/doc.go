// Package verb says what a caller can do: one value for each thing, with its
// name, what it takes and gives as Go types whose tags say the rest, and the
// function that does it. Surfaces bind verbs – HTTP to routes, MCP to tools – and
// hold no second copy of an input, an answer, a word or an error.
//
// The package knows no transport: it is given arguments as bytes and texts, and
// gives back a value to be shown, or a [Problem].
package verb
