package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// countsOf reports whether the census can count what f selects, and nothing else has to
// be asked.
func countsOf(f *memory.Filter) bool {
	return f.MinPriority == 0 && f.EditedAfter == 0 && len(f.Tags) == 0 && len(f.Kinds) == 0 && f.Since == 0 && f.Until == 0 && f.Title == "" && f.SourceURI == "" &&
		f.Expiry == memory.AnyExpiry && len(f.Presence) == 0
}

// fits reports whether f selects memories of a class, whatever their life.
func (k *classKey) fits(f *memory.Filter, mates []memory.AgentID) bool {
	switch {
	case f.Namespace != "" && k.namespace != f.Namespace && (!f.Subtree || !strings.HasPrefix(k.namespace, f.Namespace+"/")):
	case f.Tier != "" && int(k.tier) != f.Tier.Rank():
	case f.Owner != "" && k.owner != f.Owner:
	case f.Conflicting && !k.disputed:
	default:
		return k.seen(f, mates) && f.Within.Covers(k.namespace)
	}
	return false
}

// seen reports whether the viewer of f may see memories of a class.
func (k *classKey) seen(f *memory.Filter, mates []memory.AgentID) bool {
	switch {
	case f.All, k.secrecy == 0:
		return true
	case f.Viewer == "":
		return false
	}
	return k.owner == f.Viewer || k.target == f.Viewer || k.secrecy == forTeams && slices.Contains(mates, k.owner)
}

// lives says which memories of a class f selects: those that have not expired, or those
// that have.
func (k *classKey) lives(f *memory.Filter) (fresh, expired bool) {
	switch f.Life {
	case memory.Unborn, memory.Live:
		return k.life == memory.Live, false
	case memory.Archived:
		return k.life == memory.Archived, k.life == memory.Archived || k.life == memory.Live
	case memory.Deleted, memory.Erased:
	}
	return k.life == f.Life, k.life == f.Life
}

// isReady reports whether the census is complete, and whether there are memories for
// teams: before, they are being counted.
func (c *census) isReady() (ready, teams bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready, c.ready && c.teams > 0
}

// asked returns what the census has to be told to go by f: whose memories for teams its
// viewer may see, if there are any. It reports false if the rows must be asked.
func (s *tables) asked(ctx context.Context, f *memory.Filter) (mates []memory.AgentID, ok bool) {
	ready, teams := s.census.isReady()
	if !ready || f.Viewer == "" || f.All || !teams {
		return nil, ready
	}
	mates, err := s.Mates(ctx, f.Viewer)
	return mates, err == nil
}

// tallies calls fn for each class that f fits, with how many memories have not expired
// and how many have, and how many will not have within an hour.
func (c *census) tallies(f *memory.Filter, mates []memory.AgentID, fn func(k *classKey, fresh, expired, lasting int64)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(&c.now, f.Now)
	c.turn(&c.soon, f.Now+memory.Instant(time.Hour))
	for i := range c.classes {
		if k := &c.classes[i]; k.count > 0 && k.fits(f, mates) {
			expired := c.now.expired[i]
			fn(&k.classKey, k.count-expired, expired, k.count-c.soon.expired[i])
		}
	}
}

// spaces is [tables.Spaces] of a filter that it can count.
func (c *census) spaces(f *memory.Filter, mates []memory.AgentID) map[string]int64 {
	out := map[string]int64{}
	c.tallies(f, mates, func(k *classKey, fresh, expired, _ int64) {
		n := int64(0)
		a, b := k.lives(f)
		if a {
			n += fresh
		}
		if b {
			n += expired
		}
		if n > 0 {
			out[k.namespace] += n
		}
	})
	return out
}

