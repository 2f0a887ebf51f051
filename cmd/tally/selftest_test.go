package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// failing lists the checks that failed.
func failing(v trialView) []string {
	var out []string
	for _, r := range v.Checks {
		if !r.OK {
			out = append(out, r.Check+" on "+r.Node+": "+r.Error)
		}
	}
	return out
}

func TestTheSelftestTriesOutAClusterAndLeavesNothing(t *testing.T) {
	nodes := federation(t, 3)
	nodes[0].reads("remember", "Kept", "not ours")
	v := must[trialView](nodes[0], "selftest", "--cluster")
	if bad := failing(v); !v.OK || len(bad) > 0 {
		t.Errorf("failed: %s", strings.Join(bad, "; "))
	}
	slices.Sort(v.Nodes)
	if !slices.Equal(v.Nodes, []string{"alder", "birch", "cedar"}) || len(v.Checks) < 20 || !strings.HasPrefix(v.Namespace, "_selftest/") {
		t.Errorf("%+v", v)
	}
	on := map[string]bool{}
	for _, r := range v.Checks {
		on[r.Node] = true
	}
	if len(on) != 3 {
		t.Errorf("steps were taken on %v only", on)
	}
	for _, d := range nodes {
		if list := must[client.Page](d, "list").Memories; len(list) != 1 || list[0].Title != "Kept" {
			t.Errorf("%s has %+v", d.url, list)
		}
	}
	text := nodes[1].reads("selftest", "--server", nodes[0].url, "--server", nodes[2].url)
	if !strings.Contains(text, "checks passed, on alder, cedar") || strings.Contains(text, "FAILED") {
		t.Errorf("for people: %s", text)
	}
}

func TestTheSelftestSaysWhatDoesNotWork(t *testing.T) {
	nodes := federation(t, 3)
	nodes[2].Kill()
	got := nodes[0].tally("selftest", "--cluster", "--json")
	v := parse[trialView](t, got.out)
	bad := failing(v)
	if got.code != exitOther || v.OK || len(bad) != 1 || !strings.HasPrefix(bad[0], "reach on cedar: no answer") {
		t.Errorf("with a dead member: code %d, %q", got.code, bad)
	}

	nodes[0].reads("namespace", "set", "*", "--governance", `{"write":"approve","approver":"human"}`)
	got = nodes[0].tally("selftest", "--timeout", "2s")
	if got.code != exitOther || !strings.Contains(got.out, "it waits for approval") || !strings.Contains(got.out, "FAILED") {
		t.Errorf("where writes need approval: code %d\n%s%s", got.code, got.out, got.err)
	}
	for _, p := range mustAll[client.Pending](nodes[0], "pending", "pending", "list", "--status", "pending") {
		t.Errorf("a proposal is left: %+v", p)
	}

	if got := nodes[0].tally("selftest", "--server", nodes[2].url); got.code != exitUnreachable {
		t.Errorf("without a node: %+v", got)
	}
	if got := nodes[0].tally("selftest", "--timeout", "0s"); got.code != exitUsage {
		t.Errorf("without time: %+v", got)
	}
}
