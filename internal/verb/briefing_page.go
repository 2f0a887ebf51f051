package verb

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

// page is a briefing in the making. What does not fit is left out by its title,
// and shorter pieces behind it still have a chance.
type page struct {
	client.Briefing

	b    strings.Builder
	room int             // bytes
	seen map[string]bool // ids that need not be shown again
}

func newPage(ns string, tokens int) *page {
	return &page{
		Briefing: client.Briefing{Namespace: ns, LeftOut: []string{}, Items: []client.BriefingItem{}},
		room:     4 * tokens, seen: map[string]bool{},
	}
}

// add takes a piece in, if there is room for it.
func (p *page) add(title, text string) bool {
	if len(text)+1 > p.room {
		p.LeftOut = append(p.LeftOut, oneLine(title))
		return false
	}
	p.room -= len(text) + 1
	p.b.WriteString(text)
	p.b.WriteByte('\n')
	return true
}

// show adds a memory, once.
func (p *page) show(rec *memory.Record, why, text string) {
	if !p.seen[rec.ID] {
		p.seen[rec.ID] = true
		p.again(rec, why, text)
	}
}

// again adds a memory that may be shown for another reason, too.
func (p *page) again(rec *memory.Record, why, text string) {
	if p.add(rec.Title, text) {
		p.Items = append(p.Items, client.BriefingItem{ID: rec.ID, Version: rec.Version, Why: why})
	}
}

func (p *page) finish() {
	p.Text = strings.TrimSuffix(p.b.String(), "\n")
	p.Tokens = (len(p.Text) + 3) / 4
}

// line is a memory as an item of a list.
func line(rec *memory.Record) string {
	return fmt.Sprintf("- %s: %s [%s]", oneLine(rec.Title), indented(rec.Memory.Content), rec.ID)
}

// indented moves all lines but the first to the right, so that none of a memory
// looks like one of the briefing.
func indented(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\n", "\n  "), "\n  \n", "\n\n")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
