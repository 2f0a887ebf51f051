package main

import (
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
)

func TestAStatusSaysFirstInWordsHowThingsStand(t *testing.T) {
	member := func(name, state string) client.Member { return client.Member{Name: name, State: state} }
	now := time.Now()
	for name, tc := range map[string]struct {
		status  client.Status
		verdict string
		notes   []string
	}{
		"alone":       {client.Status{W: 1, N: 1}, allWell, nil},
		"all there":   {client.Status{W: 2, N: 3, Members: []client.Member{member("b", "ok"), member("c", "ok")}}, allWell, nil},
		"one missing": {client.Status{W: 2, N: 3, Members: []client.Member{member("b", "ok"), member("c", "backoff")}}, membersAway, []string{"writes have their quorum", "owed to: c"}},
		"too few": {
			client.Status{W: 2, N: 3, Members: []client.Member{member("b", "unknown"), member("c", "stopped")}},
			belowQuorum,
			[]string{"writes are kept here and owed: 1 of 3 members can be reached, and a write wants 2; missing: b, c"},
		},
		"removed": {
			client.Status{W: 2, N: 3, Members: []client.Member{
				{Name: "b", State: "backoff", LastError: "push to b: 403 Forbidden: member_removed: member_removed: a, by epoch 5"}, member("c", "backoff"),
			}},
			noMember,
			[]string{"this node was removed from the federation, says b", "reaches nobody", "tally cluster token"},
		},
		"no room": {
			client.Status{W: 1, N: 1, Warnings: []string{client.WarningFull}}, diskFull, []string{"nothing is written until there is room"},
		},
		"catching up": {
			client.Status{W: 2, N: 2, Members: []client.Member{{Name: "b", State: "catching_up", Owed: 1}}}, allWell, []string{"b is catching up: 1 op owed"},
		},
		"behind a router": {
			client.Status{W: 2, N: 2, Members: []client.Member{member("b", ownCalls)}}, allWell, []string{"b is reached by its own calls"},
		},
		"ended, and was equal just now": {
			client.Status{W: 2, N: 2, Time: client.TimeOf(now), Members: []client.Member{{Name: "b", State: "backoff", ProvenEqualAt: client.TimeOf(now)}}},
			belowQuorum,
			[]string{"missing: b"},
		},
		"refuses, and was equal just now": {
			client.Status{W: 1, N: 2, Time: client.TimeOf(now), Members: []client.Member{{Name: "b", State: "stopped", ProvenEqualAt: client.TimeOf(now)}}},
			membersAway,
			[]string{"owed to: b"},
		},
		"conflicts": {
			client.Status{W: 1, N: 1, Counts: client.Counts{Conflicts: 2}, IndexLag: 1, Parked: make([]client.Parked, 3), Warnings: []string{"mind the gap"}},
			allWell,
			[]string{"2 memories in conflict", "tally list --conflicts", "3 ops refused", "1 entry behind", "mind the gap"},
		},
	} {
		verdict, notes := verdictOn(&tc.status)
		text := strings.Join(notes, "\n")
		if verdict != tc.verdict || len(tc.notes) == 0 && text != "" {
			t.Errorf("%s: %q, %q, want %q", name, verdict, notes, tc.verdict)
		}
		for _, want := range tc.notes {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %q", name, want, text)
			}
		}
	}
}
