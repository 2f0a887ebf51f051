package armtest_test

import (
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
	"github.com/tallystick/tallystick/internal/recall/rank/armtest"
)

// word is the i-th of many words that have little in common.
func word(i int) string {
	const letters = "bdfgklmnprstvz"
	return fmt.Sprintf("%cu%co%ca", letters[i%14], letters[i/14%14], letters[(i*5+i/14)%14])
}

func byWords(i int) (memory, question string) {
	return "a heron said " + word(i), "who said " + word(i)
}

func of(arms func() []rank.Arm) func() ([]rank.Arm, func([]index.Change)) {
	return func() ([]rank.Arm, func([]index.Change)) { return arms(), nil }
}

func TestText(t *testing.T) {
	armtest.Run(t, armtest.Subject{
		Arms:    of(func() []rank.Arm { return []rank.Arm{rank.Text(rank.Default())} }),
		Telling: byWords, Question: "herons",
	})
}

func TestDates(t *testing.T) {
	armtest.Run(t, armtest.Subject{
		Arms: of(func() []rank.Arm { return []rank.Arm{rank.Dates(rank.Default())} }),
		Telling: func(i int) (memory, question string) {
			day := fmt.Sprintf("2023-%02d-%02d", 1+i%12, 1+i/12%28)
			return "it was seen on " + day, "what was seen on " + day
		},
		Question: "what was seen in 2023",
	})
}

func TestMeaning(t *testing.T) {
	armtest.Run(t, armtest.Subject{Arms: meaning, Telling: byWords, Question: "a heron said"})
}

func TestTheFusion(t *testing.T) {
	armtest.Run(t, armtest.Subject{
		Arms: func() ([]rank.Arm, func([]index.Change)) {
			arms, learn := meaning()
			w := rank.Default()
			return append([]rank.Arm{rank.Text(w), rank.Dates(w)}, arms...), learn
		},
		Telling: byWords, Question: "a heron said",
	})
}
