package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// pair are the directories of two nodes that are stopped. What is tried on them is tried on
// copies: to make them takes longer than most of what is tried.
type pair struct{ n, other string }

// stopped are the directories of a and of b, which hold something.
func stopped(n, other *storetest.Node) pair {
	n.Stop()
	other.Stop()
	return pair{n.Dir(), other.Dir()}
}

// copied is a pair of its own for a test.
func (p pair) copied(t *testing.T) pair {
	t.Helper()
	to := pair{t.TempDir(), t.TempDir()}
	copyDir(t, p.n, to.n)
	copyDir(t, p.other, to.other)
	return to
}

// damaged are two nodes that were started with what these held. Somebody has damaged what a
// has, while it was stopped or while it runs.
func (p pair) damaged(t *testing.T, runs bool, damage func(dir string)) (other, n *storetest.Node) {
	t.Helper()
	p = p.copied(t)
	if !runs {
		damage(p.n)
	}
	other, n = suite().Open(t, "b", p.other), suite().Open(t, "a", p.n)
	if runs {
		damage(p.n)
	}
	return other, n
}

// keeping is a node with a row of its own in each of the tables that nothing points to: an
// entry of b that it has refused, one of its own that a member has, a cursor, and how far
// the events of a subscription have got.
func keeping(t *testing.T) (p pair, refused memory.Dot) {
	t.Helper()
	other, n := suite().Open(t, "b", t.TempDir()), suite().Open(t, "a", t.TempDir())
	for i := range 4 {
		n.Put(storetest.Create(fmt.Sprint("ours ", i), "text"))
		other.Put(storetest.Create(fmt.Sprint("theirs ", i), "text"))
	}
	other.Feed(n)
	ops, _, err := other.Range(t.Context(), memory.Range{Origin: other.Origin(), From: 1, To: 4}, 9, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	in, _ := memory.Open(suite().Codec.Decode, ops)
	refused = in[2].Entry.Dot
	in[2].Refused = fmt.Errorf("not here: %w", memory.ErrForbidden)
	if out, err := n.Store.Take(t.Context(), in, false); err != nil || len(out.Refused) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	d := memory.Delivery{ID: "sub", Born: 1, LSN: 3}
	l := memory.DeadLetter{Subscription: "sub", LSN: 2, Event: "created", CorrelationID: "c", Body: []byte("{}")}
	own := memory.Parked{Refusal: memory.Refusal{Dot: memory.Dot{Origin: n.Origin(), Seq: 2}, Code: memory.CodeInvalid, Text: "no"}, Member: "b", Since: 1}
	_, gaveUp := n.GiveUp(t.Context(), l, d, 9)
	if err := errors.Join(n.SaveCursor(t.Context(), "b", n.Origin(), 4), n.Park(t.Context(), own), gaveUp); err != nil {
		t.Fatal(err)
	}
	return stopped(n, other), refused
}

// keepsOn checks that such a node goes on: nothing of it fails for good, it says of what it
// has refused that it has not got it, gives no number out twice, and becomes equal to the
// other when that has sent what it lacks.
func keepsOn(t *testing.T, other, n *storetest.Node, refused memory.Dot) {
	t.Helper()
	for what, read := range map[string]func() error{
		"refusals":     func() error { _, err := n.Parked(t.Context()); return err },
		"cursors":      func() error { _, err := n.Cursors(t.Context(), n.Origin()); return err },
		"deliveries":   func() error { _, err := n.Deliveries(t.Context()); return err },
		"dead letters": func() error { _, err := n.DeadLetters(t.Context(), "sub", false, 9); return err },
		"a snapshot": func() error {
			_, err := n.Snapshot(t.Context(), func([]memory.Shipment) error { return nil })
			return err
		},
	} {
		var err error
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			if err = read(); !errors.Is(err, memory.ErrBroken) {
				break
			}
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n.View().Heads.Holds(refused) {
		t.Errorf("it is said to hold %s, which was refused", refused)
	}
	if e := n.Put(storetest.Create("later", "text"))[0]; e.Dot != (memory.Dot{Origin: n.Origin(), Seq: 5}) {
		t.Errorf("the next number is %s, want 5", e.Dot)
	}
	if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || !out.Done || out.Damaged > 0 {
		t.Errorf("%+v, %v", out, err)
	}
	other.Feed(n)
	ops, _, err := other.Range(t.Context(), memory.Range{Origin: other.Origin(), From: 1, To: 4}, 9, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := n.Reapply(t.Context(), ops); err != nil || len(out.Refused) > 0 || !n.View().Heads.Holds(refused) {
		t.Errorf("the door takes it now: %+v, %v", out, err)
	}
	n.CheckState(nil)
	if n.View().Root != other.View().Root {
		t.Errorf("the state is %s, want %s; heads %+v, want %+v", n.View().Root, other.View().Root, n.View().Heads, other.View().Heads)
	}
}

func TestRowsThatNothingPointsToAreSetRight(t *testing.T) {
	t.Parallel()
	kept, refused := keeping(t)
	for name, of := range map[string]struct {
		table, where string
		columns      []string
	}{
		"this node's origin": {"origins", "name LIKE 'a.%'", []string{"name", "head", "chain"}},
		"another's":          {"origins", "name LIKE 'b.%'", []string{"name", "head", "chain"}},
		"what was refused":   {"parked", "member = 'a'", []string{"member", "origin", "seq", "code", "text", "since", "retry"}},
		"what a member has":  {"parked", "member = 'b'", []string{"member", "origin", "seq", "code", "text", "since", "retry"}},
		"a cursor":           {"cursors", "member = 'b'", []string{"member", "origin", "seq"}},
		"a subscription":     {"webhooks", "id = 'sub'", []string{"id", "born", "lsn", "attempts", "next", "delivered", "failed", "last_at", "last_error", "redelivery"}},
		"a dead letter":      {"webhook_dead", "subscription = 'sub'", []string{"subscription", "lsn", "event", "correlation", "attempts", "error", "first_at", "last_at", "queued", "body"}},
		"the sums":           {"buckets", "1 = 1", []string{"sums"}},
		"their changes":      {"node", "1 = 1", []string{"changes"}},
	} {
		for _, column := range of.columns {
			for _, value := range []string{`x'00ff'`, `'x'`} {
				if value == `'x'` && slices.Contains([]string{"name", "member", "origin", "id", "subscription"}, column) {
					continue // that is one
				}
				for when, runs := range map[string]bool{"stopped": false, "running": true} {
					t.Run(fmt.Sprintf("%s/%s=%s/%s", name, column, value, when), func(t *testing.T) {
						t.Parallel()
						other, n := kept.damaged(t, runs, func(dir string) {
							execute(t, dir, fmt.Sprintf(`UPDATE %s SET %s = %s WHERE %s`, of.table, column, value, of.where))
						})
						keepsOn(t, other, n, refused)
						n.Stop()
						root := other.View().Root
						if n = suite().Open(t, "a", n.Dir()); n.View().Root != root {
							t.Errorf("after another start the state is %s, want %s", n.View().Root, root)
						}
					})
				}
			}
		}
	}
}

// That an entry was refused is said in a row of its own. If that is lost, or another's, a pass
// over the log finds the entry: it is not held.
func TestARefusalThatIsLostIsListedAgain(t *testing.T) {
	t.Parallel()
	kept, refused := keeping(t)
	for name, damage := range map[string]string{
		"the row is lost":      `DELETE FROM parked WHERE member = 'a'`,
		"it is another node's": `UPDATE parked SET member = 'x' WHERE member = 'a'`,
		"of another entry":     `UPDATE parked SET seq = 4 WHERE member = 'a'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other, n := kept.damaged(t, false, func(dir string) { execute(t, dir, damage) })
			if out, err := n.Scrub(t.Context(), 0, time.Hour); err != nil || !out.Done {
				t.Fatalf("%+v, %v", out, err)
			}
			keepsOn(t, other, n, refused)
		})
	}
}

// Of an origin under which nothing is in the log nobody can tell the name. What this node
// numbers under it goes by another one.
func TestAnOriginWithoutEntriesGetsAnotherName(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	before := n.Origin()
	n.Stop()
	execute(t, n.Dir(), `UPDATE origins SET name = x'00ff'`)
	n = suite().Open(t, "a", n.Dir())
	if o := n.Origin(); o == before || o.Node() != "a" || o.Valid() != nil {
		t.Errorf("it numbers under %s after %s", o, before)
	}
	if e := n.Put(storetest.Create("later", "text"))[0]; e.Dot != (memory.Dot{Origin: n.Origin(), Seq: 1}) {
		t.Errorf("the next number is %s", e.Dot)
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(from, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, filepath.Base(name)), raw, 0o600)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}
