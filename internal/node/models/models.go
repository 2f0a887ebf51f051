// Package models makes of the models in a node's data directory what recall looks
// through: an arm, and the projections that feed it.
package models

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/model"
	"github.com/tallystick/tallystick/internal/model/artefact"
	"github.com/tallystick/tallystick/internal/model/endpoint"
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

// Config of the models of a node.
type Config struct {
	Data   string
	Source recall.Source
	Calls  Calls // of endpoints
	Log    *slog.Logger
}

// Models are those that a node was started with, the best first.
type Models struct {
	list   []loaded
	source recall.Source
}

// loaded is a model, or why it cannot be used.
type loaded struct {
	name    string
	space   *meaning.Space
	problem func() error // of one that is asked elsewhere: why it does not answer now
	err     error
}

// Open reads the models that were added to the data directory. One that
// cannot be read does not keep the node from starting.
func Open(ctx context.Context, cfg Config) Models {
	out := Models{source: cfg.Source}
	candidates, err := there(cfg.Data)
	if err != nil {
		cfg.Log.WarnContext(ctx, "models cannot be read: recall goes by words alone", "err", err)
	}
	for i := range candidates {
		c := &candidates[i]
		l := loaded{name: c.name}
		var space meaning.Config
		if space, l.err = c.open(cfg.Calls, cfg.Log); l.err != nil {
			cfg.Log.ErrorContext(ctx, "model cannot be used: add it again", "model", c.name, "err", l.err)
		} else {
			space.File, space.Log, space.Logger = VectorsFile(cfg.Data, c.name), string(cfg.Source.Origin()), cfg.Log
			l.space = meaning.NewSpace(space)
			if e, ok := space.Embedder.(*endpoint.Client); ok {
				l.problem = e.Problem
			}
		}
		out.list = append(out.list, l)
	}
	return out
}

// candidate is a model that was added.
type candidate struct {
	name string
	open func(calls Calls, log *slog.Logger) (meaning.Config, error)
}

// there are the models that were added to a data directory: endpoints first, which
// somebody chose for what they are.
func there(data string) ([]candidate, error) {
	var out []candidate
	listed, err := endpoint.List(Dir(data))
	for i := range listed {
		l := &listed[i]
		out = append(out, candidate{l.Name, func(calls Calls, log *slog.Logger) (meaning.Config, error) {
			if l.Err != nil {
				return meaning.Config{}, l.Err
			}
			return spaceAt(&l.Settings, calls, log), nil
		}})
	}
	folder := artefact.Folder{Path: Dir(data)}
	files, err2 := folder.List()
	for i := range files {
		m := &files[i]
		out = append(out, candidate{m.Name, func(Calls, *slog.Logger) (meaning.Config, error) {
			e, err := model.Open(folder, m)
			if err != nil {
				return meaning.Config{}, err
			}
			return spaceOf(m, e), nil
		}})
	}
	return out, errors.Join(err, err2)
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
func Measured(data, name string, calls Calls) eval.Model {
	return eval.Model{Name: name, Arms: func(ctx context.Context, memories []index.Change) ([]rank.Arm, error) {
		return measured(ctx, data, name, calls, memories)
	}}
}

func measured(ctx context.Context, data, name string, calls Calls, memories []index.Change) ([]rank.Arm, error) {
	candidates, err := there(data)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(candidates, func(c candidate) bool { return c.name == name })
	if i < 0 {
		return nil, fmt.Errorf("model %q in %s: %w", name, data, artefact.ErrNone)
	}
	cfg, err := candidates[i].open(calls, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
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
			v.Problem, v.Plain = l.err.Error(), "it cannot be used"
		} else {
			s, from := l.space.Status(), l.space.From()
			v.Vectors, v.Unread, v.Bytes, v.Behind, v.State = s.Vectors, l.space.Unread(), s.Bytes, int(max(m.source.View().LSN, from)-from), "embedding"
			if s.Full {
				v.State = "ready"
			}
			if l.problem != nil {
				if err := l.problem(); err != nil {
					v.Problem, v.Plain = err.Error(), endpoint.Plain(err).Error()
				}
			}
		}
		out = append(out, v)
	}
	return out
}
