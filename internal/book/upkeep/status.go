package upkeep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
)

// maxParkedShown bounds the list of parked ops in a Status; Parked has them all.
const maxParkedShown = 100

// Status is this node's account of itself and of the members.
func (b *Book) Status(ctx context.Context) (Status, error) {
	view, now := b.store.View(), b.core.Now()
	w, n := b.fed.Quorum()
	origin := b.store.Origin()
	s := Status{
		Node: b.core.Node(), Incarnation: origin.Incarnation(), Digest: view.Root, Heads: view.Heads, LSN: view.LSN,
		W: w, N: n, IndexLag: b.cfg.Lag(), Version: b.cfg.Version, StartedAt: b.started, Time: now,
		Members: []MemberStatus{}, Warnings: []string{},
	}
	if b.cfg.Models != nil {
		s.Models = b.cfg.Models()
	}
	var failed [3]error
	s.Counts, s.Counting, failed[0] = b.lately.counts(ctx)
	s.Parked, failed[1] = b.store.Parked(ctx)
	damage, err := b.store.Damage(ctx, 1)
	failed[2] = err
	for _, err := range failed { // what cannot be read is what a status has to say
		if err != nil && !errors.Is(err, memory.ErrBroken) {
			return s, err
		}
	}
	if b.cfg.Warnings != nil {
		s.Warnings = append(s.Warnings, b.cfg.Warnings()...)
	}
	if s.Damaged = damage.Entries; s.Damaged > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("entries that are damaged on this disk: %d; members are asked for them", s.Damaged))
	}
	peers := b.fed.Status()
	for _, p := range peers {
		s.Members = append(s.Members, b.memberStatus(ctx, p))
		s.Warnings = append(s.Warnings, warnings(p)...)
	}
	if b.cfg.Legacy != nil {
		s.Legacy = b.cfg.Legacy()
		s.Warnings = append(s.Warnings, legacyWarnings(s.Legacy, now)...)
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
func (b *Book) members() []Member {
	if b.cfg.Current != nil {
		return b.cfg.Current()
	}
	return b.cfg.Members
}

func (b *Book) url(name memory.Node) string {
	for _, m := range b.members() {
		if m.Name == name {
			return m.URL
		}
	}
	return ""
}

func (b *Book) memberStatus(ctx context.Context, p replicate.PeerStatus) MemberStatus {
	m := MemberStatus{
		Name: p.Member, URL: b.url(p.Member), State: string(p.State), Acked: p.Acked, Owed: p.Owed, Parked: p.Parked,
		LastAckAt: instant(p.AckedAt), ProvenEqualAt: instant(p.EqualAt), ClockSkewMS: p.ClockSkew.Milliseconds(),
	}
	if p.Owed > 0 {
		// One that was dropped meanwhile has no age.
		if e, err := b.store.Entry(ctx, memory.Dot{Origin: b.store.Origin(), Seq: p.Acked + 1}); err == nil {
			m.OldestOwedAt = e.Stamp.Instant()
		}
	}
	if p.Err != nil {
		m.LastError = memory.Shorten(p.Err.Error(), 256)
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

// soon is how long before a legacy peer expires it is said.
const soon = 7 * 24 * time.Hour

// legacyWarnings are what an operator should do something about.
func legacyWarnings(list []LegacyStatus, now memory.Instant) []string {
	var out []string
	for i := range list {
		p := &list[i]
		if p.Failing {
			out = append(out, fmt.Sprintf("legacy peer %s does not take what is owed to it: %s", p.Name, memory.Shorten(p.Error, 256)))
		}
		switch left := p.Expires.Time().Sub(now.Time()); {
		case p.Expires == 0:
		case left <= 0:
			out = append(out, fmt.Sprintf("legacy peer %s has expired: renew it with tally legacy add, or remove it", p.Name))
		case left < soon:
			out = append(out, fmt.Sprintf("legacy peer %s expires in %s", p.Name, left.Round(time.Minute)))
		}
		if p.Drift > 0 {
			out = append(out, fmt.Sprintf("legacy peer %s kept %d memories under ids of its own", p.Name, p.Drift))
		}
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
