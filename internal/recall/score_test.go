package recall_test

import (
	"math"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

func hit(change func(*memory.Hit)) memory.Hit {
	h := memory.Hit{Relevance: 2, Record: memory.Record{
		Memory:  memory.Memory{Tier: memory.Mid, Priority: 5, Confidence: 1},
		Content: memory.Version{Stamp: memory.MakeStamp(now)},
	}}
	if change != nil {
		change(&h)
	}
	return h
}

var now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func TestKeywordScore(t *testing.T) {
	tests := map[string]struct {
		flat   bool
		change func(*memory.Hit)
		want   float64
	}{
		"text, priority, confidence, tier, age": {false, nil, 2 + 2.5 + 2 + 1 + 1},
		"a search leaves the tier out":          {true, nil, 2 + 2.5 + 2 + 1},
		"long":                                  {false, func(h *memory.Hit) { h.Tier = memory.Long }, 2 + 2.5 + 2 + 3 + 1},
		"short":                                 {false, func(h *memory.Hit) { h.Tier = memory.Short }, 2 + 2.5 + 2 + 0 + 1},
		"read often":                            {false, func(h *memory.Hit) { h.AccessCount = 20 }, 2 + 2.5 + 2 + 2 + 1 + 1},
		"reads are capped":                      {false, func(h *memory.Hit) { h.AccessCount = 1e6 }, 2 + 2.5 + 5 + 2 + 1 + 1},
		"ten days old": {false, func(h *memory.Hit) {
			h.Content.Stamp = memory.MakeStamp(now.Add(-240 * time.Hour))
		}, 2 + 2.5 + 2 + 1 + 0.5},
		"from the future": {false, func(h *memory.Hit) { h.Content.Stamp = memory.MakeStamp(now.Add(time.Hour)) }, 2 + 2.5 + 2 + 1 + 1},
		"doubted":         {false, func(h *memory.Hit) { h.Confidence = 0.25 }, 2 + 2.5 + 0.5 + 1 + 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := recall.Keyword{Flat: tc.flat}.Score("q", []memory.Hit{hit(tc.change)}, memory.InstantOf(now))
			if len(got) != 1 || math.Abs(got[0]-tc.want) > 1e-9 {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
	if got := (recall.Keyword{}).Score("q", nil, memory.InstantOf(now)); len(got) != 0 {
		t.Errorf("scores of nothing: %v", got)
	}
}
