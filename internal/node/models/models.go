// Package models makes of the models in a node's data directory what recall looks
// through: an arm, and the projections that feed it.
package models

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/model"
	"github.com/tallystick/tallystick/internal/model/artefact"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/recall/meaning"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// patience is how long a recall waits for a model to read the question: what
// others find is answered then without it.
const patience = 100 * time.Millisecond

// Dir is the folder of a data directory that models are kept in.
func Dir(data string) string { return filepath.Join(data, "models") }

// VectorsFile is where a node keeps the vectors that a model has made. They follow
// from the log, and are made again where the file is missing.
func VectorsFile(data, model string) string {
	return filepath.Join(data, "recall."+model+".vectors")
}

// Models are those that a node was started with, the best first.
type Models struct {
	list   []loaded
	source recall.Source
}

// loaded is a model, or why it cannot be used.
type loaded struct {
	name  string
	space *meaning.Space
	err   error
}

// Open reads the models that were added to the data directory. One that
// cannot be read does not keep the node from starting.
func Open(ctx context.Context, data string, source recall.Source, log *slog.Logger) Models {
	out := Models{source: source}
	folder := artefact.Folder{Path: Dir(data)}
	there, err := folder.List()
	if err != nil {
		log.WarnContext(ctx, "models cannot be read: recall goes by words alone", "err", err)
	}
	for i := range there {
		m := &there[i]
		l := loaded{name: m.Name}
		var e model.Embedder
		if e, l.err = model.Open(folder, m); l.err != nil {
			log.ErrorContext(ctx, "model cannot be used: add it again", "model", m.Name, "err", l.err)
		} else {
			cfg := spaceOf(m, e)
			cfg.File, cfg.Log, cfg.Logger = VectorsFile(data, m.Name), string(source.Origin()), log
			l.space = meaning.NewSpace(cfg)
		}
		out.list = append(out.list, l)
	}
	return out
}

// spaceOf is how a model is used.
func spaceOf(m *artefact.Model, e model.Embedder) meaning.Config {
	cfg := meaning.Config{
		// The version at the end is that of how texts are given to the model.
		Name:     m.Name + "/" + m.Files[0].SHA256[:12] + "/1",
		Embedder: e, Weights: meaning.EncoderWeights(), Patience: patience,
	}
	if m.Kind == artefact.Static {
		cfg.Weights, cfg.Fast = meaning.StaticWeights(), true
	}
	return cfg
}

// Arms are what the models find with: none, or one.
func (m Models) Arms() []rank.Arm {
	var spaces []*meaning.Space
	for _, l := range m.list {
		if l.space != nil {
			spaces = append(spaces, l.space)
		}
	}
	if len(spaces) == 0 {
		return nil
	}
	return []rank.Arm{meaning.NewArm(rank.Default(), spaces...)}
}

// Projections are what feeds them.
func (m Models) Projections() []recall.Projection {
	var out []recall.Projection
	for _, l := range m.list {
		if l.space != nil {
			out = append(out, l.space)
		}
	}
	return out
}

// Status says how far they are.
func (m Models) Status() []upkeep.Model {
	out := make([]upkeep.Model, 0, len(m.list))
	for _, l := range m.list {
		v := upkeep.Model{Name: l.name, State: "failed"}
		if l.err != nil {
			v.Problem = l.err.Error()
		} else {
			s, from := l.space.Status(), l.space.From()
			v.Vectors, v.Bytes, v.Behind, v.State = s.Vectors, s.Bytes, int(max(m.source.View().LSN, from)-from), "embedding"
			if s.Full {
				v.State = "ready"
			}
		}
		out = append(out, v)
	}
	return out
}
