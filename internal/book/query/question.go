package query

import (
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

// RecallQuery is a question in words.
type RecallQuery struct {
	Text   string
	Filter memory.Filter
	Limit  int  // 1 to 50; 0 is 10
	All    bool // all words must occur (search); otherwise any (recall)

	// Deadline is when the answer is due, with what was found so far; zero is never.
	Deadline time.Time
	Fresh    Freshness
	// AsOf shows memories as they were then, as far as their versions are still known;
	// 0 is now.
	AsOf memory.Instant
	// AsOfLSN shows memories as this node had them when its log had come that far; 0 is
	// now. It goes before AsOf.
	AsOfLSN uint64
	// Unseen says that nobody is shown the answer: what it finds does not count as read.
	Unseen bool
	WhyNot string // a memory of which the answer says why it is not among the hits; "": none
}

// Scored is a record with its rank value, higher is better.
type Scored struct {
	memory.Record
	Score float64
	Band  string // how far it may be relied upon: strong, likely, weak; "" for a search
	// SupersededBy are live memories that the viewer may see and that say that they
	// take its place.
	SupersededBy []string

	hit recall.Hit
}

// Points are what the score of a recall is the sum of, by name.
func (s *Scored) Points() map[string]float64 { return s.hit.Points() }

// Recalled is an answer to a RecallQuery.
type Recalled struct {
	Hits []Scored
	// IndexLag counts entries that are stored and not yet in the text index.
	IndexLag int
	Found    int     // memories that have something of what was asked
	Unknown  float64 // share of the question that is in words nobody has used
	Late     bool    // the deadline came before everything was compared
	Abstain  bool    // none of the hits is worth telling
	Arms     []recall.Report
	WhyNot   *WhyNot  // of the memory that was asked for
	Left     []string // memories whose text of the time that was asked for is not known
	Stale    string   // why the answer need not know what it was asked to know; "": it does
}

// Freshness is what an answer must at least know. The zero value is what this node
// has, and its index within a moment.
type Freshness struct {
	Write  memory.Dot // this write
	Quorum bool       // what has been acknowledged to anybody
}

// WhyNot says why a memory is not among the hits of a recall.
type WhyNot struct {
	ID     string
	Reason string
	Fields []string           // conditions of the question that it does not fulfil
	Place  int                // where it would come, from 1; 0: nowhere
	Score  float64            // what it has
	Last   float64            // what the last hit has
	Points map[string]float64 // of its score
}

// Why a memory is not among the hits.
const (
	WhyHit      = "it is among the hits"
	WhyUnknown  = "there is no such memory for this caller"
	WhyNotLive  = "it is not live: archived, expired or deleted"
	WhyFiltered = "the question leaves it out by its conditions"
	WhyIndex    = "the index does not have it yet"
	WhyNothing  = "nothing of what was asked is in it, or near it in its session"
	WhyLower    = "others fit better, and only so many were asked for"
)
