package policy_test

import (
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

func TestMembersAreThoseConfigured(t *testing.T) {
	s := policy.Sender{Self: "a", Members: []memory.Node{"b", "c"}}
	for from, want := range map[memory.Node]policy.Verdict{"b": policy.Allow, "c": policy.Allow, "d": policy.Refuse, "a": policy.Refuse, "": policy.Refuse} {
		s.Node = from
		if got := policy.AllowMember(s); got.Verdict != want {
			t.Errorf("%q: %+v", from, got)
		}
	}
	if got := policy.AllowMember(policy.Sender{Operator: true}); got.Verdict != policy.Allow {
		t.Errorf("the operator: %+v", got)
	}
}

func TestOriginsHaveAnEnd(t *testing.T) {
	s := policy.Sender{Node: "b", Self: "a", Members: []memory.Node{"b", "c"}}
	tests := map[string]struct {
		n    policy.Numbers
		want policy.Verdict
	}{
		"of the sender":              {policy.Numbers{Node: "b", IsPushed: true}, policy.Allow},
		"of another member":          {policy.Numbers{Node: "c", IsPushed: true}, policy.Allow},
		"of this node":               {policy.Numbers{Node: "a", IsPushed: true}, policy.Allow},
		"of a stranger":              {policy.Numbers{Node: "x", IsPushed: true}, policy.Refuse},
		"of a stranger, asked for":   {policy.Numbers{Node: "x"}, policy.Allow},
		"the last of a member":       {policy.Numbers{Node: "b", OfNode: policy.MaxOriginsOfANode - 1, IsPushed: true}, policy.Allow},
		"too many of a member":       {policy.Numbers{Node: "b", OfNode: policy.MaxOriginsOfANode, IsPushed: true}, policy.Refuse},
		"too many of one, asked for": {policy.Numbers{Node: "x", OfNode: policy.MaxOriginsOfANode}, policy.Refuse},
		"the last of all":            {policy.Numbers{Node: "b", Known: policy.MaxOrigins - 1}, policy.Allow},
		"too many of all":            {policy.Numbers{Node: "b", Known: policy.MaxOrigins}, policy.Refuse},
	}
	for name, tt := range tests {
		if got := policy.AllowOrigin(s, tt.n); got.Verdict != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestBoundsHoldBeforeAndAfter(t *testing.T) {
	tests := map[string]struct {
		bounds, before, after []string
		want                  policy.Verdict
	}{
		"no bounds":                   {nil, []string{"x"}, []string{"y"}, policy.Allow},
		"within":                      {[]string{"team"}, []string{"team"}, []string{"team/build"}, policy.Allow},
		"in one of two":               {[]string{"team", "home"}, nil, []string{"home/a"}, policy.Allow},
		"into another":                {[]string{"team"}, []string{"team"}, []string{"home"}, policy.Refuse},
		"out of another":              {[]string{"team"}, []string{"home"}, []string{"team"}, policy.Refuse},
		"a name that begins the same": {[]string{"team"}, nil, []string{"teams"}, policy.Refuse},
		"above":                       {[]string{"team/build"}, nil, []string{"team"}, policy.Refuse},
		"the rules of all":            {[]string{"team"}, nil, []string{memory.RootNamespace}, policy.Refuse},
		"nothing to judge by":         {[]string{"team"}, nil, nil, policy.Allow},
	}
	for name, tt := range tests {
		if got := policy.AllowWithin("b", tt.bounds, tt.before, tt.after); got.Verdict != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
