package upkeep

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
)

// Diff compares this node with a member, register by register. It changes nothing.
func (b *Book) Diff(ctx context.Context, member memory.Node) (Diff, error) {
	return b.compare(ctx, member, b.fed.Compare)
}

// member reports whether a node is a member.
func (b *Book) member(name memory.Node) bool {
	return slices.ContainsFunc(b.members(), func(m Member) bool { return m.Name == name })
}

// Scrub reads a part of the log to find damage, from after a local sequence number
// on: as much as an answer may take. It is to be called again until it is done.
func (b *Book) Scrub(ctx context.Context, after uint64) (memory.Scrubbing, error) {
	return b.store.Scrub(ctx, after, scrubPart)
}

const scrubPart = 500 * time.Millisecond

// Repair looks what is damaged here, merges again what a member has and this node
// lacks, and returns how the two differed. What the member lacks is for the member
// to fetch.
func (b *Book) Repair(ctx context.Context, member memory.Node) (Diff, error) {
	for found := (memory.Scrubbing{}); !found.Done; {
		var err error
		if found, err = b.store.Scrub(ctx, found.After, scrubPart); err != nil {
			return Diff{}, err
		}
	}
	return b.compare(ctx, member, b.fed.Repair)
}

func (b *Book) compare(ctx context.Context, member memory.Node, with func(context.Context, memory.Node) (replicate.Comparison, error)) (Diff, error) {
	if !b.member(member) {
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
