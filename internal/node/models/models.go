// Package models makes of the models in a node's data directory what recall looks
// through: an arm, and the projections that feed it.
package models

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/model"
	"github.com/tallystick/tallystick/internal/model/artefact"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/recall/eval"
	"github.com/tallystick/tallystick/internal/recall/index"
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
		Embedder: e, Weights: meaning.E5Weights(), Patience: patience,
	}
	switch m.Kind {
	case artefact.Static:
		cfg.Weights, cfg.Fast = meaning.StaticWeights(), true
	case artefact.BERT:
		cfg.Weights = meaning.BERTWeights()
	case artefact.E5:
	}
	return cfg
}

// Measured is the model of a name in a data directory, to be measured: it has all
// the time that it wants for a question.
func Measured(data, name string) eval.Model {
	return eval.Model{Name: name, Arms: func(ctx context.Context, memories []index.Change) ([]rank.Arm, error) {
		return measured(ctx, data, name, memories)
	}}
}

func measured(ctx context.Context, data, name string, memories []index.Change) ([]rank.Arm, error) {
	folder := artefact.Folder{Path: Dir(data)}
	there, err := folder.List()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(there, func(m artefact.Model) bool { return m.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("model %q in %s: %w", name, data, artefact.ErrNone)
	}
	e, err := model.Open(folder, &there[i])
	if err != nil {
		return nil, err
	}
	cfg := spaceOf(&there[i], e)
	cfg.Patience, cfg.Logger = 0, slog.New(slog.DiscardHandler)
	space := meaning.NewSpace(cfg)
	if err := space.Learn(ctx, memories); err != nil {
		return nil, err
	}
	return []rank.Arm{meaning.NewArm(rank.Default(), space)}, nil
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
