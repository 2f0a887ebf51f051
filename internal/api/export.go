package api

import (
	"encoding/json"
	"strconv"

	"github.com/tallystick/tallystick/internal/memory"
)

// exportedView is an export in the form of ai-memory, which [API.importAll] takes
// in again, 1,000 memories at a time. It is written piece by piece.
type exportedView struct {
	Memories   []memoryView   `json:"memories"`
	Links      []linkView     `json:"links"`
	Count      int            `json:"count"`
	ExportedAt memory.Instant `json:"exported_at"`
}

// exportJSON writes the live memories, and then the links between them.
func (a *API) exportJSON(q *request, f memory.Filter) error {
	s := a.openStream(q, "application/json")
	f.Life = memory.Live
	list := pieces{s: s}
	s.line(`{"memories":[`)
	if err := a.eachRecord(q, s, f, func(r *memory.Record) error { return list.add(viewOf(r)) }); err != nil {
		return err
	}
	count := list.n
	s.line(`],"links":[`)
	list = pieces{s: s}
	err := a.eachRecord(q, s, f, func(r *memory.Record) error {
		links, err := a.linksFrom(q, r, f)
		for i := range links {
			if err == nil {
				err = list.add(links[i])
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	s.line(`],"count":` + strconv.Itoa(count) + `,"exported_at":"` + memory.InstantOf(a.cfg.Now()).String() + "\"}\n")
	return s.flush()
}

// pieces are the elements of an array that is on its way out.
type pieces struct {
	s *stream
	n int
}

func (p *pieces) add(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if p.n > 0 {
		p.s.line(",\n")
	}
	p.n++
	p.s.line(string(b))
	if p.s.err != nil {
		return errGone
	}
	return nil
}
