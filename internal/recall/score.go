package recall

import (
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Keyword scores hits by their text relevance and by what their records say of
// themselves, as ai-memory 0.7 does. Flat leaves the tier out, which is its rule
// for a search by words.
type Keyword struct {
	Flat bool
}

// Score returns one value for each hit, higher is better.
func (k Keyword) Score(_ string, hits []memory.Hit, now memory.Instant) []float64 {
	out := make([]float64, len(hits))
	for i := range hits {
		out[i] = k.one(&hits[i], now)
	}
	return out
}

func (k Keyword) one(h *memory.Hit, now memory.Instant) float64 {
	score := h.Relevance +
		0.5*float64(h.Priority) +
		0.1*float64(min(h.AccessCount, 50)) +
		2.0*h.Confidence +
		1/(1+0.1*ageDays(h.Content.Stamp.Instant(), now))
	if !k.Flat {
		score += tierBonus(h.Tier)
	}
	return score
}

func tierBonus(t memory.Tier) float64 {
	switch t {
	case memory.Long:
		return 3
	case memory.Mid:
		return 1
	case memory.Short:
	}
	return 0
}

// ageDays is the time from t to now in days; what lies in the future is new.
func ageDays(t, now memory.Instant) float64 {
	return max(0, float64(now-t)) / float64(24*time.Hour)
}
