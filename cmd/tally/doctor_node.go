package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

const (
	longUnequal = 10 * time.Minute // nodes compare themselves far more often
	longOwed    = 1000             // ops on the way to a member that are worth a word
	longLag     = 1000             // entries that the text index may be behind

	manyIncarnations = memory.MaxIncarnations * 4 / 5
)

// checkNode asks the node. The error is one of the command line.
func (d *doctor) checkNode(ctx context.Context) error {
	c, err := d.app.connect(ctx)
	if err != nil {
		return err
	}
	s, err := statusOf(ctx, c)
	if err != nil {
		d.find("node", broken, err.Error(), d.app.hint(err))
		return nil
	}
	d.find("node", fine, s.Node+" answers at "+c.URL(), "")
	if err := c.Ready(ctx); err != nil {
		d.find("ready", broken, err.Error(), "look at the log of the node: its disk may be full")
	} else {
		d.find("ready", fine, "takes requests", "")
	}
	if own := node.Version(); s.Version != own {
		d.find("version", uneasy, fmt.Sprintf("the node is %s, this program %s", s.Version, own), "restart the node with the program that is installed")
	} else {
		d.find("version", fine, own, "")
	}
	d.checkQuorum(s.W, s.N)
	for _, m := range s.Members {
		d.checkMember(m, s.Time.Time)
		d.checkClock(m)
		d.checkEqual(c, s, m)
	}
	d.checkParked(c, len(s.Parked))
	d.checkDamage(s.Damaged)
	if s.IndexLag > longLag {
		d.find("text index", uneasy, count(s.IndexLag, "entry")+" behind", "recall misses the newest until it has caught up; if it does not, look at the log of the node")
	} else {
		d.find("text index", fine, count(s.IndexLag, "entry")+" behind", "")
	}
	d.checkModels(s.Models)
	d.checkIncarnations(s.Heads)
	d.checkLegacy(s.Legacy)
	return nil
}

// checkIncarnations says which nodes will run out of incarnations: of one node so many
// are known at most, and what comes under a later one is refused by all.
func (d *doctor) checkIncarnations(heads map[string]client.Head) {
	by := map[string]int{}
	for origin := range heads {
		name, _, _ := strings.Cut(origin, ".")
		by[name]++
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if n := by[name]; n >= manyIncarnations {
			d.find("incarnations of "+name, uneasy, fmt.Sprintf("%d of %d at most", n, memory.MaxIncarnations),
				"each start at which a member does not answer makes one; let a node with another name take its place before there are no more (docs/replication.md)")
		}
	}
}

// checkLegacy says which nodes of ai-memory are not told, or keep what they are told
// otherwise.
func (d *doctor) checkLegacy(peers []client.LegacyPeer) {
	for i := range peers {
		p := &peers[i]
		name := "legacy peer " + p.Name
		switch {
		case p.State == "failing":
			d.find(name, uneasy, "takes nothing: "+p.LastError, "what it is owed is kept; see what it says to: tally legacy check "+p.URL)
		case p.State == "expired":
			d.find(name, uneasy, "has expired", "renew it with tally legacy add, or remove it with tally legacy remove")
		case p.State == "only_calls":
			d.find(name, fine, "only calls: nothing is sent to it", "")
		case p.Owed > longOwed:
			d.find(name, uneasy, count(p.Owed, "entry")+" on the way", "it is slow, or was away for long; see tally status")
		case p.Drift > 0:
			d.find(name, uneasy, "keeps "+count(p.Drift, "memory")+" under ids of its own", "two memories of one title are one there: see tally parked list")
		default:
			d.find(name, fine, "takes what it is told; its durability is "+p.Durability, "")
		}
	}
}

// checkModels says which models cannot be used, or have not begun.
func (d *doctor) checkModels(models []client.Model) {
	for _, m := range models {
		switch {
		case m.State != "failed" && m.Problem != "":
			d.find("model "+m.Name, uneasy, m.Problem, "recall goes without it until its endpoint answers: what it is sent waits in the log")
		case m.State == "failed":
			d.find("model "+m.Name, uneasy, m.Problem, "recall goes without it: add it again with tally model add, or remove it, and start the node again")
		case m.State == "embedding":
			d.find("model "+m.Name, fine, "makes its first vectors: "+count(m.Behind, "entry")+" to come", "")
		default:
			d.find("model "+m.Name, fine, vectorsOf(&m), "")
		}
	}
}

