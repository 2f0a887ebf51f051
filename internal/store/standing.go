package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// forTeams is what the column private has of a memory for who is in a team with its owner.
const forTeams = 2

// sqlStanding selects what a standingRow takes, and sqlStandingTouched the touches, too.
const (
	sqlStandingColumns = `SELECT m.rid, m.id, m.title, m.namespace, m.owner, m.target, m.l_state, m.tier, m.private, m.conflicts > 0,
	m.priority, m.c_lsn = 0, m.c_stamp, m.l_stamp, m.expires`
	sqlStanding        = sqlStandingColumns + ` FROM memories m`
	sqlStandingTouched = sqlStandingColumns + `, ` + sqlTouches + ` FROM memories m`
)

// standingRow is a row of memories, as far as it says where the memory stands.
type standingRow struct {
	standing

	id, title string
	life      memory.Stamp
	expires   memory.Instant
}

func (x *standingRow) dest() []any {
	return []any{
		&x.rid, &x.id, &x.title, &x.class.namespace, &x.class.owner, &x.class.target, &x.class.life, &x.class.tier, &x.class.secrecy,
		&x.class.disputed, &x.priority, &x.absent, &x.edited, &x.life, &x.expires,
	}
}

// close works out when the memory expires: see sqlExpired.
func (x *standingRow) close(touched memory.Touches) {
	tiers := tierNames()
	m := memory.Memory{ExpiresAt: x.expires, Tier: memory.Long}
	if t := int(x.class.tier); t >= 0 && t < len(tiers) {
		m.Tier = tiers[t]
	}
	if x.life.Instant() < x.expires {
		x.end = touched.Prolong(&m, memory.Stamp(x.edited), x.life)
	}
}

// standing is where the memory of a row stands that this transaction writes. It reports
// false if other rows say when it expires.
func (m *record) standing() (standing, bool) {
	return standing{
		rid: m.rid, absent: m.content.lsn == 0, priority: int32(m.priority), edited: m.content.stamp,
		class: classKey{
			namespace: m.namespace, owner: m.access.Owner, target: m.access.Target, life: m.life,
			tier: int8(m.tier), secrecy: int8(secrecy(m.access)), disputed: m.conflicts > 0,
		},
	}, m.expires == 0
}

// loadTouches reads when memories were touched.
func loadTouches(ctx context.Context, tx *readTx) (map[string]memory.Touches, error) {
	out := map[string]memory.Touches{}
	err := tx.each(ctx, `SELECT a, b, stamp FROM registers WHERE family = ?`, []any{memory.FamTouch}, func(r rowScanner) error {
		var id, which string
		var at memory.Stamp
		if err := r.Scan(&id, &which, &at); err != nil {
			return err
		}
		t := out[id]
		if which == "" {
			t.Last = at
		} else {
			t.Kept = at
		}
		out[id] = t
		return nil
	})
	return out, err
}

// stand notes where the memories stand whose rows the transaction has changed.
func (t *tx) stand(ctx context.Context) error {
	if len(t.moving) == 0 {
		return nil
	}
	rids := make([]int64, 0, len(t.moving))
	for rid := range t.moving {
		rids = append(rids, rid)
	}
	clear(t.moving)
	among, args := t.dialect.among("m.rid", rids)
	return t.conn.each(ctx, sqlStandingTouched+` WHERE `+among, args, func(r rowScanner) error {
		var x standingRow
		var touched memory.Touches
		if err := r.Scan(append(x.dest(), &touched.Last, &touched.Kept)...); err != nil {
			return err
		}
		x.close(touched)
		t.stands = append(t.stands, x.standing)
		return nil
	})
}
