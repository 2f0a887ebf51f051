package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Comparison is how this node and a member differ, register by register.
type Comparison struct {
	Member      memory.Node
	Here, There memory.View
	// Equal: no register differs. If the heads differ, something is on its way, and
	// differences are no fault.
	Equal       bool
	Differences []Difference // by key
	Truncated   bool         // there are more than are listed
	Fetched     int          // entries fetched from the member to repair this node
}

// Difference is a register that two nodes do not agree on. The zero version is
// "never written".
type Difference struct {
	Key         memory.Key
	Here, There memory.Version
}

const (
	maxDifferences = 1000
	bucketsPerCall = 64
	repairOps      = 256 // that a member sends at a time, at most
)

// Compare asks a member for its digests and narrows down to the registers that
// differ, at most 1,000. It changes nothing.
func (r *Replicator) Compare(ctx context.Context, member memory.Node) (Comparison, error) {
	c := Comparison{Member: member}
	theirs, err := r.digest(ctx, member, nil)
	if err != nil {
		return c, err
	}
	here, sums, err := r.store.BucketSums(ctx)
	if err != nil {
		return c, fmt.Errorf("own digests: %w", err)
	}
	c.Here, c.There = here, theirs.View
	if len(sums) != len(theirs.Sums) {
		return c, fmt.Errorf("compare with %s: %d buckets here, %d there", member, len(sums), len(theirs.Sums))
	}
	var differ []uint16
	for i := range sums {
		if sums[i] != theirs.Sums[i] {
			differ = append(differ, uint16(i))
		}
	}
	c.Equal = len(differ) == 0
	for part := range slices.Chunk(differ, bucketsPerCall) {
		if err := r.compareBuckets(ctx, &c, part); err != nil {
			return c, err
		}
		if len(c.Differences) >= maxDifferences {
			c.Differences, c.Truncated = c.Differences[:maxDifferences], true
			break
		}
	}
	return c, nil
}

func (r *Replicator) compareBuckets(ctx context.Context, c *Comparison, buckets []uint16) error {
	theirs, err := r.digest(ctx, c.Member, buckets)
	if err != nil {
		return err
	}
	_, ours, err := r.store.BucketRegisters(ctx, buckets)
	if err != nil {
		return fmt.Errorf("own registers: %w", err)
	}
	here := make(map[string]memory.RegisterDigest, len(ours))
	for _, d := range ours {
		here[d.Key] = d
	}
	note := func(key string, a, b memory.Version) error {
		k, ok := memory.ParseKey(key)
		if !ok {
			return fmt.Errorf("compare with %s: register %q: %w", c.Member, key, memory.ErrInvalid)
		}
		c.Differences = append(c.Differences, Difference{Key: k, Here: a, There: b})
		return nil
	}
	for _, there := range theirs.Registers {
		own := here[there.Key]
		delete(here, there.Key)
		if own.Version != there.Version || own.Digest != there.Digest {
			if err := note(there.Key, own.Version, there.Version); err != nil {
				return err
			}
		}
	}
	for key, own := range here {
		if err := note(key, own.Version, memory.Version{}); err != nil {
			return err
		}
	}
	slices.SortFunc(c.Differences, func(a, b Difference) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return nil
}

func (r *Replicator) digest(ctx context.Context, member memory.Node, buckets []uint16) (*memory.DigestReply, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.CallTimeout)
	defer cancel()
	reply, err := r.net.Digest(ctx, member, &memory.DigestRequest{From: r.cfg.Self, To: member, Buckets: buckets})
	if err != nil {
		return nil, fmt.Errorf("digests of %s: %w", member, err)
	}
	if reply == nil || reply.From != member {
		return nil, fmt.Errorf("digests of %s: the reply is not its own", member)
	}
	return reply, nil
}

// Repair compares with a member, fetches the entries of the registers in which
// it is ahead, and merges them again. Where this node is ahead, it is for the
// member to do the same; but it may have another entry under that number, and keep it,
// and where chains are not known nothing else would tell: so that one is fetched, too.
// What was in order stays as it is.
func (r *Replicator) Repair(ctx context.Context, member memory.Node) (Comparison, error) {
	c, err := r.Compare(ctx, member)
	if err != nil {
		return c, err
	}
	var dots []memory.Dot
	for _, d := range c.Differences {
		ahead := d.There
		if d.There.IsZero() || d.Here.Beats(d.There) {
			ahead = d.Here
		}
		if !slices.Contains(dots, ahead.Dot) {
			dots = append(dots, ahead.Dot)
		}
	}
	// A reply has those that the member has, or the first of them: what is left out is still
	// different, and is asked for by the next repair.
	for part := range slices.Chunk(dots, min(r.cfg.MaxOps, repairOps)) {
		reply, err := r.fetch(ctx, member, &memory.PullRequest{Dots: part})
		if err != nil {
			return c, err
		}
		if len(reply.Ops) == 0 {
			continue
		}
		if _, err := r.store.Accept(ctx, memory.Source{Member: member, Route: memory.RouteRepair}, reply.Ops); err != nil {
			return c, fmt.Errorf("repair from %s: %w", member, err)
		}
		c.Fetched += len(reply.Ops)
		r.Counters.Repaired.Add(uint64(len(reply.Ops)))
	}
	return c, nil
}
