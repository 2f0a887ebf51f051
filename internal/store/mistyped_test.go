package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// linked is a node of which another holds what it does.
func linked(t *testing.T) pair {
	t.Helper()
	other, n := suite().Open(t, "b", t.TempDir()), suite().Open(t, "a", t.TempDir())
	for i := range 4 {
		op := storetest.Create(fmt.Sprint("title-of-", i), fmt.Sprint("text ", i))
		op.Memory.ID = fmt.Sprint("m", i)
		n.Put(op)
	}
	n.Put(&memory.Link{Source: "m0", Target: "m1", Relation: memory.Supersedes, CreatedAt: 1})
	n.Put(&memory.Link{Source: "m1", Target: "m2", Relation: "related_to", CreatedAt: 1})
	n.Put(&memory.Archive{ID: "m3", Reason: "archive"}, &memory.Restore{ID: "m3"})
	other.Feed(n)
	return stopped(n, other)
}

// mistyped are two such nodes; of the first a value of a row has another type than its
// column: the head of a row says that, and one bit of it is enough.
func (p pair) mistyped(t *testing.T, statement string) (other, n *storetest.Node) {
	t.Helper()
	return p.damaged(t, false, func(dir string) { execute(t, dir, "PRAGMA ignore_check_constraints = ON; "+statement) })
}

// goesOn checks that a node whose rows are damaged serves and takes what it can.
func goesOn(t *testing.T, n *storetest.Node) {
	t.Helper()
	// The first to meet the damage may be told to try again, and then it is looked after.
	for what, read := range map[string]func() error{
		"a list": func() error {
			_, _, err := n.List(t.Context(), memory.Filter{Now: memory.InstantOf(time.Now())}, memory.ByPriority, 9, 0, "")
			return err
		},
		"links":      func() error { _, err := n.Links(t.Context(), "m1"); return err },
		"the events": func() error { _, err := n.Events(t.Context(), 0, 99); return err },
		"history":    func() error { _, err := n.History(t.Context(), "m0"); return err },
		"a lane": func() error {
			_, _, err := n.Range(t.Context(), memory.Range{Origin: n.Origin(), From: 1, To: 99}, 99, 1<<20)
			if errors.Is(err, memory.ErrTruncated) {
				err = nil
			}
			return err
		},
		"a snapshot": func() error {
			_, err := n.Snapshot(t.Context(), func([]memory.Shipment) error { return nil })
			return err
		},
		"a comparison": func() error { _, _, err := n.BucketSums(t.Context()); return err },
	} {
		var err error
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			if err = read(); err == nil {
				break
			}
			if !errors.Is(err, memory.ErrBroken) && !errors.Is(err, memory.ErrDamaged) {
				break
			}
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	op := storetest.Create("later", "text")
	op.Memory.ID = "later"
	n.Put(op)
}

func TestValuesOfAnotherTypeAreMended(t *testing.T) {
	t.Parallel()
	made := linked(t)
	const entry, link, register = `(SELECT min(lsn) + 1 FROM log)`, `(SELECT lsn FROM registers WHERE a = 'm1' AND b = 'm2')`, `(SELECT rid FROM registers WHERE a = 'm1' AND b = 'm2')`
	for name, of := range map[string]struct {
		table, where   string
		columns, value []string
	}{
		"an entry of a memory": {"log", "lsn = " + entry, []string{"origin", "seq", "kind", "state", "seen", "record", "older"}, []string{`'x'`, `x'00'`, `1.5`}},
		"an entry of a link":   {"log", "lsn = " + link, []string{"origin", "seq", "kind", "state", "seen", "record", "older"}, []string{`'x'`}},
		"the bytes of one":     {"log", "lsn = " + entry, []string{"digest", "raw"}, []string{`CAST(%s AS TEXT)`}},
		"all but the bytes":    {"log", "lsn = " + entry, []string{"origin = 'x', seq = x'01', kind = 'x', state = 'x', seen = 'x', record = x'', older"}, []string{`'x'`}},
		"a register":           {"registers", "rid = " + register, []string{"family", "kind", "lsn", "stamp", "origin", "seq"}, []string{`'x'`, `x'00'`, `1.5`}},
		"the key of one":       {"registers", "rid = " + register, []string{"a", "b", "c"}, []string{`CAST(%s AS BLOB)`, `x'ff00'`}},
		"all of a register":    {"registers", "rid = " + register, []string{"family = 'x', a = x'00', b = x'00', c = x'', kind = 'x', lsn = 'x', stamp = x'', origin = 1.5, seq"}, []string{`'x'`}},
	} {
		for _, column := range of.columns {
			for _, value := range of.value {
				if value[0] == 'C' {
					value = fmt.Sprintf(value, column)
				}
				t.Run(fmt.Sprintf("%s/%.12s=%s", name, column, value), func(t *testing.T) {
					t.Parallel()
					other, n := made.mistyped(t, `UPDATE `+of.table+` SET `+column+` = `+value+` WHERE `+of.where)
					goesOn(t, n)
					out, err := n.Scrub(t.Context(), 0, time.Hour)
					if err != nil || !out.Done || out.Damaged > 0 {
						t.Fatalf("%+v, %v", out, err)
					}
					if links, err := n.Links(t.Context(), "m1"); err != nil || len(links) != 2 {
						t.Errorf("links: %v, %v", links, err)
					}
					if rec, err := n.Record(t.Context(), "m1"); err != nil || rec.Memory.Content != "text 1" {
						t.Errorf("a memory: %+v, %v", rec, err)
					}
					n.CheckState(nil)
					if other.Feed(n); other.View().Root != n.View().Root {
						t.Errorf("the state is %s, want %s", n.View().Root, other.View().Root)
					}
				})
			}
		}
	}
}

// What cannot be read from the row any more is listed, and a member has it.
func TestValuesOfAnotherTypeComeFromMembers(t *testing.T) {
	t.Parallel()
	made := linked(t)
	for name, set := range map[string]string{
		"the bytes":           `raw = 5`,
		"no bytes":            `raw = 'x'`,
		"all":                 `origin = 'x', seq = 'x', kind = 'x', state = 'x', seen = 'x', record = 'x', older = 'x', digest = 'x', raw = 'x'`,
		"the bytes, and who":  `raw = 'x', origin = x'00'`,
		"the bytes, and what": `raw = 'x', digest = 5`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other, n := made.mistyped(t, `UPDATE log SET `+set+` WHERE lsn = (SELECT min(lsn) + 1 FROM log)`)
			goesOn(t, n)
			if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || !out.Done || out.Damaged != 1 {
				t.Fatalf("%+v, %v", out, err)
			}
			damage, err := n.Damage(t.Context(), 9)
			if err != nil || len(damage.Dots) != 1 || damage.Dots[0].Seq != 2 {
				t.Fatalf("%+v, %v", damage, err)
			}
			ops, err := other.ByDot(t.Context(), damage.Dots)
			if err != nil || len(ops) != 1 {
				t.Fatalf("%v, %v", ops, err)
			}
			if _, err := n.Reapply(t.Context(), ops); err != nil {
				t.Fatal(err)
			}
			if rec, err := n.Record(t.Context(), "m1"); err != nil || rec.Memory.Content != "text 1" {
				t.Errorf("a memory: %+v, %v", rec, err)
			}
			n.CheckState(nil)
			if other.Feed(n); other.View().Root != n.View().Root {
				t.Errorf("the state is %s, want %s", n.View().Root, other.View().Root)
			}
		})
	}
}

