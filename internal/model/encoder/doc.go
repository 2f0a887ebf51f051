// Package encoder makes vectors of texts with a transformer encoder (BERT and its
// kin) in plain Go: weights of 4 or 8 bits, one goroutine a text, no cgo.
//
// Two kinds of file are read: that of multilingual-e5-small in 4 bits as packages
// carry it ([ReadE5]), and one of our own ([ReadBERT]) that [ConvertBERT] makes of
// a file of float32 arrays.
package encoder

import "errors"

// ErrFile says that bytes are no model that is known here, or damaged.
var ErrFile = errors.New("not a usable model file")
