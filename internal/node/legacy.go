package node

import (
	"cmp"
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/legacy"
	legacyconfig "github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/send"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// newLegacy makes the lanes to nodes of ai-memory.
func (n *node) newLegacy() error {
	if err := n.openLegacy(); err != nil {
		return err
	}
	peers, err := n.sendsTo(n.inbound.Peers())
	if err != nil {
		return err
	}
	n.legacy = send.New(send.Config{Peers: peers, Log: n.log}, n.books.Feed, n.store, n.store)
	return nil
}

func (n *node) sendsTo(peers []legacyconfig.Peer) ([]send.Peer, error) {
	list, err := send.PeersOf(peers, n.cfg.LegacySelf, string(n.cfg.Node), n.now)
	for i := range list {
		list[i].Allow, list[i].AllowAddress = n.outbound.call(policy.Legacy), n.outbound.address(policy.Legacy)
	}
	return list, err
}

// legacyChanged has the lanes go to other peers from now on.
func (n *node) legacyChanged(peers []legacyconfig.Peer) {
	list, err := n.sendsTo(peers)
	if err != nil {
		n.log.Warn("legacy peers stay as they were", "err", err)
		return
	}
	n.legacy.Set(list)
}

// legacyStatus puts together what is known of each legacy peer.
func (n *node) legacyStatus() []upkeep.LegacyStatus {
	var out []upkeep.LegacyStatus
	peers, lanes := n.inbound.Peers(), n.legacy.Status()
	for i := range peers {
		p := &peers[i]
		s := upkeep.LegacyStatus{Name: p.Name, URL: p.URL, Direction: string(cmp.Or(p.Direction, legacyconfig.Both)), Namespace: p.Namespaces}
		s.Expires, _ = p.ExpiresAt() // it is valid
		if j := slices.IndexFunc(lanes, func(l send.Status) bool { return l.Peer == p.Name }); j >= 0 {
			l := &lanes[j]
			s.LSN, s.Failing, s.Error, s.Taken, s.Drift, s.Failed = l.LSN, l.Failing, l.Error, l.OK, l.Drift, l.Fail
			if !l.At.IsZero() {
				s.LastAt = memory.InstantOf(l.At)
			}
		}
		out = append(out, s)
	}
	return out
}

// legacyTold says what each legacy peer was told of a write that is here.
func (n *node) legacyTold(ctx context.Context, d memory.Dot) ([]upkeep.LegacyTold, error) {
	peers := n.inbound.Peers()
	if len(peers) == 0 {
		return nil, nil
	}
	lsn, err := n.store.LSNOf(ctx, d)
	if err != nil {
		return nil, err
	}
	e, err := n.store.Entry(ctx, d)
	if err != nil {
		return nil, err
	}
	parked, err := n.store.Parked(ctx)
	if err != nil {
		return nil, err
	}
	ns, lanes := n.namespaceOf(ctx, e), n.legacy.Status()
	var out []upkeep.LegacyTold
	for i := range peers {
		t := upkeep.LegacyTold{Name: peers[i].Name, State: "owed"}
		refused := slices.IndexFunc(parked, func(p memory.Parked) bool { return p.Dot == d && p.Member == send.Member(t.Name) })
		switch {
		case e.Actor == peers[i].Actor():
			t.State = "made_there"
		case !peers[i].Sends() || !peers[i].Stands(n.now()) || ns != "" && !peers[i].Allows(ns):
			t.State = "not_told"
		case refused >= 0:
			t.State, t.Reason = "refused", parked[refused].Code+": "+parked[refused].Text
		case slices.ContainsFunc(lanes, func(l send.Status) bool { return l.Peer == t.Name && l.LSN >= lsn }):
			t.State = "answered"
		}
		out = append(out, t)
	}
	return out, nil
}

// namespaceOf is where a write belongs, "" if that is not known any more.
func (n *node) namespaceOf(ctx context.Context, e *memory.Entry) string {
	a := e.Op.About()
	if a.Content != nil {
		return a.Content.Namespace
	}
	if rec, err := n.store.Record(ctx, a.Main()); err == nil && a.Namespace == "" {
		return rec.Namespace
	}
	return a.Namespace
}

// openLegacy makes what answers nodes of ai-memory.
func (n *node) openLegacy() (err error) {
	cfg := legacy.Config{
		Node: n.cfg.Node, Data: n.cfg.Data, APIKey: n.cfg.APIKey, Peers: n.cfg.LegacyPeers, Self: n.cfg.LegacySelf, Now: n.now, MaxSkew: n.cfg.MaxSkew, Log: n.log,
		Allow: n.outbound.call(policy.Legacy), AllowAddress: n.outbound.address(policy.Legacy),
		Told: n.books.Core.Told, Voted: n.books.Governance.Voted, Stale: func(id string, anew bool, of func(string) bool) { n.legacy.Correct(id, anew, of) }, Changed: n.legacyChanged,
	}
	if n.trust != nil {
		cfg.OnRefusal = n.trust.refused
	}
	n.inbound, err = legacy.Open(cfg, n.door, n.store)
	return err
}
