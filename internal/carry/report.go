package carry

import (
	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

// Report says what became of an import.
type Report struct {
	Read       int `json:"read"`
	Written    int `json:"written"` // created or edited
	Updated    int `json:"updated"` // of those: edited
	Unchanged  int `json:"unchanged"`
	Pending    int `json:"pending"` // wait for approval
	Skipped    int `json:"skipped"` // archived memories of an export
	Failed     int `json:"failed"`
	Unreadable int `json:"unreadable,omitempty"` // of those that failed: the source cannot be read there
	Links      int `json:"links"`                // drawn
	// LinksUnchanged counts the links that were there.
	LinksUnchanged int            `json:"links_unchanged,omitempty"`
	Standards      int            `json:"standards,omitempty"` // set
	Archived       int            `json:"archived,omitempty"`  // of those written: put into the archive
	Retried        int            `json:"retried"`             // attempts that had to be repeated
	Durability     map[string]int `json:"durability"`          // receipts, by how far they reached in time
	Short          int            `json:"short,omitempty"`     // of those written: fewer members hold them than was asked for
	Seconds        float64        `json:"seconds"`
	Lost           Losses         `json:"lost,omitempty"` // by reason: what could not be carried over

	Asked bool `json:"-"` // whether a node was, which only a dry run can do without
}

func (r *Report) receipt(receipt *client.Receipt) {
	if receipt != nil {
		r.Durability[receipt.Durability]++
	}
}

// Lost counts what could not be carried over for one reason.
type Lost struct {
	Count    int      `json:"count"`
	Examples []string `json:"examples"` // the first few
}

const maxExamples = 3

// Losses are by reason.
type Losses map[string]*Lost

func (l Losses) add(where string, x *importer.Loss) {
	of := l[x.Reason]
	if of == nil {
		of = &Lost{Examples: []string{}}
		l[x.Reason] = of
	}
	if of.Count++; len(of.Examples) < maxExamples {
		if x.Detail != "" {
			where += ": " + x.Detail
		}
		of.Examples = append(of.Examples, where)
	}
}

func (r *run) lose(where, reason, detail string) {
	r.count(func(t *Report) {
		if t.Lost == nil {
			t.Lost = Losses{}
		}
		t.Lost.add(where, &importer.Loss{Reason: reason, Detail: detail})
	})
}