// checkQuorum judges W of N.
func (d *doctor) checkQuorum(w, n int) {
	text := fmt.Sprintf("%d of %d members must hold a write", w, n)
	switch {
	case w > n || w < 1:
		d.find("write quorum", broken, text, "set --write-quorum to 1 to N")
	case n > 1 && w == 1:
		d.find("write quorum", uneasy, text, "a write is lost if this disk is lost before the next delivery: raise --write-quorum")
	case n > 1 && w == n:
		d.find("write quorum", uneasy, text, "no write is confirmed while any member is away: lower --write-quorum, or write with --when-short local")
	case n > 1 && n%2 == 0:
		d.find("write quorum", uneasy, text, "an even number of members bears no more failures than one member fewer: add or remove one")
	default:
		d.find("write quorum", fine, text, "")
	}
}

func (d *doctor) checkMember(m client.Member, now time.Time) {
	check, text := "member "+m.Name, fmt.Sprintf("%s, owed %d", m.State, m.Owed)
	if m.LastError != "" {
		text += ": " + m.LastError
	}
	switch {
	case m.State == "stopped":
		d.find(check, broken, text, "it does not believe who this node is, or is another node: compare the names and URLs in both configurations")
	case m.State == ownCalls || m.State == "backoff" && callsHere(&m, now):
		d.find(check, fine, text+"; it calls by itself, and was equal "+ago(m.ProvenEqualAt.Time, now), "")
	case m.State == "backoff":
		d.find(check, broken, text, "it does not answer: see that it runs, and that "+m.URL+" can be reached from this node")
	case m.State == "unknown":
		d.find(check, uneasy, text, "it was not heard of yet: ask again in a moment")
	case m.Owed > longOwed:
		d.find(check, uneasy, text, "it is catching up: ask again in a moment")
	default:
		d.find(check, fine, text, "")
	}
}

func (d *doctor) checkClock(m client.Member) {
	skew := (time.Duration(m.ClockSkewMS) * time.Millisecond).Abs()
	text := "off by " + skew.String()
	const next = "run NTP on both machines"
	switch most := d.cfg.MaxSkew; {
	case skew > most:
		d.find("clock of "+m.Name, broken, text, "writes of the clock that is ahead are parked: "+next)
	case skew > most/2:
		d.find("clock of "+m.Name, uneasy, text, next)
	default:
		d.find("clock of "+m.Name, fine, text, "")
	}
}

// checkEqual judges when a member was last seen to hold the same.
func (d *doctor) checkEqual(c *client.Client, s *client.Status, m client.Member) {
	since, text := s.StartedAt, "never proven equal"
	if !m.ProvenEqualAt.IsZero() {
		since, text = m.ProvenEqualAt, "proven equal at "+stamp(m.ProvenEqualAt.Time)
	}
	if s.Time.Sub(since.Time) < longUnequal {
		d.find("state of "+m.Name, fine, text, "")
		return
	}
	f := d.find("state of "+m.Name, uneasy, text, "see what differs: tally diff "+m.Name)
	f.Would = "repair what differs from " + m.Name
	f.fix = func(ctx context.Context) error {
		_, err := d.app.repair(ctx, c, m.Name)
		return err
	}
}

func (d *doctor) checkDamage(n int) {
	if n == 0 {
		d.find("stored entries", fine, "none is known to be damaged; tally scrub reads them all", "")
		return
	}
	d.find("stored entries", broken, fmt.Sprintf("%d are damaged on the disk", n), "members are asked for them; if none has them, look into a backup")
}

func (d *doctor) checkParked(c *client.Client, n int) {
	if n == 0 {
		d.find("parked ops", fine, "none", "")
		return
	}
	f := d.find("parked ops", uneasy, fmt.Sprintf("%d were refused by a member", n), "see why: tally parked list")
	f.does("offer them again", func(ctx context.Context) error {
		c, err := d.app.operate(ctx, c)
		if err == nil {
			_, err = c.Upkeep().RetryParked(ctx, nil)
		}
		return err
	})
}
