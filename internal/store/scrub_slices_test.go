package store_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// There are more registers than one transaction looks at: who writes need not wait for all
// of them, and all are set right.
func TestRegistersAreSetRightSliceBySlice(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	one, two := storetest.Create("one", "text"), storetest.Create("two", "text")
	n.Put(one, two)
	for i := range 13 {
		var links []memory.Op
		for j := range 100 {
			links = append(links, &memory.Link{Source: one.Memory.ID, Target: two.Memory.ID, Relation: "r" + strconv.Itoa(100*i+j)})
		}
		n.Put(links...)
	}
	want := n.View().Root
	for _, rid := range []string{"(SELECT min(rid) FROM registers)", "(SELECT min(rid) + 700 FROM registers)", "(SELECT max(rid) FROM registers)"} {
		execute(t, n.Dir(), `UPDATE registers SET stamp = stamp + 1 WHERE rid = `+rid)
	}
	if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || !out.Done {
		t.Fatalf("%+v, %v", out, err)
	}
	if got := n.View().Root; got != want {
		t.Errorf("the state is %s, want %s", got, want)
	}
}

// A row of a register that is lost, or that has fallen behind, follows from the log again.
func TestALostRegisterIsFoundInTheLog(t *testing.T) {
	for name, damage := range map[string]string{
		"the row is lost":        `DELETE FROM registers WHERE a = '%s'`,
		"all rows are lost":      `DELETE FROM registers`,
		"it names what was once": `UPDATE registers SET (kind, lsn, stamp, origin, seq) = (SELECT l.kind, l.lsn, 1, l.origin, l.seq FROM log l WHERE l.kind = 6 ORDER BY l.lsn LIMIT 1) WHERE a = '%s'`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			n := suite().Open(t, "a", dir)
			one, two := storetest.Create("one", "text"), storetest.Create("two", "text")
			link := &memory.Link{Source: one.Memory.ID, Target: two.Memory.ID, Relation: "related_to", CreatedAt: 1}
			n.Put(one, two, link, &memory.Link{Source: link.Source, Target: link.Target, Relation: link.Relation, CreatedAt: 2})
			want := n.View().Root
			n.Stop()
			execute(t, dir, strings.ReplaceAll(damage, "%s", one.Memory.ID))
			n = suite().Open(t, "a", dir)
			if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || !out.Done {
				t.Fatalf("%+v, %v", out, err)
			}
			if links, err := n.Links(t.Context(), one.Memory.ID); err != nil || len(links) != 1 {
				t.Errorf("links: %v, %v", links, err)
			}
			if got := n.View().Root; got != want {
				t.Errorf("the state is %s, want %s", got, want)
			}
			n.CheckState(nil)
		})
	}
}
