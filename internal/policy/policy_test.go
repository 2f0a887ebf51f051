package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// known are the registered agents.
func known(a memory.AgentID) bool { return strings.HasPrefix(string(a), "reg-") }

func rules(change func(*policy.Rules)) policy.Rules {
	r := policy.DefaultRules()
	if change != nil {
		change(&r)
	}
	return r
}

func write(rule string) policy.Rules {
	return rules(func(r *policy.Rules) { r.Write, r.Owner = rule, "chief" })
}

func of(owner memory.AgentID, r policy.Rules) policy.Subject {
	return policy.Subject{Namespace: "ns", Access: memory.Access{Owner: owner}, Rules: r}
}

func fresh(r policy.Rules) policy.Subject {
	return policy.Subject{Namespace: "ns", New: true, Rules: r}
}

var (
	put     = &memory.Put{}
	create  = &memory.Put{Create: true}
	defined = policy.DefaultRules()
)

func TestDecide(t *testing.T) {
	deleting := func(rule string) policy.Rules { return rules(func(r *policy.Rules) { r.Delete = rule }) }
	promoting := rules(func(r *policy.Rules) { r.Promote = memory.RuleApprove })
	tests := map[string]struct {
		actor memory.AgentID
		op    memory.Op
		c     policy.Context
		want  policy.Verdict
	}{
		"create":                                {"alice", create, policy.Context{Subjects: []policy.Subject{fresh(defined)}}, policy.Allow},
		"create where it is for registered":     {"alice", create, policy.Context{Subjects: []policy.Subject{fresh(write("registered"))}}, policy.Refuse},
		"create by registered":                  {"reg-a", create, policy.Context{Subjects: []policy.Subject{fresh(write("registered"))}}, policy.Allow},
		"create where it is for the owner":      {"alice", create, policy.Context{Subjects: []policy.Subject{fresh(write("owner"))}}, policy.Refuse},
		"create by the owner":                   {"chief", create, policy.Context{Subjects: []policy.Subject{fresh(write("owner"))}}, policy.Allow},
		"create that needs approval":            {"chief", create, policy.Context{Subjects: []policy.Subject{fresh(write("approve"))}}, policy.Propose},
		"create that has approval":              {"alice", create, policy.Context{Subjects: []policy.Subject{fresh(write("approve"))}, Approved: true}, policy.Allow},
		"approval does not make registered":     {"alice", create, policy.Context{Subjects: []policy.Subject{fresh(write("registered"))}, Approved: true}, policy.Refuse},
		"create under an unknown rule":          {"alice", create, policy.Context{Subjects: []policy.Subject{fresh(write("perhaps"))}}, policy.Refuse},
		"create over a dead one of others":      {"alice", create, policy.Context{Subjects: []policy.Subject{fresh(defined), of("bob", defined)}}, policy.Refuse},
		"edit own":                              {"alice", put, policy.Context{Subjects: []policy.Subject{of("alice", defined)}}, policy.Allow},
		"edit unowned":                          {"alice", put, policy.Context{Subjects: []policy.Subject{of("", defined)}}, policy.Allow},
		"edit another's":                        {"alice", put, policy.Context{Subjects: []policy.Subject{of("bob", defined)}}, policy.Refuse},
		"edit another's is refused at once":     {"alice", put, policy.Context{Subjects: []policy.Subject{of("bob", write("approve"))}}, policy.Refuse},
		"approval does not make an owner":       {"alice", put, policy.Context{Subjects: []policy.Subject{of("bob", write("approve"))}, Approved: true}, policy.Refuse},
		"move into a strict namespace":          {"alice", put, policy.Context{Subjects: []policy.Subject{of("alice", defined), of("alice", write("approve"))}}, policy.Propose},
		"promote goes by its own rule":          {"alice", put, policy.Context{Subjects: []policy.Subject{of("alice", promoting)}, Promote: true}, policy.Propose},
		"edit does not go by that of promote":   {"alice", put, policy.Context{Subjects: []policy.Subject{of("alice", promoting)}}, policy.Allow},
		"delete own":                            {"alice", &memory.Delete{}, policy.Context{Subjects: []policy.Subject{of("alice", defined)}}, policy.Allow},
		"delete another's":                      {"alice", &memory.Delete{}, policy.Context{Subjects: []policy.Subject{of("bob", deleting("any"))}}, policy.Refuse},
		"delete with approval":                  {"alice", &memory.Delete{}, policy.Context{Subjects: []policy.Subject{of("alice", deleting("approve"))}}, policy.Propose},
		"erase is a delete":                     {"alice", &memory.Erase{}, policy.Context{Subjects: []policy.Subject{of("alice", deleting("approve"))}}, policy.Propose},
		"archive is no way around it":           {"alice", &memory.Archive{}, policy.Context{Subjects: []policy.Subject{of("alice", deleting("approve"))}}, policy.Propose},
		"restore is a write":                    {"alice", &memory.Restore{}, policy.Context{Subjects: []policy.Subject{of("alice", deleting("approve"))}}, policy.Allow},
		"restore another's":                     {"alice", &memory.Restore{}, policy.Context{Subjects: []policy.Subject{of("bob", defined)}}, policy.Refuse},
		"link from own":                         {"alice", &memory.Link{}, policy.Context{Subjects: []policy.Subject{of("alice", defined), of("bob", defined)}}, policy.Allow},
		"link from another's":                   {"alice", &memory.Link{}, policy.Context{Subjects: []policy.Subject{of("bob", defined), of("alice", defined)}}, policy.Refuse},
		"link by the recipient":                 {"alice", &memory.Link{}, policy.Context{Subjects: []policy.Subject{{Access: memory.Access{Owner: "bob", Target: "alice"}, Rules: defined}, of("bob", defined)}}, policy.Allow},
		"unlink by the owner of the target":     {"alice", &memory.Unlink{}, policy.Context{Subjects: []policy.Subject{of("bob", defined), of("alice", defined)}}, policy.Allow},
		"unlink by a third":                     {"alice", &memory.Unlink{}, policy.Context{Subjects: []policy.Subject{of("bob", defined), of("carol", defined)}}, policy.Refuse},
		"consolidate own":                       {"alice", &memory.Consolidate{}, policy.Context{Subjects: []policy.Subject{fresh(defined), of("alice", defined), of("", defined)}}, policy.Allow},
		"consolidate another's":                 {"alice", &memory.Consolidate{}, policy.Context{Subjects: []policy.Subject{fresh(defined), of("alice", defined), of("bob", defined)}}, policy.Refuse},
		"consolidate deletes its sources":       {"alice", &memory.Consolidate{}, policy.Context{Subjects: []policy.Subject{fresh(defined), of("alice", deleting("approve"))}}, policy.Propose},
		"set the standard of nobody":            {"alice", &memory.SetStandard{}, policy.Context{Subjects: []policy.Subject{fresh(write("approve"))}}, policy.Allow},
		"set another's standard":                {"alice", &memory.SetStandard{}, policy.Context{Subjects: []policy.Subject{of("bob", defined)}}, policy.Refuse},
		"clear another's standard":              {"alice", &memory.ClearStandard{}, policy.Context{Subjects: []policy.Subject{of("bob", defined)}}, policy.Refuse},
		"a resolve is for the home node to ask": {"alice", &memory.Resolve{}, policy.Context{}, policy.Refuse},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := policy.Decide(policy.Actor{ID: tc.actor, Registered: known}, tc.op, tc.c)
			if got.Verdict != tc.want {
				t.Errorf("got %+v, want verdict %d", got, tc.want)
			}
			if got.Verdict == policy.Refuse && got.Reason == "" {
				t.Error("a refusal without a reason")
			}
		})
	}
}

