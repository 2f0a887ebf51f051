package demo

import (
	"errors"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/client"
)

// Result is what happened.
type Result struct {
	Writes      int            `json:"writes"`
	PerSecond   float64        `json:"writes_per_second"`
	Receipts    map[string]int `json:"receipts"` // by durability reached in time
	Missed      int            `json:"missed_quorum"`
	Retried     int            `json:"retried"`
	Killed      string         `json:"killed"`
	KilledAfter int            `json:"killed_after_writes"`
	CaughtUp    float64        `json:"caught_up_seconds"` // digests equal, from the restart on
	ProvenEqual float64        `json:"proven_equal_seconds"`
	Nodes       []State        `json:"nodes"`
	Equal       bool           `json:"equal"`
	Accounted   int            `json:"accounted"` // acknowledged memories read back from every node
	Lost        []string       `json:"lost"`      // what was not, as "node id"
	Proven      string         `json:"proven"`    // the last write, as its receipt was checked
	SignedBy    []string       `json:"signed_by"` // the members that have signed that they hold it
	Enough      bool           `json:"enough"`    // as many as the writer waited for
	Question    string         `json:"question"`
	Namespace   string         `json:"namespace"` // that was asked in
	Hits        []client.Hit   `json:"hits"`
	AnsweredBy  string         `json:"answered_by"`

	Acknowledged int `json:"-"` // writes that were
	restarted    time.Time
}

// State is how a node was when all were looked at last.
type State struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Digest   string `json:"digest"`
	Memories int64  `json:"memories"`
}

func (r *Result) fill(w *writer) {
	r.Writes, r.Acknowledged = len(w.drafts), len(w.acks)
	r.PerSecond = float64(len(w.acks)) / w.took.Seconds()
	r.Receipts, r.Missed, r.Retried = w.receipts, w.missed, w.retried
	r.Killed, r.KilledAfter = w.down.Name, w.killedAfter
	r.restarted = time.Now()
	r.Lost = []string{}
}

// Verdict is nil only if everything held.
func (r *Result) Verdict() error {
	switch {
	case !r.Equal:
		return errors.New("the nodes did not become equal")
	case len(r.Lost) > 0 || r.Accounted != r.Writes:
		return fmt.Errorf("%d of %d acknowledged memories are not on every node", r.Writes-r.Accounted, r.Writes)
	case !r.Enough:
		return fmt.Errorf("the receipt of %s proves nothing: signed by %v", r.Proven, r.SignedBy)
	case len(r.Hits) == 0:
		return errors.New("recall found nothing")
	}
	return nil
}
