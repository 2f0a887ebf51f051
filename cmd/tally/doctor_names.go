package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/recall/fold"
)

// namesake is a memory by its name.
type namesake struct{ namespace, title, id string }

// checkNames says which memories have names that look alike and are not the same:
// they were written before names were composed as they came in, or with other forms of
// the same letters. Nothing but their reader knows which of them should stay.
func (d *checkup) checkNames(ctx context.Context) error {
	c, err := d.app.connect(ctx)
	if err != nil {
		return err
	}
	alike := map[string][]namesake{}
	spaces := map[string]map[string]bool{}
	for s := (client.Selection{Order: "id", Limit: 1000}); ; {
		page, err := c.List(ctx, s)
		if err != nil {
			d.find("names", client.FindingFail, err.Error(), d.app.hint(err))
			return nil
		}
		for i := range page.Memories {
			m := &page.Memories[i]
			space := fold.Name(m.Namespace)
			if spaces[space] == nil {
				spaces[space] = map[string]bool{}
			}
			spaces[space][m.Namespace] = true
			key := space + "\x00" + fold.Name(m.Title)
			alike[key] = append(alike[key], namesake{m.Namespace, m.Title, m.ID})
		}
		if s.Cursor = page.Next; s.Cursor == "" {
			break
		}
	}
	d.judgeNames(alike, spaces)
	return nil
}

// judgeNames reports names of one look that are spelled in several ways.
func (d *checkup) judgeNames(alike map[string][]namesake, spaces map[string]map[string]bool) {
	found := false
	for _, key := range slices.Sorted(maps.Keys(spaces)) {
		if n := len(spaces[key]); n > 1 {
			found = true
			d.find("names", client.FindingWarn, fmt.Sprintf("namespace %s is spelled in %d ways", shellQuoted(key), n),
				"move what is in the others: tally update ID --namespace "+shellQuoted(key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(alike)) {
		list := alike[key]
		if !slices.ContainsFunc(list, func(m namesake) bool { return m.title != list[0].title || m.namespace != list[0].namespace }) {
			continue // of one name are also private ones of several owners
		}
		found = true
		ids := make([]string, len(list))
		for i, m := range list {
			ids[i] = m.id
		}
		_, title, _ := strings.Cut(key, "\x00")
		d.find("names", client.FindingWarn, fmt.Sprintf("%s look alike, as %s: %s", count(len(list), "memory"), shellQuoted(title), strings.Join(ids, ", ")),
			"read them, put into one what should stay (tally update), and archive the rest (tally archive), on one node")
	}
	if !found {
		d.find("names", client.FindingOK, "none is spelled in two ways", "")
	}
}
