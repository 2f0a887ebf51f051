package book_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/graph"
	"github.com/tallystick/tallystick/internal/book/inbox"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// web makes memories named by letters, and links between them: "ab" is a link
// from a to b.
func (n *node) web(t *testing.T, c engine.Caller, links ...string) func(string) string {
	t.Helper()
	ids := map[string]string{}
	id := func(name string) string {
		if ids[name] == "" {
			ids[name] = n.create(t, c, in("web", draft(name))).ID
		}
		return ids[name]
	}
	for _, l := range links {
		ok(t)(n.Link(t.Context(), c, memory.Link{Source: id(l[:1]), Target: id(l[1:])}))
	}
	return id
}

func TestPathsAreFoundShortestFirstWhicheverWayLinksPoint(t *testing.T) {
	n := alone(t)
	id := n.web(t, nobody, "ab", "bc", "cd", "da", "be")
	name := map[string]string{}
	for _, letter := range []string{"a", "b", "c", "d", "e"} {
		name[id(letter)] = letter
	}
	find := func(from, to string, hops, limit int) []string {
		t.Helper()
		paths, _, err := n.Paths(t.Context(), "eve", id(from), id(to), hops, limit)
		if err != nil {
			t.Fatal(err)
		}
		out := []string{}
		for _, p := range paths {
			letters := make([]string, len(p))
			for i, x := range p {
				letters[i] = name[x]
			}
			out = append(out, strings.Join(letters, ""))
		}
		return out
	}
	for _, tt := range []struct {
		from, to    string
		hops, limit int
		want        []string
	}{
		{"a", "d", 0, 0, []string{"ad", "abcd"}},
		{"a", "d", 2, 0, []string{"ad"}},
		{"d", "a", 0, 1, []string{"da"}},
		{"e", "d", 0, 0, []string{"ebad", "ebcd"}},
		{"e", "d", 2, 0, []string{}},
		{"a", "a", 0, 0, []string{"a"}},
	} {
		got := find(tt.from, tt.to, tt.hops, tt.limit)
		if tt.from == "e" && len(got) == 2 && got[0] > got[1] { // ties are in the order of ids
			got[0], got[1] = got[1], got[0]
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s to %s in %d (-want +got):\n%s", tt.from, tt.to, tt.hops, diff)
		}
	}
}

