package send

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// script logs entries of one origin, each with the next stamp.
type script struct {
	o    *ours
	next uint64
}

func (s *script) log(op memory.Op, actor memory.AgentID, prev ...memory.Dot) memory.Dot {
	s.next++
	e := &memory.Entry{
		Dot: memory.Dot{Origin: "a.1", Seq: s.next}, Stamp: memory.MakeStamp(memory.Instant(1_800_000_000e9).Time()) + memory.Stamp(s.next),
		Actor: actor, Op: op, Prev: prev,
	}
	s.o.take(e)
	return e.Dot
}

func (s *script) put(id, title string, change func(*memory.Memory), prev ...memory.Dot) memory.Dot {
	m := memory.Memory{
		ID: id, Tier: memory.Long, Namespace: "ns", Title: title, Content: "content of " + id, Priority: 5, Confidence: 1, Source: "api",
		CreatedAt: 1_700_000_000e9, MemoryKind: "observation", ConfidenceSource: "default", Version: 1,
	}
	if change != nil {
		change(&m)
	}
	return s.log(&memory.Put{Memory: m, Create: len(prev) == 0}, "alice", prev...)
}

func newScript(t *testing.T) (*script, *realNode) {
	t.Helper()
	peer := newRealNode(t)
	return &script{o: newOurs(t, peer)}, peer
}

// pushed tells what the lists of all pushes were.
func (n *realNode) pushed() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for _, p := range n.pushes {
		var one []string
		for _, l := range wire.Lanes() {
			if p.Items(l) > 0 {
				one = append(one, string(l))
			}
		}
		all = append(all, strings.Join(one, "+"))
	}
	return strings.Join(all, " ")
}

func (s *script) codes() []string {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	var out []string
	for d, p := range s.o.parked {
		out = append(out, d.String()+" "+p.Code)
	}
	slices.Sort(out)
	return out
}

func TestARenameIsWrittenAnewWithWhatHangsOnIt(t *testing.T) {
	s, peer := newScript(t)
	first := s.put("a", "before", nil)
	s.put("b", "other", nil)
	s.log(&memory.Link{Source: "a", Target: "b", Relation: "supersedes", CreatedAt: 1}, "alice")
	s.log(&memory.SetStandard{Namespace: "ns", StandardID: "a"}, "alice")
	s.o.deliver(t)
	s.put("a", "after", nil, first)
	s.o.deliver(t)
	if peer.rows["a"].Title != "after" || len(peer.links) != 1 || peer.standards["ns"].StandardID != "a" {
		t.Errorf("%+v, %v, %v", peer.rows["a"], peer.links, peer.standards)
	}
}

func TestWhatGoesDownIsWrittenAnew(t *testing.T) {
	s, peer := newScript(t)
	first := s.put("a", "t", func(m *memory.Memory) { m.Priority = 9 })
	s.o.deliver(t)
	s.put("a", "t", func(m *memory.Memory) { m.Priority = 1 }, first)
	s.o.deliver(t)
	if got := peer.rows["a"].Priority; got != 1 {
		t.Errorf("priority %d", got)
	}
}

// The entry that lowered it is not the last one, when a peer that was down is told.
func TestWhatWentDownWhileAPeerWasDownIsWrittenAnew(t *testing.T) {
	s, peer := newScript(t)
	first := s.put("a", "t", func(m *memory.Memory) { m.Priority = 9 })
	s.o.deliver(t)
	lower := s.put("a", "t", func(m *memory.Memory) { m.Priority = 1 }, first)
	s.put("a", "t", func(m *memory.Memory) { m.Priority, m.Content = 1, "then edited" }, lower)
	s.o.deliver(t)
	if got := peer.rows["a"]; got.Priority != 1 || got.Content != "then edited" {
		t.Errorf("%+v", got)
	}
}

