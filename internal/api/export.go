package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/pace"
	"github.com/tallystick/tallystick/internal/verb"
)

// exporter is the API as far as it writes the memories of a filter.
type exporter struct{ *API }

// exportJSON writes the live memories, and then the links between them.
func (a exporter) exportJSON(q *request, f memory.Filter, left *memory.Omissions) error {
	s := a.openStream(q, "application/json")
	f.Life = memory.Live
	list := pieces{s: s}
	s.line(`{"memories":[`)
	if err := a.eachRecord(q, s, f, func(r *memory.Record) error { return list.add(verb.ShowMemory(r)) }); err != nil {
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
	s.line(`],"count":` + strconv.Itoa(count) + `,"exported_at":"` + memory.InstantOf(a.cfg.Now()).String() + `"`)
	if names, _ := left.Names(); len(names) > 0 {
		s.line(`,"damaged":`)
		list = pieces{s: s}
		if err := list.add(names); err != nil {
			return err
		}
	}
	s.line("}\n")
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

// export streams what the caller may see, or with ?all=true what there is: live
// memories with the links that leave them, then archived memories, each by id.
func (a *API) export(q *request) (reply, error) {
	in, err := input[client.ExportInput](q)
	if err != nil {
		return reply{}, err
	}
	format := in.Format
	if format == "" && strings.Contains(q.Header.Get("Accept"), mediaLines) {
		format = formatLines
	}
	if format == completeWord {
		return a.exportComplete(q, in.AfterLSN)
	}
	if in.AfterLSN > 0 {
		return reply{}, verb.BadField("after_lsn", "after_lsn: only with format=complete")
	}
	f, err := verb.FilterOf(q.agent, memory.InstantOf(a.cfg.Now()), &in.Filter)
	if err != nil {
		return reply{}, err
	}
	if f.All = in.All; f.All {
		if err := q.wantOperator("all=true"); err != nil {
			return reply{}, err
		}
		tellExported(a, q, "all")
	}
	write := exporter{a}.exportJSON
	if format == formatLines {
		write = exporter{a}.exportLines
	}
	// What is damaged here is left out, and the end says so: the rest can be saved.
	ctx, left := memory.WithOmissions(q.Context())
	q.Request = q.WithContext(ctx)
	if err := write(q, f, left); err != nil {
		if !errors.Is(err, errGone) {
			a.log.ErrorContext(q.Context(), "export broke off", "err", err)
		}
		// The status is sent: only breaking the connection tells the client.
		panic(http.ErrAbortHandler)
	}
	return reply{sent: true}, nil
}

// Formats of an export.
const (
	formatJSON  = "json"   // one object, that of ai-memory: the default
	formatLines = "ndjson" // a line for each memory and link
)

func (a exporter) exportLines(q *request, f memory.Filter, left *memory.Omissions) error {
	s := a.openStream(q, mediaLines)
	enc := json.NewEncoder(s.w)
	enc.SetEscapeHTML(false)
	for _, life := range []memory.Life{memory.Live, memory.Archived} {
		f.Life = life
		if err := a.eachRecord(q, s, f, func(r *memory.Record) error { return a.exportOne(q, enc, r, f) }); err != nil {
			return err
		}
	}
	names, _ := left.Names()
	for _, name := range names {
		if err := enc.Encode(client.ExportedDamage{Type: "damaged", ID: name}); err != nil {
			return errGone
		}
	}
	return s.flush()
}

// eachRecord hands over what f selects, by id, and flushes now and then.
func (a exporter) eachRecord(q *request, s *stream, f memory.Filter, do func(*memory.Record) error) error {
	page := query.Page{Limit: exportPage, Order: memory.ByID}
	for {
		recs, next, err := a.books.Query.List(q.Context(), f, page)
		if err != nil {
			return err
		}
		if err := exportPageOf(q, s, recs, do); err != nil || next == "" {
			return err
		}
		page.Cursor = next
	}
}

// exportPage is how many records are in memory at once for an export.
const exportPage = 200

func exportPageOf(q *request, s *stream, recs []memory.Record, do func(*memory.Record) error) error {
	size := 0
	for i := range recs {
		size += len(recs[i].Memory.Content)
	}
	defer pace.Hold(q.Context(), size)()
	for i := range recs {
		if err := do(&recs[i]); err != nil {
			return err
		}
	}
	return s.flush()
}

func (a exporter) exportOne(q *request, enc *json.Encoder, r *memory.Record, f memory.Filter) error {
	line := client.ExportedMemory{Type: "memory", Memory: verb.ShowMemory(r), State: f.Life.String()}
	if f.Life == memory.Archived {
		_, line.ArchiveReason = r.Stands(f.Now)
		line.ArchivedAt = client.TimeOf(r.ArchivedAt().Time())
	}
	if err := enc.Encode(line); err != nil {
		return errGone
	}
	if f.Life != memory.Live {
		return nil
	}
	links, err := a.linksFrom(q, r, f)
	if err != nil {
		return err
	}
	for _, v := range links {
		if err := enc.Encode(client.ExportedLink{Type: "link", Link: v}); err != nil {
			return errGone
		}
	}
	return nil
}

// linksFrom are the links that leave a live memory: those that come to it are
// with their sources.
func (a exporter) linksFrom(q *request, r *memory.Record, f memory.Filter) ([]client.Link, error) {
	agent := q.agent
	if f.All {
		agent = r.Access().Owner
	}
	links, err := a.books.Graph.LinksOf(q.Context(), agent, r.ID)
	return slices.DeleteFunc(verb.ShowLinks(links), func(v client.Link) bool { return v.Source != r.ID }), err
}