func TestWalksStopAtWhatTheCallerMayNotSee(t *testing.T) {
	n := alone(t)
	id := n.web(t, alice, "ab", "bc")
	if got, err := n.Reach(t.Context(), "alice", graph.ReachQuery{Source: id("a"), Depth: 5}); err != nil || len(got) != 2 {
		t.Fatalf("alice reaches %d, %v", len(got), err)
	}
	for name, err := range map[string]error{
		"reach": second(n.Reach(t.Context(), "eve", graph.ReachQuery{Source: id("a")})),
		"paths": third(n.Paths(t.Context(), "eve", id("a"), id("c"), 0, 0)),
	} {
		if !errors.Is(err, memory.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	open := draft("open")
	open.Memory.Metadata = memory.Object(`{"scope":"collective"}`)
	start := n.create(t, alice, open).ID
	ok(t)(n.Link(t.Context(), alice, memory.Link{Source: start, Target: id("a")}))
	if got, err := n.Reach(t.Context(), "eve", graph.ReachQuery{Source: start, Depth: 5}); err != nil || len(got) != 0 {
		t.Errorf("eve reaches %d from what she may see, %v", len(got), err)
	}
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func TestAnInvalidatedLinkHoldsNoLonger(t *testing.T) {
	n := alone(t)
	id := n.web(t, alice, "ab")
	reach := func(at memory.Instant) int {
		t.Helper()
		got, err := n.Reach(t.Context(), "alice", graph.ReachQuery{Source: id("a"), At: at})
		if err != nil {
			t.Fatal(err)
		}
		return len(got)
	}
	before := n.now()
	n.clock.advance(time.Hour)
	out, was, err := n.Invalidate(t.Context(), keyed(alice, "k", "x"), id("a"), id("b"), memory.DefaultRelation, n.now())
	if ok(t)(out, err); was != 0 {
		t.Errorf("it held until %s before", was)
	}
	if reach(before) != 1 || reach(n.now()) != 0 || reach(0) != 1 {
		t.Errorf("before %d, now %d, ever %d", reach(before), reach(n.now()), reach(0))
	}
	again, _, err := n.Invalidate(t.Context(), keyed(alice, "k", "x"), id("a"), id("b"), memory.DefaultRelation, n.now())
	if ok(t)(again, err); again.Receipt.Dot != out.Receipt.Dot || !again.Replayed {
		t.Errorf("repeated: %+v", again.Receipt)
	}
	_, _, err = n.Invalidate(t.Context(), bob, id("a"), id("b"), memory.DefaultRelation, n.now())
	wantErr(t, err, memory.ErrNotFound) // bob does not see the ends
	_, _, err = n.Invalidate(t.Context(), alice, id("a"), id("b"), "supersedes", n.now())
	wantErr(t, err, memory.ErrNotFound)
}

func TestPurgeTakesWhatIsOldAndTheCallersOwn(t *testing.T) {
	n := alone(t)
	var ids []string
	for i := range 3 {
		id := n.create(t, alice, draft(title(i))).ID
		ok(t)(n.Archive(t.Context(), alice, id, ""))
		ids = append(ids, id)
	}
	theirs := n.create(t, bob, draft("bob's")).ID
	ok(t)(n.Archive(t.Context(), bob, theirs, ""))
	expiring := draft("expiring")
	expiring.TTL = time.Minute
	gone := n.create(t, alice, expiring).ID
	n.create(t, alice, draft("live"))
	purge := func(before memory.Instant, dry bool, want int) {
		t.Helper()
		as := alice
		as.DryRun = dry
		if got, _, err := n.Purge(t.Context(), as, before); err != nil || got != want {
			t.Errorf("purged %d, %v; want %d", got, err, want)
		}
	}
	purge(n.now()-memory.Instant(time.Hour), false, 0)
	n.clock.advance(time.Hour)
	purge(n.now(), true, 4)
	purge(n.now(), false, 4)
	purge(n.now(), false, 0)
	for _, id := range append(ids, gone) {
		if rec, err := n.store.Record(t.Context(), id); err != nil || rec.Life != memory.Deleted {
			t.Errorf("%s is %v, %v", id, rec.Life, err)
		}
	}
	if rec, err := n.store.Record(t.Context(), theirs); err != nil || rec.Life != memory.Archived {
		t.Errorf("bob's is %v, %v", rec.Life, err)
	}
}

func TestATurnIsCapturedOnce(t *testing.T) {
	n := alone(t)
	turn := inbox.Turn{Session: "s", Index: 3, Role: "user", Content: "hello"}
	out, id, dup, err := n.CaptureTurn(t.Context(), alice, turn)
	if ok(t)(out, err); dup {
		t.Fatal("new, and a duplicate")
	}
	same := func(c engine.Caller, want bool) string {
		t.Helper()
		_, again, dup, err := n.CaptureTurn(t.Context(), c, turn)
		if err != nil || dup != want {
			t.Errorf("duplicate %v, %v; want %v", dup, err, want)
		}
		return again
	}
	if same(alice, true) != id {
		t.Error("another id")
	}
	ok(t)(n.Delete(t.Context(), alice, id))
	same(alice, true) // what was deleted stays so
	if same(bob, false) == id {
		t.Error("bob's session of that name is alice's")
	}
	turn.Index++
	same(alice, false)
}

func TestOneEntityOfAName(t *testing.T) {
	n := alone(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, _, err := n.RegisterEntity(t.Context(), nobody, graph.Entity{Name: "Acme", Namespace: "ns", Aliases: []string{fmt.Sprintf("alias %d", i)}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		x, err := n.EntityByAlias(t.Context(), "eve", fmt.Sprintf("ALIAS %d", i), "")
		if err != nil || x.Name != "Acme" || len(x.Aliases) != 8 {
			t.Errorf("alias %d: %+v, %v", i, x, err)
		}
	}
	_, err := n.EntityByAlias(t.Context(), "eve", "alias 1", "elsewhere")
	wantErr(t, err, memory.ErrNotFound)
}

// Two messages of one subject are two messages.
func TestMessagesOfOneSubjectAllArrive(t *testing.T) {
	n := alone(t)
	for i := range 3 {
		ok(t)(n.Send(t.Context(), alice, inbox.Message{To: "bob", Subject: "hi", Body: strconv.Itoa(i)}))
	}
	got, unread, err := n.Inbox(t.Context(), "bob", true, 2)
	if err != nil || len(got) != 2 || unread != 3 || got[0].Memory.Content != "2" {
		t.Errorf("%d messages, %d unread, %v", len(got), unread, err)
	}
	if got, _, err := n.Inbox(t.Context(), "eve", false, 10); err != nil || len(got) != 0 {
		t.Errorf("eve has %d messages, %v", len(got), err)
	}
}

func TestConfidenceZeroIsNotNone(t *testing.T) {
	n := alone(t)
	d := draft("doubt")
	d.Confidence = new(float64)
	if got := n.create(t, nobody, d).Confidence; got != 0 {
		t.Errorf("confidence %v", got)
	}
	if got := n.create(t, nobody, draft("trust")).Confidence; got != 1 {
		t.Errorf("confidence %v", got)
	}
}

func TestAProposalWithAPrivateTextIsForThoseWhoDecide(t *testing.T) {
	n := alone(t)
	n.govern(t, "ns", `{"write":"approve"}`)
	n.govern(t, "guild", `{"write":"approve","approver":{"consensus":2}}`)
	n.register(t, "carol")
	shown := func(p *memory.Pending, agent memory.AgentID, want bool) {
		t.Helper()
		_, err := n.Pending(t.Context(), agent, p.ID)
		if got := err == nil; got != want || !got && !errors.Is(err, memory.ErrNotFound) {
			t.Errorf("%s sees it: %v, want %v", agent, err, want)
		}
		list, err := n.Pendings(t.Context(), agent, governance.StatusPending, p.Namespace, 10)
		if err != nil || len(list) == 1 != want {
			t.Errorf("%s lists %d, %v; want it in there: %v", agent, len(list), err, want)
		}
	}
	private := n.propose(t, alice, in("ns", draft("private")))
	shown(private, "alice", true)
	shown(private, "bob", true) // a person decides: anybody who says who it is
	shown(private, memory.Anonymous, false)
	guild := n.propose(t, alice, in("guild", draft("private")))
	shown(guild, "carol", true)
	shown(guild, "bob", false)
}
