package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
	"github.com/tallystick/tallystick/internal/dump"
)

// importComplete hands a complete export to one node. A file is read through
// once before, so that one that is cut off or damaged changes nothing.
func (a *app) importComplete(ctx context.Context, name string, src *importer.Source, server string, dryRun bool) error {
	c, err := a.connectTo(server)
	if err != nil {
		return err
	}
	if c, err = a.operate(ctx, c); err != nil {
		return err
	}
	a.leaves(nothingWritten)
	if src.Again() {
		if err := verified(src); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	in, err := src.Reader()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	a.leaves("a part of the export may be there, and it is not equal to its source: run it again, and what is there is passed over")
	if dryRun {
		a.leaves(nothingWritten)
	}
	p := newProgress(a.err, "bytes sent")
	out, err := c.Load(ctx, &readSoFar{r: in, p: p}, dryRun)
	p.done()
	if err != nil {
		return err
	}
	if err := a.showLoaded(out); err != nil {
		return err
	}
	if out.Refused > 0 || out.Deferred > 0 {
		return fmt.Errorf("import: %d of %d entries were not taken", out.Refused+out.Deferred, out.Entries)
	}
	return nil
}

// nothingWritten is what to know of a command that was only reading.
const nothingWritten = "nothing was written: run it again"

// readSoFar shows how far reading has got.
type readSoFar struct {
	r io.Reader
	p *progress
	n int
}

func (c *readSoFar) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	c.p.at(c.n, 0)
	return n, err
}

func (a *app) showLoaded(l *client.Loaded) error {
	return a.show(l, func(w io.Writer) error {
		kinds := make([]string, 0, len(l.Counts))
		for _, k := range slices.Sorted(maps.Keys(l.Counts)) {
			kinds = append(kinds, fmt.Sprintf("%d %s", l.Counts[k], k))
		}
		applied := "applied"
		if l.DryRun {
			applied = "would be applied"
		}
		rows := [][]string{
			{"exported by", l.From},
			{"entries", fmt.Sprintf("%d (%s)", l.Entries, strings.Join(kinds, ", "))},
			{applied, decimal(l.Applied)},
			{"held already", decimal(l.Known)},
		}
		if n := l.Refused + l.Deferred; n > 0 {
			rows = append(rows, []string{"not taken", decimal(n)})
		}
		for _, r := range l.Refusals {
			rows = append(rows, []string{"", r.Dot + " " + r.Code + ": " + r.Text})
		}
		rows = append(rows, []string{"digest", verdictOf(l)})
		return table(w, nil, rows)
	})
}

func verdictOf(l *client.Loaded) string {
	switch {
	case l.Equal:
		return l.Digest + ", that of the export"
	case l.DryRun:
		return "the entries add up to " + l.Expected + "; nothing was written"
	}
	return l.Digest + "; that of the export is " + l.Expected + ": the node holds other things besides, or not all of it"
}

// verified reads a complete export and checks that it is as it was written.
func verified(src *importer.Source) error {
	in, err := src.Reader()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	r := dump.NewReader(in)
	m, err := r.Manifest()
	if err != nil {
		return err
	}
	for _, err := range r.Lines(m.Entries) {
		if err != nil {
			return err
		}
	}
	return nil
}
