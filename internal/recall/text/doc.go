// Package text cuts texts into the terms that are indexed and looked for: one
// analysis for both. It is pure; a [Terms] may be used by one goroutine at a time.
//
// A text has words, in order and as they stand but for their form ([fold.Word]);
// runs of scripts that do not space words (Chinese, Japanese, Korean, Thai and
// others) become overlapping pairs of characters; emoji and other signs are terms
// of their own. Beside a word stand its parts: those of an identifier, a number
// without its grouping, the whole of what punctuation cuts (a path, a version).
package text
