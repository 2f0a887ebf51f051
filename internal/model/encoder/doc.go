// Package encoder makes vectors of texts with a transformer encoder (BERT and its
// kin) in plain Go: weights of 4 or 8 bits, one goroutine a text, no cgo.
//
// Two models are read as packages carry them: multilingual-e5-small in 4 bits
// ([ReadE5]), and all-MiniLM-L6-v2 in float32 ([ReadBERT]).
package encoder

import "errors"

// ErrFile says that bytes are no model that is known here, or damaged.
var ErrFile = errors.New("not a usable model file")
