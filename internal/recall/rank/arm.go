package rank

import (
	"context"

	"github.com/tallystick/tallystick/internal/recall/index"
)

// Arm brings candidates for a question in one way of its own: by words, by dates,
// by meaning. It may be shared by any number of goroutines. Package armtest has
// what is demanded of all of them.
type Arm interface {
	// Name is what answers call the arm: one word in lower case.
	Name() string
	// Search returns the arm's work on a question, or nil and why it has nothing to
	// look for in it. It does not look at an index yet, and does not wait.
	Search(q *Question) (s Search, why string)
}

// Search is an arm at work on one question. Nothing of it is called twice at a time,
// but Find may run while other arms find in the same view. What it adds to a score
// depends on the question and the view alone, and not on how many documents are asked
// for.
type Search interface {
	// Find looks for candidates in v, which stays as it is until Close. Documents
	// that [index.View.See] does not let be seen are as if they were not there: they
	// are no candidates, and do not change what others get. When ctx ends, Find
	// ends soon, with ctx's error; what it returns then counts as far as it goes.
	Find(ctx context.Context, v *index.View) (Found, error)
	// Most is at least what Bound says of any document, once Find is done. It is asked
	// once.
	Most() float32
	// Bound is at least what Add adds to the score of document n. It is cheap.
	Bound(n uint32) float32
	// Add adds the arm's points to the parts of the score of document n, whichever
	// arm has brought it.
	Add(n uint32, p *Parts)
	// Close ends the search: nothing is called behind it.
	Close()
}

// Preparer is a [Search] that has to think before it looks, as one by meaning has:
// Prepare is called before Find, while no index is locked, and ends with ctx. After
// an error the arm is skipped, and the answer says why.
type Preparer interface {
	Prepare(ctx context.Context) error
}

// Sifter is a [Search] that is quicker at leaving out what is not good enough than if it
// is asked for each.
type Sifter interface {
	// Sift appends to kept those of docs of which Bound says at least so much, and may
	// keep others that it cannot leave out so quickly.
	Sift(kept, docs []uint32, least float32) []uint32
}

// Bounder is a [Search] that is quicker at saying Bound of many documents than if it is
// asked for each.
type Bounder interface {
	// Bounds adds to each of the sums at least what Bound says of its document, less less.
	Bounds(docs []uint32, sums []float32, less float32)
}

// Found is what a search has found.
type Found struct {
	Docs    []uint32 // the candidates, each once; sooner the best are met, sooner others are left out
	More    int      // others, of which is known that they are not among the best
	Unknown float32  // share of the question's weight that is in words nobody has used
	Near    float32  // how much of the pieces of these words, or of all in code, the best document has
	Meant   float32  // points of meaning from which a document is near by any measure, not only nearer than others; 0: not known
	Capped  bool     // for some of the question, not everything was looked at that has it
}

// State says what became of an arm.
type State string

// The states.
const (
	Ran     State = "ran"
	Partial State = "partial" // time was over before it had looked at everything
	Skipped State = "skipped"
)

// Deadline is why an arm was skipped or cut short whose time was over.
const Deadline = "deadline"

// Report is what became of an arm in one answer.
type Report struct {
	Arm   string
	State State
	Why   string // of what is not Ran
	Docs  int    // candidates
	// Failed reports whether the arm had something to look for, and did not, or not to
	// the end.
	Failed bool
}

// Part is one of the things that a score is the sum of.
type Part uint8

// The parts.
const (
	Words   Part = iota // a document's own words and those around it, the speaker's factor with it; 0 to 1.25
	Session             // how well the whole conversation fits
	Date
	Tells // it is no question itself
	Type  // it has the kind of thing that the question asks for
	Pieces
	Boost   // priority
	Meaning // vectors
	parts
)

// String is the name of the part in answers.
func (p Part) String() string {
	return [parts]string{"words", "session", "date", "tells", "type", "pieces", "priority", "meaning"}[p]
}

// Parts are what a score is the sum of.
type Parts [parts]float32

// sum is rounded: what differs by less is one score, and the order does not hang
// on the order in which two members have added up.
func (p *Parts) sum() float32 {
	s := 0.0
	for _, v := range p {
		s += float64(v)
	}
	return rounded(s)
}

// rounded is p as answers show it: see [Parts.sum].
func (p Parts) rounded() Parts {
	for i, v := range p {
		p[i] = rounded(float64(v))
	}
	return p
}

// bears reports whether anything but its surroundings speaks for the document.
func (p *Parts) bears() bool {
	return p[Words] != 0 || p[Date] != 0 || p[Pieces] != 0 || p[Meaning] != 0
}
