package sim_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/sim"
)

var (
	seeds   = flag.Int("sim.seeds", 220, "number of federations to simulate")
	changes = flag.Int("sim.changes", 24, "number of federations of which members come and go")
	drops   = flag.Int("sim.drops", 150, "number of federations in which what is in dispute has been dropped")
	fails   = flag.Int("sim.fails", 40, "number of federations of which machines fail while entries are sent")
	dropped = flag.Uint64("sim.dropped", 1, "the first seed of these")
	from    = flag.Uint64("sim.from", 1, "the first seed")
	seed    = flag.Uint64("sim.seed", 0, "simulate this seed alone, and trace it")
)

// Each of these broke a promise once, and how is told nowhere else.
func TestTheseKeepTheirPromises(t *testing.T) {
	for _, s := range []uint64{1673378, 1688469, 1819500, 2057974, 2062536, 2139905, 2150891, 2411943, 2438008, 2449412} {
		if _, err := sim.Run(sim.Config{Seed: s, Early: early(s)}); err != nil {
			t.Errorf("seed %d: %v", s, err)
		}
	}
}

// TestFederationsKeepTheirPromises runs federations under faults. A failure is
// repeated with the command it prints.
func TestFederationsKeepTheirPromises(t *testing.T) {
	if *seed != 0 {
		report, err := sim.Run(sim.Config{Seed: *seed, Early: early(*seed), Trace: os.Stderr})
		t.Logf("%+v", report)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	var mu sync.Mutex
	var total sim.Report
	broken, start := 0, time.Now()
	t.Run("seeds", func(t *testing.T) {
		for group := range groups {
			t.Run(fmt.Sprint("from ", group+1), func(t *testing.T) {
				t.Parallel()
				for s := *from + uint64(group); s < *from+uint64(*seeds); s += groups {
					report, err := sim.Run(sim.Config{Seed: s, Early: early(s)})
					if err != nil {
						t.Errorf("seed %d, %d nodes: %v\nrepeat with: go test ./internal/sim -run Promises -sim.seed=%d", s, report.Nodes, err, s)
					}
					mu.Lock()
					if err != nil {
						broken++
					}
					total.Add(report)
					mu.Unlock()
				}
			})
		}
	})
	took := time.Since(start)
	t.Logf("%d federations from seed %d, %d broke a promise; %d nodes, %d writes, %d acknowledged, %d crashes, %d disks lost or set back, "+
		"%d incarnations, %d disputed numbers, %d conceded, %d repairs, %d snapshots; longest healing %s; %.0f a minute with GOMAXPROCS=%d",
		*seeds, *from, broken, total.Nodes, total.Writes, total.Acked, total.Crashes, total.DisksLost,
		total.Incarnations, total.Disputes, total.Conceded, total.Repairs, total.Snapshots, total.Healing.Round(time.Millisecond),
		float64(*seeds)/took.Minutes(), runtime.GOMAXPROCS(0))
	if *seeds >= 200 && (total.Repairs == 0 || total.Snapshots == 0 || total.Incarnations == 0 || total.DisksLost == 0 || total.Disputes == 0) {
		t.Errorf("some faults never happened: %+v", total)
	}
}

// TestMembersComeAndGoUnderFaults has members added, replaced, removed and made
// observers while messages are lost and nodes die.
func TestMembersComeAndGoUnderFaults(t *testing.T) {
	var total sim.Report
	for s := *from; s < *from+uint64(*changes); s++ {
		cfg := sim.Config{Seed: s, Changes: true}
		if *seed != 0 {
			cfg.Seed, cfg.Trace = *seed, os.Stderr
		}
		cfg.Early = early(cfg.Seed)
		report, err := sim.Run(cfg)
		if err != nil {
			t.Errorf("seed %d: %v\nrepeat with: go test ./internal/sim -run ComeAndGo -sim.seed=%d", cfg.Seed, err, cfg.Seed)
		}
		total.Add(report)
		if *seed != 0 {
			break
		}
	}
	t.Logf("%d federations, %d changes of members, %d disks lost or set back, %d writes, %d acknowledged, %d crashes; longest healing %s",
		*changes, total.Changes, total.DisksLost, total.Writes, total.Acked, total.Crashes, total.Healing.Round(time.Millisecond))
	if *seed == 0 && total.Changes < *changes {
		t.Errorf("few changes: %+v", total)
	}
}

// TestWhatWasDroppedIsConceded runs federations in which nodes number again what others
// have numbered and dropped. No node of ours numbers before it has asked, and of many such
// runs some break a promise: see docs/replication.md.
func TestWhatWasDroppedIsConceded(t *testing.T) {
	var total sim.Report
	conceding := 0
	for s := *dropped; s < *dropped+uint64(*drops); s++ {
		cfg := sim.Config{Seed: s, Dropping: true}
		if *seed != 0 {
			cfg.Seed, cfg.Trace = *seed, os.Stderr
		}
		report, err := sim.Run(cfg)
		if err != nil {
			t.Errorf("seed %d, %d nodes: %v\nrepeat with: go test ./internal/sim -run WhatWasDropped -sim.seed=%d", cfg.Seed, report.Nodes, err, cfg.Seed)
		}
		total.Add(report)
		if report.Conceded > 0 {
			conceding++
		}
		if *seed != 0 {
			break
		}
	}
	t.Logf("%d federations, %d disks lost or set back, %d writes, %d acknowledged, %d disputed numbers, %d conceded in %d federations, %d snapshots; longest healing %s",
		*drops, total.DisksLost, total.Writes, total.Acked, total.Disputes, total.Conceded, conceding, total.Snapshots, total.Healing.Round(time.Millisecond))
	if *seed == 0 && *drops >= 150 && conceding == 0 {
		t.Errorf("nothing was conceded: %+v", total)
	}
}

// A machine that fails loses what was sent before it was durable, and no number is given
// out again: nobody ever finds two entries under one.
func TestNoNumberIsUsedTwiceWhereMachinesFail(t *testing.T) {
	var total sim.Report
	for s := *from; s < *from+uint64(*fails); s++ {
		report, err := sim.Run(sim.Config{Seed: s, Early: true, Intact: true})
		if err != nil || report.UsedTwice > 0 {
			t.Errorf("seed %d: %d numbers are used twice, %v", s, report.UsedTwice, err)
		}
		total.Add(report)
	}
	t.Logf("%d federations, %d crashes, %d incarnations, %d writes, %d acknowledged", *fails, total.Crashes, total.Incarnations, total.Writes, total.Acked)
	if total.Incarnations == 0 {
		t.Error("no machine failed")
	}
}

// early reports whether nodes of the federation of a seed send before they have synced.
func early(seed uint64) bool { return seed%4 == 3 }

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