// In what is for operators no standard counts: it neither keeps an operator out nor
// lets anybody else in.
func TestDecideForOperatorsAlone(t *testing.T) {
	for _, rule := range []string{memory.RuleAny, memory.RuleRegistered, memory.RuleOwner, memory.RuleApprove, "perhaps"} {
		r := rules(func(r *policy.Rules) { r.Write, r.Promote, r.Delete, r.Owner = rule, rule, rule, "reg-a" })
		for _, namespace := range []string{memory.FederationNamespace, memory.FederationNamespace + "/teams"} {
			made := policy.Subject{Namespace: namespace, New: true, Rules: r}
			there := policy.Subject{Namespace: namespace, Access: memory.Access{Target: "reg-a"}, Rules: r}
			for _, k := range memory.Kinds() {
				if slices.Contains([]memory.Kind{memory.KindPropose, memory.KindDecide, memory.KindResolve, memory.KindTouch}, k) {
					continue // cannot be asked for
				}
				for _, c := range []policy.Context{
					{Subjects: []policy.Subject{made, there}},
					{Subjects: []policy.Subject{there, there}},
					{Subjects: []policy.Subject{there, there}, Promote: true},
					{Subjects: []policy.Subject{there, there}, Approved: true},
				} {
					for _, a := range []policy.Actor{{ID: memory.Anonymous}, {ID: "alice", Registered: known}, {ID: "reg-a", Registered: known}} {
						if d := policy.Decide(a, memory.New(k), c); d.Verdict != policy.Refuse {
							t.Errorf("%s under %s: %s may: %+v", k, rule, a.ID, d)
						}
						a.Operator = true
						if d := policy.Decide(a, memory.New(k), c); d.Verdict != policy.Allow {
							t.Errorf("%s under %s: %s may not as operator: %+v", k, rule, a.ID, d)
						}
					}
				}
			}
		}
	}
	// A name that begins the same is under the standard like any other.
	near := policy.Subject{Namespace: memory.FederationNamespace + "s", New: true, Rules: write("approve")}
	if d := policy.Decide(policy.Actor{ID: "alice", Operator: true}, create, policy.Context{Subjects: []policy.Subject{near}}); d.Verdict != policy.Propose {
		t.Errorf("%+v", d)
	}
}

