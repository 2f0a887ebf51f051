package sim_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/internal/sim"
)

var (
	seeds = flag.Int("sim.seeds", 220, "number of federations to simulate")
	seed  = flag.Uint64("sim.seed", 0, "simulate this seed alone, and trace it")
)

// TestFederationsKeepTheirPromises runs federations under faults. A failure is
// repeated with the command it prints.
func TestFederationsKeepTheirPromises(t *testing.T) {
	if *seed != 0 {
		report, err := sim.Run(sim.Config{Seed: *seed, Trace: os.Stderr})
		t.Logf("%+v", report)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	var mu sync.Mutex
	var total sim.Report
	t.Run("seeds", func(t *testing.T) {
		for group := range groups {
			t.Run(fmt.Sprint("from ", group+1), func(t *testing.T) {
				t.Parallel()
				for s := uint64(group + 1); s <= uint64(*seeds); s += groups {
					report, err := sim.Run(sim.Config{Seed: s})
					if err != nil {
						t.Errorf("seed %d, %d nodes: %v\nrepeat with: go test ./internal/sim -run Promises -sim.seed=%d", s, report.Nodes, err, s)
					}
					mu.Lock()
					total.Add(report)
					mu.Unlock()
				}
			})
		}
	})
	t.Logf("%+v", total)
	if *seeds >= 200 && (total.Repairs == 0 || total.Snapshots == 0 || total.Incarnations == 0 || total.DisksLost == 0) {
		t.Errorf("some faults never happened: %+v", total)
	}
}

// groups of seeds run side by side.
const groups = 4

func TestEqualSeedsGiveEqualRuns(t *testing.T) {
	var a, b strings.Builder
	for s := range uint64(3) {
		ra, _ := sim.Run(sim.Config{Seed: s + 1, Trace: &a})
		rb, _ := sim.Run(sim.Config{Seed: s + 1, Trace: &b})
		if ra != rb || a.String() != b.String() {
			t.Fatalf("seed %d: %+v and %+v", s+1, ra, rb)
		}
	}
}