// Two of ours say the same to one peer: the second time is a repetition.
func TestTheSameTwiceChangesNothing(t *testing.T) {
	s, peer := newScript(t)
	s.put("a", "t", nil)
	s.log(&memory.Archive{ID: "a", Reason: "archive"}, "alice")
	s.put("b", "u", nil)
	s.log(&memory.Delete{ID: "b"}, "alice")
	s.o.deliver(t)
	l := s.o.lanes.lanes[0]
	l.change(func(s *Status) { s.LSN = 0 })
	s.o.deliver(t)
	if _, ok := peer.archive["a"]; len(peer.rows) != 0 || !ok || len(s.codes()) != 0 {
		t.Errorf("rows %v, archive %v, noted %v", peer.rows, peer.archive, s.codes())
	}
}

func TestWhatAPeerLeavesOutIsNotedAndPassedBy(t *testing.T) {
	s, peer := newScript(t)
	for _, id := range []string{"a", "b", "c"} {
		s.put(id, id, nil)
	}
	bad := func(p *wire.Push) bool {
		return slices.ContainsFunc(p.Memories, func(m wire.Memory) bool { return m.ID == "b" })
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests} {
		peer.refuse = func(p *wire.Push) (int, string) {
			if bad(p) {
				return status, `{"error":"no"}`
			}
			return 0, ""
		}
		s.o.lanes.lanes[0].change(func(s *Status) { s.LSN = 0 })
		s.o.deliver(t)
		if got := s.codes(); !slices.Equal(got, []string{"a.1.2 refused"}) || len(peer.rows) != 2 {
			t.Errorf("%d: noted %v, %d rows", status, got, len(peer.rows))
		}
	}
	peer.refuse = nil
	if err := s.o.lanes.lanes[0].retry(t.Context(), ""); err != nil || len(s.codes()) != 0 || len(peer.rows) != 3 {
		t.Errorf("again: %v, noted %v, %d rows", err, s.codes(), len(peer.rows))
	}
}

func TestAForeignIDIsNoAcknowledgement(t *testing.T) {
	s, peer := newScript(t)
	peer.ids = []string{"another"}
	s.put("a", "t", nil)
	s.o.deliver(t)
	st := s.o.lanes.Status()[0]
	if got := s.codes(); !slices.Equal(got, []string{"a.1.1 id_drift"}) || st.Drift != 1 || st.OK != 0 {
		t.Errorf("noted %v, %+v", got, st)
	}
	peer.ids = []string{"a"}
	if err := s.o.lanes.lanes[0].retry(t.Context(), ""); err != nil || len(s.codes()) != 0 {
		t.Errorf("named: %v, %v", err, s.codes())
	}
}

func TestAPeerThatDoesNotAnswerIsOwedAll(t *testing.T) {
	s, peer := newScript(t)
	s.put("a", "t", nil)
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		peer.refuse = func(*wire.Push) (int, string) { return status, `{"error":"no"}` }
		if _, err := s.o.lanes.lanes[0].work(t.Context(), false); err == nil {
			t.Errorf("%d is taken for an answer", status)
		}
	}
	if got := s.o.lanes.Status()[0]; got.LSN != 0 || len(s.codes()) != 0 {
		t.Errorf("%+v, noted %v", got, s.codes())
	}
	peer.refuse = nil
	s.o.deliver(t)
	if len(peer.rows) != 1 {
		t.Error("it is not sent when the peer is back")
	}
}

func TestALinkWaitsForItsMemories(t *testing.T) {
	s, peer := newScript(t)
	s.put("a", "a", nil)
	s.log(&memory.Link{Source: "a", Target: "b", Relation: "supersedes", CreatedAt: 1}, "alice")
	s.o.deliver(t)
	if got := s.codes(); !slices.Equal(got, []string{"a.1.2 waits"}) {
		t.Errorf("noted %v", got)
	}
	s.put("b", "b", nil)
	s.o.deliver(t)
	if len(peer.links) != 1 || len(s.codes()) != 0 {
		t.Errorf("%v, noted %v", peer.links, s.codes())
	}
}