func TestEveryKindIsDecided(t *testing.T) {
	for _, k := range memory.Kinds() {
		d := policy.Decide(policy.Actor{ID: "alice"}, memory.New(k), policy.Context{Subjects: []policy.Subject{of("bob", defined), of("bob", defined)}})
		if d.Verdict != policy.Refuse {
			t.Errorf("alice may %s what belongs to bob", k)
		}
	}
}

// Where all rules ask for approval, nothing goes through without, and everything
// that can be asked for goes through with it.
func TestEveryKindWaitsForApproval(t *testing.T) {
	strict := rules(func(r *policy.Rules) {
		r.Write, r.Promote, r.Delete = memory.RuleApprove, memory.RuleApprove, memory.RuleApprove
	})
	for _, k := range memory.Kinds() {
		var without, with policy.Verdict
		switch k {
		case memory.KindSetStandard, memory.KindClearStandard: // for whom the standard belongs to
		case memory.KindPropose, memory.KindDecide, memory.KindResolve, memory.KindTouch:
			without, with = policy.Refuse, policy.Refuse
		case memory.KindPut, memory.KindDelete, memory.KindErase, memory.KindArchive, memory.KindRestore,
			memory.KindLink, memory.KindUnlink, memory.KindConsolidate:
			without, with = policy.Propose, policy.Allow
		}
		for _, s := range []policy.Subject{of("alice", strict), of("", strict)} {
			c := policy.Context{Subjects: []policy.Subject{s, s}}
			for approved, want := range map[bool]policy.Verdict{false: without, true: with} {
				c.Approved = approved
				if d := policy.Decide(policy.Actor{ID: "alice"}, memory.New(k), c); d.Verdict != want {
					t.Errorf("%s of %q with approval %v: %v (%s), want %v", k, s.Access.Owner, approved, d.Verdict, d.Reason, want)
				}
			}
		}
	}
}

