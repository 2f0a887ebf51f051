package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
)

// maxParkedShown bounds the list of parked ops in a Status; Parked has them all.
const maxParkedShown = 100

// Status is this node's account of itself and of the members.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	view, now := e.store.View(), e.now()
	w, n := e.fed.Quorum()
	origin := e.store.Origin()
	s := Status{
		Node: e.cfg.Node, Incarnation: origin.Incarnation(), Digest: view.Root, Heads: view.Heads, LSN: view.LSN,
		W: w, N: n, IndexLag: e.finder.Lag(), Version: e.cfg.Version, StartedAt: e.started, Time: now,
		Members: []MemberStatus{}, Warnings: []string{},
	}
	var err error
	if s.Counts, err = e.store.Counts(ctx, memory.Filter{All: true, Now: now}); err != nil {
		return s, err
	}
	if s.Parked, err = e.store.Parked(ctx); err != nil {
		return s, err
	}
	damage, err := e.store.Damage(ctx, 1)
	if err != nil {
		return s, err
	}
	if s.Damaged = damage.Entries; s.Damaged > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("entries that are damaged on this disk: %d; members are asked for them", s.Damaged))
	}
	peers := e.fed.Status()
	for _, p := range peers {
		m := memberStatus(p)
		m.URL = e.url(p.Member)
		s.Members = append(s.Members, m)
		s.Warnings = append(s.Warnings, warnings(p)...)
	}
	if own := ownSkew(peers); own != "" {
		s.Warnings = append(s.Warnings, own)
	}
	if len(s.Parked) > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d ops are parked", len(s.Parked)))
	}
	s.Parked = s.Parked[:min(len(s.Parked), maxParkedShown)]
	return s, nil
}

// members are the others as they are now.
func (e *Engine) members() []Member {
	if e.cfg.Current != nil {
		return e.cfg.Current()
	}
	return e.cfg.Members
}

func (e *Engine) url(name memory.Node) string {
	for _, m := range e.members() {
		if m.Name == name {
			return m.URL
		}
	}
	return ""
}

func memberStatus(p replicate.PeerStatus) MemberStatus {
	m := MemberStatus{
		Name: p.Member, State: string(p.State), Acked: p.Acked, Owed: p.Owed, Parked: p.Parked,
		LastAckAt: instant(p.AckedAt), ProvenEqualAt: instant(p.EqualAt), ClockSkewMS: p.ClockSkew.Milliseconds(),
	}
	if p.Err != nil {
		m.LastError = cut(p.Err.Error(), 256)
	}
	return m
}

func instant(t time.Time) memory.Instant {
	if t.IsZero() {
		return 0
	}
	return memory.InstantOf(t)
}

// warnings are what an operator should do something about.
func warnings(p replicate.PeerStatus) []string {
	var out []string
	if string(p.State) == "stopped" {
		out = append(out, fmt.Sprintf("member %s does not believe who this node is", p.Member))
	}
	if d := p.ClockSkew.Abs(); d > memory.DefaultMaxSkew/2 {
		out = append(out, fmt.Sprintf("the clock of member %s is off by %s", p.Member, d.Round(time.Second)))
	}
	return out
}

// ownSkew says so if it is this node's clock that is off: all members agree.
func ownSkew(peers []replicate.PeerStatus) string {
	if len(peers) < 2 {
		return ""
	}
	for _, p := range peers {
		if p.ClockSkew.Abs() < memory.DefaultMaxSkew/2 || (p.ClockSkew < 0) != (peers[0].ClockSkew < 0) {
			return ""
		}
	}
	return "the clock of this node differs from that of every member"
}

// Diff compares this node with a member, register by register. It changes nothing.
func (e *Engine) Diff(ctx context.Context, member memory.Node) (Diff, error) {
	return e.compare(ctx, member, e.fed.Compare)
}

// member reports whether a node is a member.
func (e *Engine) member(name memory.Node) bool {
	return slices.ContainsFunc(e.members(), func(m Member) bool { return m.Name == name })
}

// Scrub reads a part of the log to find damage, from after a local sequence number
// on: as much as an answer may take. It is to be called again until it is done.
func (e *Engine) Scrub(ctx context.Context, after uint64) (memory.Scrubbing, error) {
	return e.store.Scrub(ctx, after, scrubPart)
}

const scrubPart = 500 * time.Millisecond

// Repair looks what is damaged here, merges again what a member has and this node
// lacks, and returns how the two differed. What the member lacks is for the member
// to fetch.
func (e *Engine) Repair(ctx context.Context, member memory.Node) (Diff, error) {
	for found := (memory.Scrubbing{}); !found.Done; {
		var err error
		if found, err = e.store.Scrub(ctx, found.After, scrubPart); err != nil {
			return Diff{}, err
		}
	}
	return e.compare(ctx, member, e.fed.Repair)
}

func (e *Engine) compare(ctx context.Context, member memory.Node, with func(context.Context, memory.Node) (replicate.Comparison, error)) (Diff, error) {
	if !e.member(member) {
		return Diff{}, fmt.Errorf("member %s: %w", member, memory.ErrNotFound)
	}
	c, err := with(ctx, member)
	if err != nil {
		return Diff{}, err
	}
	d := Diff{Member: member, Equal: c.Equal, Here: c.Here.Root, There: c.There.Root, Truncated: c.Truncated, Differences: []Difference{}}
	for _, x := range c.Differences {
		d.Differences = append(d.Differences, Difference{
			Key: strings.TrimPrefix(x.Key.Name(), x.Key.Family.String()+" "), Here: x.Here, There: x.There, Family: x.Key.Family.String(),
		})
	}
	return d, nil
}

// stable is, by origin, how far every member holds it: nobody needs the log
// below that. It covers this node's own ops only, and not while a member has
// parked one: what else the members hold of each other, they hold by themselves.
func (e *Engine) stable() map[memory.Origin]uint64 {
	own := e.store.Origin()
	low := e.store.View().Heads[own].Seq
	for _, p := range e.fed.Status() {
		if p.Parked > 0 {
			return nil
		}
		low = min(low, p.Acked)
	}
	return map[memory.Origin]uint64{own: low}
}

// Parked lists the ops that this node or a member has not taken.
func (e *Engine) Parked(ctx context.Context) ([]memory.Parked, error) { return e.store.Parked(ctx) }

// RetryParked tries again to take the ops that this node refused: those given,
// or all of them. It returns how many it took.
func (e *Engine) RetryParked(ctx context.Context, dots []memory.Dot) (int, error) {
	if len(dots) == 0 {
		parked, err := e.store.Parked(ctx)
		if err != nil {
			return 0, err
		}
		dots = []memory.Dot{}
		for _, p := range parked {
			if p.Member == e.cfg.Node {
				dots = append(dots, p.Dot)
			}
		}
	}
	return e.store.RetryParked(ctx, dots, e.cfg.Now())
}
