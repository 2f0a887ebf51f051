// Package meaning finds memories by what they mean: an arm of recall that compares
// the vector of the question with those of the memories. A [Space] is a model with
// the vectors that it has made, fed behind the commits; the [Arm] asks the best of
// them that has once had all memories and answers in time.
package meaning

import (
	"context"
	"log/slog"
	"time"
)

// Embedder makes vectors of length 1, or of zeros for what says nothing to it. An
// error says that it cannot now: the same is asked again.
type Embedder interface {
	Width() int
	Query(ctx context.Context, text string) ([]float32, error)
	Passage(ctx context.Context, text string) ([]float32, error)
}

// Batcher is an [Embedder] that many memories at a time cost less, as one does that
// asks another program.
type Batcher interface {
	// Ready returns when it may be asked. What it will be asked about is put together
	// after that.
	Ready(ctx context.Context) error
	// Passages does not wait until it may be asked. After an error it is asked for the
	// same again. A text whose vector is nil could not be read although others could:
	// it is asked about once more after the others, and again much later.
	Passages(ctx context.Context, texts []string) ([][]float32, error)
}

// Weights are what meaning adds to a score. The nearest memory in sight gets all
// of them, one in the middle nothing.
type Weights struct {
	Own    float32 // how near the memory itself is
	Pooled float32 // how near it is with what was said around it
	Alone  float32 // in place of both where no namespace in sight has a session
	Date   float32 // added to that of dates: what is near in meaning alone is rarely of the day
	Near   float32 // the cosine from which a memory may be relied upon for its meaning alone
	Floor  float32 // the cosine below which a memory is no candidate for its meaning alone
}

// Config of a space.
type Config struct {
	Name     string // of the model, and how texts are given to it: vectors of another name are of no use
	File     string // where vectors are kept between two runs; "": nowhere
	Log      string // names the log that they follow
	Embedder Embedder
	Weights  Weights
	Fast     bool          // a question takes no time worth speaking of
	Patience time.Duration // for a question, at most
	Turns    int           // so many questions at a time; 0: as many as there are processors
	Logger   *slog.Logger  // required
}

// StaticWeights are those for vectors that are added up of those of words.
func StaticWeights() Weights {
	return Weights{Own: 0.05, Pooled: 0.15, Alone: 0.5, Near: 0.46, Floor: 0.15}
}

// E5Weights are those for e5, for which any two texts have much in common.
func E5Weights() Weights {
	return Weights{Own: 0.15, Pooled: 0.35, Alone: 0.8, Date: 0.2, Near: 0.82, Floor: 0.8}
}

// BERTWeights are those for encoders for which most texts have nothing in common.
func BERTWeights() Weights {
	return Weights{Own: 0.15, Pooled: 0.35, Alone: 0.8, Date: 0.2, Near: 0.45, Floor: 0.25}
}