// A peer that has missed the memories of a link gets them with it.
func TestALinkBringsItsMemories(t *testing.T) {
	s, peer := newScript(t)
	s.put("a", "a", nil)
	s.put("b", "b", nil)
	s.o.deliver(t)
	clear(peer.rows)
	s.log(&memory.Link{Source: "a", Target: "b", Relation: "supersedes", CreatedAt: 1}, "alice")
	s.o.deliver(t)
	if len(peer.links) != 1 || len(peer.rows) != 2 {
		t.Errorf("%v, %v", peer.links, peer.rows)
	}
}

func TestWhatAPeerDidItIsNotToldUnlessItLost(t *testing.T) {
	s, peer := newScript(t)
	l := s.o.lanes.lanes[0]
	l.peer.Own = func(e *memory.Entry) bool { return e.Actor == "legacy:real" }
	m := memory.Memory{ID: "a", Namespace: "ns", Title: "t", Content: "c", Tier: memory.Long, CreatedAt: 1}
	s.log(&memory.Put{Memory: m, Create: true}, "legacy:real")
	s.o.deliver(t)
	if got := peer.pushed(); got != "" {
		t.Errorf("it is sent %s", got)
	}
	s.log(&memory.Delete{ID: "a"}, "alice")
	s.o.deliver(t)
	peer.rows["a"] = wire.Memory{ID: "a"} // from its own queue of what it owes
	late := &memory.Entry{Dot: memory.Dot{Origin: "a.1", Seq: 3}, Stamp: 7, Actor: "legacy:real", Op: &memory.Put{Memory: m, Create: true}}
	s.o.take(late)
	s.o.deliver(t)
	if got := peer.pushed(); got != "deletions deletions" || len(peer.rows) != 0 {
		t.Errorf("it is sent %s, and has %v", got, peer.rows)
	}
}

func TestWhatAPeerIsSeenToHaveWrongIsPutRight(t *testing.T) {
	s, peer := newScript(t)
	s.put("a", "a", nil)
	s.put("b", "b", nil)
	s.log(&memory.Delete{ID: "a"}, "alice")
	s.o.deliver(t)
	peer.rows["a"] = wire.Memory{ID: "a"}
	peer.rows["b"] = wire.Memory{ID: "b", Namespace: "ns", Title: "b", Content: "old", UpdatedAt: "2020-01-01T00:00:00+00:00"}
	all := func(string) bool { return true }
	s.o.lanes.Correct("a", false, all)
	s.o.lanes.Correct("b", false, all)
	s.o.deliver(t)
	if _, there := peer.rows["a"]; there || peer.rows["b"].Content != "content of b" {
		t.Errorf("%v", peer.rows)
	}
}

// A peer keeps two memories of one title as one, so that the second comes to it when the
// first has gone.
func TestAPeerGetsTheSecondOfATitleWhenTheFirstHasGone(t *testing.T) {
	for _, by := range []memory.AgentID{"alice", "legacy:real"} {
		s, peer := newScript(t)
		s.o.lanes.lanes[0].peer.Own = func(e *memory.Entry) bool { return e.Actor == "legacy:real" }
		secondOfATitle(t, s, peer, by)
	}
}

func secondOfATitle(t *testing.T, s *script, peer *realNode, by memory.AgentID) {
	t.Helper()
	s.put("a", "t", nil)
	s.put("b", "t", nil)
	s.put("c", "c", nil)
	s.log(&memory.Link{Source: "b", Target: "c", Relation: "supersedes", CreatedAt: 1}, "alice")
	s.o.deliver(t)
	if _, ok := peer.rows["b"]; ok {
		t.Fatal("it keeps both")
	}
	peer.pushes = nil
	s.log(&memory.Delete{ID: "a"}, by)
	want := "deletions memories+links"
	if by != "alice" {
		want = "memories+links"
		peer.remove("a")
	}
	s.o.deliver(t)
	if got := peer.pushed(); got != want || len(peer.rows) != 2 || len(peer.links) != 1 {
		t.Errorf("after %s: %v, %v", got, peer.rows, peer.links)
	}
}

