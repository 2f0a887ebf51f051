package main

import (
	"time"

	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/node"
)

// checkIdentity looks at the node's certificate, long before it ends, and at a change
// of the members that does not.
func (d *doctor) checkIdentity() {
	if d.data != "" {
		d.checkIdentityAt(time.Now())
	}
}

func (d *doctor) checkIdentityAt(now time.Time) {
	c, err := node.OpenIdentity(d.data)
	if err != nil {
		return // it has none, or the start of the node says what is wrong there
	}
	left := c.Self().TLS().Leaf.NotAfter.Sub(now)
	text := "ends in " + spanOf(left)
	const next = "it is renewed at half of its life by a member that holds an authority: see that one answers (tally member list), or tally ca import"
	grace := d.cfg.ExpiredGrace
	switch {
	case left <= 0 && left > -grace:
		d.find("certificate", broken, "has ended: members with the same expired_grace believe it for another "+spanOf(left+grace), next)
	case left <= 0:
		d.find("certificate", broken, "has ended", next)
	case left < ca.LeafLife/3:
		d.find("certificate", uneasy, text, next)
	default:
		d.find("certificate", fine, text, "")
	}
	d.checkChange(c)
}

func (d *doctor) checkChange(c *cluster.Cluster) {
	if under, err := c.UnderWay(); err != nil || !under {
		return
	}
	d.find("members", uneasy, "a change of them is under way", "it ends when enough members go by it and hold what the others acknowledged: "+
		"see that they run; tally member list says who must")
}
