package bench

import (
	"context"
	"fmt"
)

// sweep is three nodes under few and many clients, at one of them and at all, beside
// whatever else is named.
func sweep(ctx context.Context, r *runner) ([]Row, error) {
	for i := range r.rivals {
		if err := r.rivals[i].ready(ctx); err != nil {
			return nil, err
		}
	}
	var rows []Row
	for _, clients := range []int{1, 16, 128} {
		for _, all := range []bool{false, true} {
			if all && clients == 1 {
				continue // it is at one
			}
			some, err := r.sweepOne(ctx, clients, all)
			if err != nil {
				return rows, err
			}
			rows = append(rows, some...)
		}
	}
	return rows, nil
}

func (r *runner) sweepOne(ctx context.Context, clients int, all bool) ([]Row, error) {
	where := "at one node"
	if all {
		where = "at all nodes"
	}
	title := fmt.Sprintf("3 nodes, W = 2, %d clients %s", clients, where)
	r.say(" %s", title)
	found, err := r.rounds(ctx, title, contest{nodes: 3, quorum: 2, clients: clients, atOne: !all, rivals: true})
	if err != nil {
		return nil, err
	}
	our := found[ours]
	rate := Row{Measure: title + ": acknowledged writes", Unit: "/s", Ours: our.rates()}.against(found[control].rates())
	p50 := Row{Measure: title + ": p50", Unit: "ms", Ours: our.percentile(0.5)}.against(found[control].percentile(0.5))
	for _, v := range r.rivals {
		of := found[arm(v.name)]
		rate.Rivals = append(rate.Rivals, Beside{v.name, of.rates()})
		p50.Rivals = append(p50.Rivals, Beside{v.name, of.percentile(0.5)})
	}
	rows := []Row{rate, p50}
	if cpu := our.series(func(o *result) float64 { return o.cpuOf(0) }); !all && our[0].cpu != nil {
		rows = append(rows, Row{Measure: title + ": CPU for a write, of the node that takes it", Unit: "ms", Ours: cpu},
			Row{Measure: title + ": CPU for a write, of each other member", Unit: "ms", Ours: our.series(func(o *result) float64 { return o.cpuOf(1) })})
	}
	return rows, nil
}