// An erase goes from one revision of a memory to the one before, and finds the damaged ones
// by their memory. Both are of the row, and not of its bytes: what was made anew must have
// them, or a text survives.
func TestAnEraseFindsWhatIsBehindARowThatWasMadeAnew(t *testing.T) {
	for name, set := range map[string]string{
		"a row without bytes":                `kind = 'x', raw = x'00'`,
		"a row with others":                  `seen = 'x', raw = substr(raw, 1, length(raw) - 1) || x'ff'`,
		"a whole row that names no memory":   `record = 'x'`,
		"one that also names no predecessor": `record = x'00', older = 'x'`,
		"a damaged row that names no memory": `record = 'x', raw = substr(raw, 1, length(raw) - 1) || x'ff'`,
	} {
		for _, revision := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s/%d", name, revision), func(t *testing.T) {
				dir := t.TempDir()
				n := suite().Open(t, "a", dir)
				op := storetest.Create("one", "text-of-revision-1")
				last := n.Put(op)[0]
				for i := 2; i <= 3; i++ {
					m := op.Memory
					m.Content, m.Version = fmt.Sprint("text-of-revision-", i), int64(i)
					last = n.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{last.Dot}}}}).Entries[0]
				}
				n.Stop()
				execute(t, dir, fmt.Sprintf(`PRAGMA ignore_check_constraints = ON; UPDATE log SET %s WHERE seq = %d`, set, revision))
				n = suite().Open(t, "a", dir)
				if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || !out.Done {
					t.Fatalf("%+v, %v", out, err)
				}
				n.Put(&memory.Erase{ID: op.Memory.ID})
				n.Stop()
				raw, err := os.ReadFile(filepath.Join(dir, store.FileName))
				if err != nil {
					t.Fatal(err)
				}
				for i := range 3 {
					if text := fmt.Sprint("text-of-revision-", i+1); bytes.Contains(raw, []byte(text)) {
						t.Errorf("%q survives the erasure", text)
					}
				}
			})
		}
	}
}