// counts is [tables.Counts], but for what memories do not say.
func (c *census) counts(f *memory.Filter, mates []memory.AgentID) memory.Counts {
	out := memory.Counts{ByTier: map[memory.Tier]int64{}, ByNamespace: map[string]int64{}}
	tiers := tierNames()
	c.tallies(f, mates, func(k *classKey, fresh, expired, lasting int64) {
		switch k.life {
		case memory.Live:
			out.Archived += expired
			if fresh == 0 {
				return
			}
			out.Live += fresh
			out.ExpiringSoon += fresh - lasting
			out.ByNamespace[k.namespace] += fresh
			if k.disputed {
				out.Conflicts += fresh
			}
			if k.tier >= 0 && int(k.tier) < len(tiers) {
				out.ByTier[tiers[k.tier]] += fresh
			}
		case memory.Archived:
			out.Archived += fresh + expired
		case memory.Deleted:
			out.Deleted += fresh + expired
		case memory.Erased:
			out.Erased += fresh + expired
		case memory.Unborn:
		}
	})
	return out
}

// first returns the rows of the first n memories that f selects, as far as the census
// can tell, in the order of [memory.ByPriority] or [memory.ByNewest], from a position on;
// more of them where several are at the last position. It reports whether there are
// others behind these.
func (c *census) first(f *memory.Filter, mates []memory.AgentID, by memory.Order, from *cursorPosition, n int) (rows []int64, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	selects, left := c.selects(f, mates)
	walk := c.walk(f, by)
	var last, start *place
	if from != nil {
		start = &place{priority: from.Priority, edited: from.Stamp}
	}
	walk.order.from(func(row uint32) bool {
		where := walk.where(row)
		return where < 0 || where == 0 && start != nil && walk.compare(&c.rows[row], start) < 0
	}, func(row uint32) bool {
		x := &c.rows[row]
		if left == 0 || walk.where(row) != 0 || walk.ends(x) {
			return false
		}
		if !selects(x) {
			return true
		}
		if n <= 0 && (last == nil || walk.compare(x, last) != 0) {
			more = true
			return false
		}
		rows, last = append(rows, int64(row)), x
		left--
		if start == nil || walk.compare(x, start) != 0 {
			n--
		}
		return true
	})
	return rows, more
}

// walk is how a list goes through the rows.
type walk struct {
	order   *order
	compare func(a, b *place) int
	where   func(row uint32) int // 0 where rows are asked for, -1 before them
	ends    func(x *place) bool  // f selects none from here on
}

func (c *census) walk(f *memory.Filter, by memory.Order) walk {
	everywhere := func(uint32) int { return 0 }
	space, known := c.space[f.Namespace]
	switch {
	case by == memory.ByNewest:
		return walk{&c.latest, latest, everywhere, func(x *place) bool { return f.EditedAfter != 0 && x.edited <= int64(f.EditedAfter) }}
	case f.Namespace == "" || f.Subtree || !known:
		return walk{&c.shown, urgent, everywhere, func(x *place) bool { return x.priority < f.MinPriority }}
	}
	return walk{
		&c.local, urgent, func(row uint32) int { return cmp.Compare(c.spaceOf(row), space) },
		func(x *place) bool { return x.priority < f.MinPriority },
	}
}

// selects returns what tells whether f selects what is at a place, and how many places
// there are of which it does, at most.
func (c *census) selects(f *memory.Filter, mates []memory.AgentID) (is func(x *place) bool, most int64) {
	c.turn(&c.now, f.Now)
	fresh, expired := make([]bool, len(c.classes)), make([]bool, len(c.classes))
	for i := range c.classes {
		k := &c.classes[i]
		if k.count == 0 || !k.fits(f, mates) {
			continue
		}
		if fresh[i], expired[i] = k.lives(f); fresh[i] {
			most += k.count - c.now.expired[i]
		}
		if expired[i] {
			most += c.now.expired[i]
		}
	}
	return func(x *place) bool {
		is := fresh[x.class]
		if x.end != 0 && x.end <= f.Now {
			is = expired[x.class]
		}
		return is && x.priority >= f.MinPriority && (f.EditedAfter == 0 || x.edited > int64(f.EditedAfter))
	}, most
}
