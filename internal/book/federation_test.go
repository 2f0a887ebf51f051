package book_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

var operator = engine.Caller{Agent: "root", Operator: true}

func (n *node) wantTeams(t *testing.T, want ...governance.Team) {
	t.Helper()
	got, err := n.Teams(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want == nil {
		want = []governance.Team{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParallelChangesOfATeamAllCount(t *testing.T) {
	n := alone(t)
	all := make([]memory.AgentID, 8)
	for i := range all {
		all[i] = memory.AgentID(fmt.Sprintf("agent-%d", i))
	}
	for round := range 10 {
		name := fmt.Sprintf("team-%d", round%8) // the last ones are of teams that were ended
		if round%2 == 0 {                       // the others are made by whoever comes first
			ok(t)(n.ChangeTeam(t.Context(), operator, name, []memory.AgentID{"zoe", "yan"}, nil))
		}
		var g errgroup.Group
		for _, a := range all {
			g.Go(func() error {
				_, err := n.ChangeTeam(t.Context(), operator, name, []memory.AgentID{a}, nil)
				return err
			})
		}
		g.Go(func() error {
			_, err := n.ChangeTeam(t.Context(), operator, name, nil, []memory.AgentID{"zoe", "yan"})
			return err
		})
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		n.wantTeams(t, governance.Team{Name: name, Members: all})
		ok(t)(n.RemoveTeam(t.Context(), operator, name))
		n.wantTeams(t)
	}
}

func TestNoStandardBindsOperatorsInWhatIsTheirs(t *testing.T) {
	for _, rules := range []string{
		`{"write":"registered","promote":"registered","delete":"registered"}`,
		`{"write":"approve","promote":"approve","delete":"approve"}`,
		`{"write":"owner","promote":"owner","delete":"owner"}`,
	} {
		t.Run(rules, func(t *testing.T) {
			n := alone(t)
			ok(t)(n.SetStandard(t.Context(), bob, governance.StandardDraft{Namespace: memory.RootNamespace, Governance: memory.Object(rules)}))
			for _, member := range []memory.AgentID{"alice", "carol"} {
				if out := ok(t)(n.ChangeTeam(t.Context(), operator, "ops", []memory.AgentID{member}, nil)); out.Pending != nil {
					t.Fatalf("the change waits for approval: %+v", out.Pending)
				}
			}
			n.wantTeams(t, governance.Team{Name: "ops", Members: []memory.AgentID{"alice", "carol"}})

			rec, err := n.Titled(t.Context(), memory.Anonymous, memory.FederationNamespace, memory.TeamTitle+"ops", nil)
			if err != nil || rec == nil {
				t.Fatalf("%v, %v", rec, err)
			}
			for _, c := range []engine.Caller{nobody, alice, bob} {
				tags := []string{"bob"}
				_, err := n.Update(t.Context(), c, rec.ID, records.Patch{Tags: &tags})
				wantForbidden(t, err)
				_, err = n.Delete(t.Context(), c, rec.ID)
				wantForbidden(t, err)
				_, err = n.CreateReserved(t.Context(), c, in(memory.FederationNamespace, draft(memory.TeamTitle+"own")))
				wantForbidden(t, err)
				_, err = n.SetStandard(t.Context(), c, governance.StandardDraft{Namespace: memory.FederationNamespace, Governance: memory.Object(`{"write":"any"}`)})
				wantForbidden(t, err)
			}

			for _, set := range [][]string{{"deny webhook http://*"}, {"allow * *"}} {
				if out := ok(t)(n.SetOutbound(t.Context(), operator, set)); out.Pending != nil {
					t.Fatalf("the rules wait for approval: %+v", out.Pending)
				}
				got, err := n.Outbound(t.Context())
				if diff := cmp.Diff(set, got); diff != "" || err != nil {
					t.Error(diff, err)
				}
			}
			if out := ok(t)(n.RemoveTeam(t.Context(), operator, "ops")); out.Pending != nil {
				t.Fatalf("the end waits for approval: %+v", out.Pending)
			}
			n.wantTeams(t)
		})
	}
}
