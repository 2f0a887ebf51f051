// Package model makes vectors of texts with models that are side files of a node:
// [Open] reads one that was added. A vector says where a text stands among all
// texts: those that mean about the same are near each other, whatever their words.
package model

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/internal/model/artefact"
	"github.com/tallystick/tallystick/internal/model/encoder"
	"github.com/tallystick/tallystick/internal/model/static"
)

// Embedder makes vectors of length 1, or of zeros for what says nothing to it. It
// is safe for concurrent use. The only errors are those of ctx.
type Embedder interface {
	Width() int
	Query(ctx context.Context, text string) ([]float32, error)
	Passage(ctx context.Context, text string) ([]float32, error)
}

// Open reads a model of a folder. What it takes of memory is about what its files
// have.
func Open(f artefact.Folder, m *artefact.Model) (Embedder, error) {
	files, err := f.Read(m)
	if err != nil {
		return nil, err
	}
	e, err := read(m.Kind, files)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", m.Name, err)
	}
	return e, nil
}

func read(kind artefact.Kind, files [][]byte) (Embedder, error) {
	switch {
	case kind == artefact.Static && len(files) == 2:
		return static.Read(files[1], files[0])
	case kind == artefact.BERT && len(files) == 2:
		return encoder.ReadBERT(files[0], files[1])
	case kind == artefact.E5 && len(files) == 1:
		return encoder.ReadE5(files[0])
	}
	return nil, fmt.Errorf("%d files of the kind %q", len(files), kind)
}
