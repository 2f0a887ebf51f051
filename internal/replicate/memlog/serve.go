package memlog

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

const serveOps = 256 // in one reply

// BucketSums implements replicate.Digests.
func (s *Store) BucketSums(context.Context) (memory.View, []memory.Digest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sums := make([]memory.Sum, memory.Buckets)
	for k, e := range s.state.Keys {
		sums[memory.Bucket(k)].Add(memory.ItemSum(k, e.Version(), e.Digest))
	}
	out := make([]memory.Digest, len(sums))
	for i, sum := range sums {
		out[i] = sum.Digest()
	}
	return s.view, out, nil
}

// BucketRegisters implements replicate.Digests.
func (s *Store) BucketRegisters(_ context.Context, buckets []uint16) (memory.View, []memory.RegisterDigest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []memory.RegisterDigest
	for k, e := range s.state.Keys {
		if slices.Contains(buckets, uint16(memory.Bucket(k))) {
			out = append(out, memory.RegisterDigest{Key: k.String(), Version: e.Version(), Digest: e.Digest})
		}
	}
	slices.SortFunc(out, func(a, b memory.RegisterDigest) int { return cmp.Compare(a.Key, b.Key) })
	return s.view, out, nil
}

// ByDot returns those of the entries named that the log has.
func (s *Store) ByDot(_ context.Context, dots []memory.Dot) ([]memory.Shipment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []memory.Shipment
	for _, d := range dots {
		if x := s.log(d.Origin).entries[d.Seq]; x != nil {
			sent, _ := pointed(s, x)
			out = append(out, sent.Shipment)
		}
	}
	return out, nil
}

// Accept implements replicate.Door.
func (s *Store) Accept(_ context.Context, from memory.Source, ops []memory.Shipment) (memory.Accepted, error) {
	return s.accept(ops, from.Route == memory.RouteRepair)
}

// AcceptWhole implements replicate.Door.
func (s *Store) AcceptWhole(_ context.Context, _ memory.Source, read func(yield func([]memory.Shipment) error) (memory.View, error)) error {
	var all []memory.Shipment
	view, err := read(func(ops []memory.Shipment) error {
		all = append(all, ops...)
		return nil
	})
	if err != nil {
		return err
	}
	got, err := s.accept(all, false)
	if err == nil && got.Deferred > 0 {
		err = fmt.Errorf("%d entries have no place", got.Deferred)
	}
	if err == nil { // of two entries under a number the first one has it, as in a repair
		_, err = s.accept(contested(s, all), true)
	}
	if err != nil {
		return err
	}
	heads := maps.Clone(view.Heads)
	for _, op := range contested(s, all) {
		x, _ := s.lib.open(op)
		o := x.entry.Dot.Origin
		heads[o] = memory.Head{Seq: heads[o].Seq, Gaps: heads[o].Gaps}
	}
	s.adopt(heads)
	return nil
}

// contested are those of ops under whose numbers s has other entries.
func contested(s *Store, ops []memory.Shipment) (out []memory.Shipment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range ops {
		x, _ := s.lib.open(op)
		if known := s.log(x.entry.Dot.Origin).entries[x.entry.Dot.Seq]; known != nil && known.entry.Digest != x.entry.Digest {
			out = append(out, op)
		}
	}
	return out
}

// AcceptPush answers a push as a member does.
func (s *Store) AcceptPush(_ context.Context, _ memory.Source, p *memory.Push) (*memory.PushReply, error) {
	got, err := s.accept(p.Ops, false)
	if err != nil {
		return nil, err
	}
	return &memory.PushReply{From: s.node, Refused: got.Refused, View: got.View, Time: s.clock.Wall()}, nil
}

// AcceptPull answers a pull as a member does.
func (s *Store) AcceptPull(ctx context.Context, _ memory.Source, q *memory.PullRequest) (*memory.PullReply, error) {
	reply := &memory.PullReply{From: s.node}
	for _, r := range q.Ranges {
		ops, _, err := s.Range(ctx, r, serveOps-len(reply.Ops), 0)
		if err != nil {
			reply.Truncated = append(reply.Truncated, r.Origin)
			continue
		}
		reply.Ops = append(reply.Ops, ops...)
	}
	ops, err := s.ByDot(ctx, q.Dots)
	if err != nil {
		return nil, err
	}
	reply.Ops = append(reply.Ops, ops...)
	reply.View = s.View()
	return reply, nil
}

// AcceptDigest answers a comparison as a member does.
func (s *Store) AcceptDigest(ctx context.Context, _ memory.Source, q *memory.DigestRequest) (*memory.DigestReply, error) {
	reply := &memory.DigestReply{From: s.node}
	var err error
	if len(q.Buckets) == 0 {
		reply.View, reply.Sums, err = s.BucketSums(ctx)
	} else {
		reply.View, reply.Registers, err = s.BucketRegisters(ctx, q.Buckets)
	}
	return reply, err
}

// AcceptSnapshot answers a request for the whole state as a member does.
func (s *Store) AcceptSnapshot(ctx context.Context, _ memory.Source, yield func([]memory.Shipment) error) (memory.View, error) {
	return s.Snapshot(ctx, yield)
}

// Damage is none: memory does not rot.
func (s *Store) Damage(context.Context, int) (memory.Damage, error) { return memory.Damage{}, nil }