func TestAPeerThatKeepsAHighNumberIsToldAnew(t *testing.T) {
	s, peer := newScript(t)
	s.put("a", "a", nil)
	s.o.deliver(t)
	raised := peer.rows["a"]
	raised.Priority = 9
	peer.rows["a"] = raised
	s.o.lanes.Correct("a", true, func(peer string) bool { return peer != "real" })
	s.o.deliver(t)
	if peer.rows["a"].Priority != 9 {
		t.Error("another was meant")
	}
	s.o.lanes.Correct("a", true, func(peer string) bool { return peer == "real" })
	s.o.deliver(t)
	if got := peer.rows["a"].Priority; got != 5 {
		t.Errorf("priority %d", got)
	}
}

func TestAPeerIsToldOfItsNamespacesAlone(t *testing.T) {
	s, peer := newScript(t)
	s.o.lanes.lanes[0].render.sends = func(ns string) bool { return ns == "ns" || ns == memory.SubscriptionNamespace }
	in := func(ns string) func(*memory.Memory) { return func(m *memory.Memory) { m.Namespace = ns } }
	s.put("a", "a", nil)
	s.put("b", "b", in("secret"))
	s.put("c", "c", in(memory.SubscriptionNamespace))
	s.log(&memory.Link{Source: "a", Target: "b", Relation: "supersedes", CreatedAt: 1}, "alice")
	s.log(&memory.Archive{ID: "b", Reason: "archive"}, "alice")
	s.log(&memory.SetStandard{Namespace: "secret", StandardID: "a"}, "alice")
	s.o.deliver(t)
	if got := peer.pushed(); got != "memories" || len(peer.rows) != 1 {
		t.Errorf("it is sent %s, and has %v", got, peer.rows)
	}
}

// A batch is cut where the order of the lists would turn it around.
func TestABatchIsCutWhereOrderMatters(t *testing.T) {
	s, peer := newScript(t)
	s.put("a", "a", nil)
	s.put("b", "b", nil)
	s.log(&memory.Link{Source: "a", Target: "b", Relation: "supersedes", CreatedAt: 1}, "alice")
	s.put("c", "c", nil) // has nothing to do with the link
	s.log(&memory.Delete{ID: "c"}, "alice")
	s.o.deliver(t)
	if got := peer.pushed(); got != "memories+deletions+links" || len(peer.rows) != 2 || len(peer.links) != 1 {
		t.Errorf("%s: %v, %v", got, peer.rows, peer.links)
	}
	s.log(&memory.Archive{ID: "a", Reason: "archive"}, "alice")
	s.o.deliver(t)
	s.log(&memory.Restore{ID: "a"}, "alice") // the link went with the archive
	s.o.deliver(t)
	if got := peer.pushed(); got != "memories+deletions+links archives restores memories+links" || len(peer.rows) != 2 || len(peer.links) != 1 {
		t.Errorf("%s: %v, %v", got, peer.rows, peer.links)
	}
}

func TestLimitsOfAPush(t *testing.T) {
	var groups [][]item
	for i := range 2500 {
		groups = append(groups, []item{{lane: wire.LaneDeletions, id: string(rune(i)), size: 10}})
	}
	for _, p := range cut(groups, 1<<20) {
		if len(p.items) > 1000 {
			t.Errorf("%d items", len(p.items))
		}
	}
	if got := len(cut(groups, 100)); got != 250 {
		t.Errorf("%d pushes of at most 100 bytes", got)
	}
	s, peer := newScript(t)
	for i := range 200 {
		s.put(strings.Repeat("x", i+1)[:min(i+1, 100)]+string(rune('a'+i%26)), strings.Repeat("t", i+1), func(m *memory.Memory) { m.Content = strings.Repeat("\t", 60_000) })
	}
	s.o.deliver(t) // the peer checks the sizes
	if len(peer.rows) < 100 {
		t.Errorf("%d rows", len(peer.rows))
	}
}
