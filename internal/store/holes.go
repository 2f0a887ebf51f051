package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// An entry that holds no register any more is named by nothing but, perhaps, by the history of
// its memory: when its row goes, no other row says so. But of an origin with a floor (floor.go) all
// that is held above that is in the log. So a number between floor and head that the log does not
// have is one that the disk has lost, and members are asked for it. What was lost below the floor
// nobody can tell from what was dropped.

// Where a pass is in that, as one number: the place of the origin among all, and behind it the
// number of the entry.
const holePlace = 50 // bits of the number of an entry: see mostEntries

// maxHoles is how many missing entries a slice lists: of more than that the next pass finds the
// others.
const maxHoles = 10_000

// holes looks for missing entries, in the order of origins and of their numbers.
func (t passer) holes(ctx context.Context, after int64) (last int64, n int, err error) {
	origins := make([]*originState, 0, len(t.origins))
	for _, o := range t.origins {
		origins = append(origins, o)
	}
	slices.SortFunc(origins, func(a, b *originState) int { return cmp.Compare(a.id, b.id) })
	last = after
	for left := scrubRows; left > 0; {
		at, seq := int(last>>holePlace), uint64(last)&(1<<holePlace-1)
		if at >= len(origins) {
			return last, n, nil
		}
		n++
		o := origins[at]
		if seq = max(seq, o.floor); o.floored && seq < o.head && o.head < mostEntries {
			rows, to, err := t.holesOf(ctx, o, seq, left)
			if err != nil {
				return last, n, err
			}
			left, last = left-rows, last>>holePlace<<holePlace|int64(to)
			if to < o.head {
				continue
			}
		}
		left -= holesCost
		last = int64(at+1) << holePlace
	}
	return last, n, nil
}

// holesCost is what it takes to come to an origin, in rows.
const holesCost = 10

// holesOf lists what is missing behind a number of o. It returns how many rows it looked at, at
// most so many, and up to where it came.
func (t passer) holesOf(ctx context.Context, o *originState, after uint64, most int) (rows int, to uint64, err error) {
	var missing [][2]int64
	to = after
	miss := func(before uint64) {
		for to++; to < before && len(missing) < maxHoles; to++ {
			missing = append(missing, [2]int64{o.id, int64(to)})
		}
		to = before
	}
	// With the state it is the rows that are read: the index may have one that is gone, and is made
	// anew then.
	err = t.each(ctx, `SELECT seq, state FROM log WHERE origin = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?`, []any{o.id, int64(after), int64(o.head), most}, func(r rowScanner) error {
		var seq int64
		var state any
		rows++
		err := r.Scan(&seq, &state)
		miss(uint64(seq))
		return err
	})
	if err != nil {
		return rows, to, err
	}
	if rows < most {
		miss(o.head + 1)
	}
	for _, d := range missing {
		if _, err := t.list(ctx, d); err != nil {
			return rows, to, err
		}
	}
	return rows, to, nil
}

// mostRenounced is how many entries a compaction takes off the list of damaged ones at most:
// to find out that no row names one takes a look at all of them.
const mostRenounced = 16

// renounce takes a missing entry off the list of damaged ones if it has been on it since before an
// instant, and no row names it: nobody had it, so all others have dropped it. Which one is looked at
// is left to chance, so that one that is named does not keep others from it. It reports whether there
// was one.
func (t compactor) renounce(ctx context.Context, before memory.Instant) (bool, error) {
	var d [2]int64
	found, err := t.queryRow(ctx, `SELECT origin, seq FROM damaged WHERE since < ? ORDER BY random() LIMIT 1`, []any{int64(before)}, &d[0], &d[1])
	if err != nil || !found {
		return false, err
	}
	var one int
	o := t.origins[t.originName(d[0])]
	named, err := t.queryRow(ctx, sqlNamed, []any{d[0], d[1]}, &one)
	if err != nil || named || o == nil {
		return true, err
	}
	if err := t.floorAt(ctx, o, uint64(d[1])); err != nil {
		return true, err
	}
	t.listing = true
	return true, t.aside(ctx, `DELETE FROM damaged WHERE origin = ? AND seq = ?`, d[0], d[1])
}
