package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/tallystick/tallystick/internal/model/artefact"
	"github.com/tallystick/tallystick/internal/model/endpoint"
	"github.com/tallystick/tallystick/internal/recall/eval"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/meaning"
)

// Calls says which endpoints may be called. What is nil allows all.
type Calls struct {
	Allow        func(ctx context.Context, target *url.URL) error
	AllowAddress func(address netip.AddrPort) error
	Getenv       func(name string) string // for keys
}

func (c *Calls) client(s *endpoint.Settings, log *slog.Logger) *endpoint.Client {
	return endpoint.New(endpoint.Config{Settings: *s, Allow: c.Allow, AllowAddress: c.AllowAddress, Getenv: c.Getenv, Log: log})
}

// spaceAt is how an endpoint is used.
func spaceAt(s *endpoint.Settings, calls Calls, log *slog.Logger) meaning.Config {
	w := meaning.BERTWeights()
	w.Near, w.Floor = s.Near, s.Floor
	return meaning.Config{
		// The version at the end is that of how texts are given to the model.
		Name: s.Space() + "/1", Embedder: calls.client(s, log), Weights: w, Patience: s.Wait(),
		// It waits for the endpoint, and not for a processor of this machine.
		Turns: 16,
	}
}

// AddEndpoint asks an endpoint how many numbers its vectors have, and which of them
// are near each other, completes the settings, and puts them into the data directory.
func AddEndpoint(ctx context.Context, data string, s endpoint.Settings, calls Calls) (endpoint.Settings, error) {
	s.Width, s.Near, s.Floor = 1, 1, -1 // not known yet
	if err := s.Valid(); err != nil {
		return s, err
	}
	s.Width = 0
	log := slog.New(slog.DiscardHandler)
	width, err := calls.client(&s, log).Probe(ctx)
	if err != nil {
		return s, err
	}
	s.Width = width
	if s.Near, s.Floor, err = nearness(ctx, calls.client(&s, log)); err != nil {
		return s, err
	}
	return s, s.Write(Dir(data))
}

// nearness measures, on the set that this program brings along, how near to a question
// those memories are that do not answer it: what is nearer than most of them is a
// candidate, and what is nearer than nearly all may be relied upon.
func nearness(ctx context.Context, e *endpoint.Client) (near, floor float32, err error) {
	s, err := eval.Made()
	if err != nil {
		return 0, 0, err
	}
	texts := make([]string, len(s.Memories))
	for i := range s.Memories {
		texts[i] = index.Plain(&s.Memories[i])
	}
	var vectors [][]float32
	for part := range slices.Chunk(texts, 32) {
		got, err := e.Passages(ctx, part)
		if err != nil {
			return 0, 0, err
		}
		if slices.ContainsFunc(got, func(v []float32) bool { return v == nil }) {
			return 0, 0, endpoint.ErrText
		}
		vectors = append(vectors, got...)
	}
	var others []float32
	for i := range s.Questions {
		q := &s.Questions[i]
		v, err := e.Query(ctx, q.Text)
		if err != nil {
			return 0, 0, err
		}
		for n := range vectors {
			if !slices.Contains(q.Answers, s.Memories[n].ID) {
				others = append(others, product(v, vectors[n]))
			}
		}
	}
	slices.Sort(others)
	return others[len(others)*99/100], others[len(others)*90/100], nil
}

func product(a, b []float32) float32 {
	sum := float32(0)
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// Endpoints returns the endpoints that were added to a data directory.
func Endpoints(data string) ([]endpoint.Listed, error) { return endpoint.List(Dir(data)) }

// Remove takes a model away, and the vectors that were made with it, or says
// [artefact.ErrNone].
func Remove(data, name string) error {
	listed, err := Endpoints(data)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(listed, func(l endpoint.Listed) bool { return l.Name == name }) {
		err = os.RemoveAll(filepath.Join(Dir(data), name))
	} else {
		err = artefact.Folder{Path: Dir(data)}.Remove(name)
	}
	if err != nil {
		return err
	}
	if err := os.Remove(VectorsFile(data, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("vectors of %s: %w", name, err)
	}
	return nil
}
