package store

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// A filter may take for there what is not, and never the other way round.
func TestWhatIsThereIsNeverAbsent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newAbsence()
		a.ready = true
		part := rapid.StringN(0, 12, 40)
		for range rapid.IntRange(1, 200).Draw(t, "rows") {
			id, namespace, title := part.Draw(t, "id"), part.Draw(t, "namespace"), part.Draw(t, "title")
			a.add(id, namespace, title)
			if a.id(id) || a.title(namespace, title) {
				t.Fatalf("%q, %q in %q: absent", id, title, namespace)
			}
		}
	})
}

// Beyond its first layer, too, it knows nearly all that is not there; and nothing before
// it is told that it knows all.
func TestMostOfWhatIsNotThereIsAbsent(t *testing.T) {
	a := newAbsence()
	const rows = 3 * firstLayer / 2
	for i := range rows {
		a.add(fmt.Sprint("id", i), "n", fmt.Sprint("title", i))
	}
	if a.id("other") || a.title("n", "other") {
		t.Error("absent, and not all is known yet")
	}
	a.ready = true
	wrong := 0
	for i := range rows {
		if a.id(fmt.Sprint("id", i)) || a.title("n", fmt.Sprint("title", i)) {
			t.Fatalf("row %d of %d is absent", i, rows)
		}
		if !a.id(fmt.Sprint("other", i)) {
			wrong++
		}
		if !a.title("o", fmt.Sprint("title", i)) {
			wrong++
		}
	}
	if share := float64(wrong) / (2 * rows); share > 0.003 {
		t.Errorf("%.4f of what is not there seems to be", share)
	}
}