func TestProposalNamesItsApprovers(t *testing.T) {
	for name, tc := range map[string]struct {
		approver any
		want     memory.Approver
		verdict  policy.Verdict
	}{
		"anybody":   {nil, memory.Approver{}, policy.Propose},
		"human":     {"human", memory.Approver{}, policy.Propose},
		"agent":     {map[string]any{"agent": "carol"}, memory.Approver{Agent: "carol"}, policy.Propose},
		"consensus": {map[string]any{"consensus": 3.0}, memory.Approver{Consensus: 3}, policy.Propose},
		"nonsense":  {"the cat", memory.Approver{}, policy.Refuse},
	} {
		t.Run(name, func(t *testing.T) {
			r := rules(func(r *policy.Rules) { r.Write, r.Approver = memory.RuleApprove, tc.approver })
			d := policy.Decide(policy.Actor{ID: "alice"}, create, policy.Context{Subjects: []policy.Subject{fresh(r)}})
			if d.Verdict != tc.verdict || d.Approver != tc.want || d.Verdict == policy.Propose && d.Namespace != "ns" {
				t.Errorf("got %+v", d)
			}
		})
	}
}

func pending(requester memory.AgentID, a memory.Approver, votes ...memory.Vote) *memory.Pending {
	for i := range votes {
		votes[i].At = memory.Instant(i + 1)
	}
	return &memory.Pending{Propose: memory.Propose{ID: "p", Requester: requester, Approver: a}, Votes: votes}
}

func yes(a memory.AgentID) memory.Vote { return memory.Vote{Voter: a, Approve: true} }

func no(a memory.AgentID) memory.Vote { return memory.Vote{Voter: a} }

func TestTally(t *testing.T) {
	two := memory.Approver{Consensus: 2}
	type result struct {
		Outcome string
		By      memory.AgentID
	}
	tests := map[string]struct {
		p    *memory.Pending
		want result
	}{
		"no votes":                         {pending("alice", memory.Approver{}), result{}},
		"one of anybody":                   {pending("alice", memory.Approver{}, yes("bob")), result{"approved", "bob"}},
		"who asked does not count":         {pending("alice", memory.Approver{}, yes("alice"), yes("ALICE")), result{}},
		"nobody asked":                     {pending(memory.Anonymous, memory.Approver{}, yes(memory.Anonymous)), result{"approved", memory.Anonymous}},
		"who asked may withdraw":           {pending("alice", memory.Approver{Agent: "carol"}, no("alice")), result{"rejected", "alice"}},
		"the named agent":                  {pending("alice", memory.Approver{Agent: "carol"}, yes("bob"), yes("carol")), result{"approved", "carol"}},
		"not the named agent":              {pending("alice", memory.Approver{Agent: "carol"}, yes("bob"), no("bob")), result{}},
		"one rejection ends it":            {pending("alice", two, yes("reg-a"), no("reg-b"), yes("reg-c")), result{"rejected", "reg-b"}},
		"rejection after the last vote":    {pending("alice", memory.Approver{}, yes("bob"), no("carol")), result{"rejected", "carol"}},
		"consensus":                        {pending("alice", two, yes("reg-a"), yes("reg-b"), yes("reg-c")), result{"approved", "reg-b"}},
		"consensus of one agent":           {pending("alice", two, yes("reg-a"), yes("REG-A"), yes("reg-A")), result{}},
		"consensus of unregistered agents": {pending("alice", two, yes("x"), yes("y"), no("z")), result{}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			outcome, by := policy.CountVotes(tc.p, func(a memory.AgentID) bool { return known(memory.AgentID(strings.ToLower(string(a)))) })
			if diff := cmp.Diff(tc.want, result{outcome, by}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSees(t *testing.T) {
	named := pending("alice", memory.Approver{Agent: "carol"})
	for agent, want := range map[memory.AgentID]bool{"alice": true, "bob": false, "carol": true} {
		if got := policy.Sees(agent, named); got != want {
			t.Errorf("%s sees it: %v", agent, got)
		}
		if !policy.Sees(agent, pending("alice", memory.Approver{})) {
			t.Errorf("%s could decide and does not see it", agent)
		}
	}
}
