package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	longUnequal = 10 * time.Minute // nodes compare themselves far more often
	longOwed    = 1000             // ops on the way to a member that are worth a word
	longLag     = 1000             // entries that the text index may be behind

	manyIncarnations = memory.MaxIncarnations * 4 / 5

	// ownCalls is the state of a member that cannot be called, and calls.
	ownCalls = "own_calls"
)

// Node judges what a node says of itself and of the other members. MaxSkew is how far
// ahead of its own clock that of another may be.
func Node(s *client.Status, maxSkew time.Duration) []client.Finding {
	var r report
	r.quorum(s.W, s.N)
	for i := range s.Members {
		m := &s.Members[i]
		r.member(m, s.Time.Time)
		r.clock(m, maxSkew)
		r.equal(s, m)
	}
	r.parked(len(s.Parked))
	r.damage(s.Damaged)
	if slices.Contains(s.Warnings, client.WarningBroken) {
		r.fail("database", "parts of it cannot be read on the disk", "stop the node and put a backup in its place; or move it away and start the node anew, and its members send it all that they have")
	}
	if s.IndexLag > longLag {
		r.warn("text index", count(s.IndexLag, "entry")+" behind", "recall misses the newest until it has caught up; if it does not, look at the log of the node")
	} else {
		r.well("text index", count(s.IndexLag, "entry")+" behind")
	}
	r.models(s.Models)
	r.incarnations(s.Heads)
	r.legacy(s.Legacy)
	return r
}

// quorum judges W of N.
func (r *report) quorum(w, n int) {
	const check = "write quorum"
	text := fmt.Sprintf("%d of %d members must hold a write", w, n)
	switch {
	case w > n || w < 1:
		r.fail(check, text, "set --write-quorum to 1 to N")
	case n > 1 && w == 1:
		r.warn(check, text, "a write is lost if this disk is lost before the next delivery: raise --write-quorum")
	case n > 1 && w == n:
		r.warn(check, text, "no write is confirmed while any member is away: lower --write-quorum, or write with --when-short local")
	case n > 1 && n%2 == 0:
		r.warn(check, text, "an even number of members bears no more failures than one member fewer: add or remove one")
	default:
		r.well(check, text)
	}
}

func (r *report) member(m *client.Member, now time.Time) {
	check, text := "member "+m.Name, fmt.Sprintf("%s, owed %d", m.State, m.Owed)
	if m.LastError != "" {
		text += ": " + m.LastError
	}
	switch {
	case m.State == "stopped":
		r.fail(check, text, "it does not believe who this node is, or is another node: compare the names and URLs in both configurations").Member = m.Name
	case m.State == ownCalls:
		r.well(check, text+"; it calls by itself, and was equal "+agoOf(m.ProvenEqualAt.Time, now))
	case m.State == "backoff":
		r.fail(check, text, "it does not answer: see that it runs, and that "+m.URL+" can be reached from this node").Member = m.Name
	case m.State == "unknown":
		r.warn(check, text, "it was not heard of yet: ask again in a moment").Member = m.Name
	case m.Owed > longOwed:
		r.warn(check, text, "it is catching up: ask again in a moment").Member = m.Name
	default:
		r.well(check, text)
	}
}

func agoOf(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return span(now.Sub(t)) + " ago"
}

func (r *report) clock(m *client.Member, most time.Duration) {
	skew := (time.Duration(m.ClockSkewMS) * time.Millisecond).Abs()
	check, text := "clock of "+m.Name, "off by "+skew.String()
	const next = "run NTP on both machines"
	switch {
	case skew > most:
		r.fail(check, text, "writes of the clock that is ahead are parked: "+next).Member = m.Name
	case skew > most/2:
		r.warn(check, text, next).Member = m.Name
	default:
		r.well(check, text)
	}
}

// equal judges when a member was last seen to hold the same.
func (r *report) equal(s *client.Status, m *client.Member) {
	since, text := s.StartedAt, "never proven equal"
	if !m.ProvenEqualAt.IsZero() {
		since, text = m.ProvenEqualAt, "proven equal at "+m.ProvenEqualAt.Local().Format(time.RFC3339)
	}
	if s.Time.Sub(since.Time) < longUnequal {
		r.well("state of "+m.Name, text)
		return
	}
	f := r.warn("state of "+m.Name, text, "see what differs: tally diff "+m.Name)
	f.Fix, f.Member = client.FixRepair, m.Name
}

func (r *report) parked(n int) {
	if n == 0 {
		r.well("parked ops", "none")
		return
	}
	r.warn("parked ops", fmt.Sprintf("%d were refused by a member", n), "see why: tally parked list").Fix = client.FixRetryParked
}

func (r *report) damage(n int) {
	if n == 0 {
		r.well("stored entries", "none is known to be damaged; tally scrub reads them all")
		return
	}
	r.fail("stored entries", fmt.Sprintf("%d are damaged on the disk", n), "members are asked for them; if none has them, look into a backup, or remove the memory for good: tally erase --damaged ID")
}

// models says which models cannot be used, or have not begun.
func (r *report) models(models []client.Model) {
	for i := range models {
		m := &models[i]
		switch {
		case m.State != "failed" && m.Problem != "":
			r.warn("model "+m.Name, m.Problem, "recall goes without it until its endpoint answers: what it is sent waits in the log")
		case m.State == "failed":
			r.warn("model "+m.Name, m.Problem, "recall goes without it: add it again with tally model add, or remove it, and start the node again")
		case m.State == "embedding":
			r.well("model "+m.Name, "makes its first vectors: "+count(m.Behind, "entry")+" to come")
		default:
			text := count(m.Vectors, "vector")
			if m.Unread > 0 {
				text += ", " + count(m.Unread, "memory") + " not taken"
			}
			r.well("model "+m.Name, text)
		}
	}
}

// incarnations says which nodes will run out of incarnations: of one node so many
// are known at most, and what comes under a later one is refused by all.
func (r *report) incarnations(heads map[string]client.Head) {
	by := map[string]int{}
	for origin := range heads {
		name, _, _ := strings.Cut(origin, ".")
		by[name]++
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if n := by[name]; n >= manyIncarnations {
			r.warn("incarnations of "+name, fmt.Sprintf("%d of %d at most", n, memory.MaxIncarnations),
				"each start at which a member does not answer makes one; let a node with another name take its place before there are no more (docs/replication.md)")
		}
	}
}

// legacy says which nodes of ai-memory are not told, or keep what they are told
// otherwise.
func (r *report) legacy(peers []client.LegacyPeer) {
	for i := range peers {
		p := &peers[i]
		name := "legacy peer " + p.Name
		switch {
		case p.State == "failing":
			r.warn(name, "takes nothing: "+p.LastError, "what it is owed is kept; see what it says to: tally legacy check "+p.URL)
		case p.State == "expired":
			r.warn(name, "has expired", "renew it with tally legacy add, or remove it with tally legacy remove")
		case p.State == "only_calls":
			r.well(name, "only calls: nothing is sent to it")
		case p.Owed > longOwed:
			r.warn(name, count(p.Owed, "entry")+" on the way", "it is slow, or was away for long; see tally status")
		case p.Drift > 0:
			r.warn(name, "keeps "+count(p.Drift, "memory")+" under ids of its own", "two memories of one title are one there: see tally parked list")
		default:
			r.well(name, "takes what it is told; its durability is "+p.Durability)
		}
	}
}
