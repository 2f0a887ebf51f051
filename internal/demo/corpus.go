package demo

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

// Drafts reads a corpus and repeats it in further namespaces until there is enough to
// write. There are none if it has no text.
func Drafts(corpus iter.Seq2[importer.Item, error]) ([]client.Draft, error) {
	var base []client.Draft
	seen := map[[2]string]bool{}
	for item, err := range corpus {
		if _, bad := errors.AsType[*importer.ItemError](err); bad {
			continue
		}
		if err != nil {
			return nil, err
		}
		d := item.Draft
		name := [2]string{d.Namespace, d.Title}
		if item.Link != nil || item.Standard != nil || item.Loss != nil || item.Archived || seen[name] {
			continue
		}
		seen[name] = true
		d.ID, d.OnConflict = "", "merge"
		d.ExpiresAt, d.TTL = nil, 0
		if base = append(base, d); len(base) == most {
			break
		}
	}
	var out []client.Draft
	for round := 1; len(base) > 0 && len(out) < atLeast; round++ {
		for _, d := range base {
			d.Namespace = strings.TrimSuffix(fmt.Sprintf("demo/%d/%s", round, strings.ReplaceAll(d.Namespace, "/", "-")), "/")
			out = append(out, d)
		}
	}
	return out, nil
}
