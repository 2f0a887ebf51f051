package memory_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

func TestTiers(t *testing.T) {
	ascending := []memory.Tier{"", memory.Short, memory.Mid, memory.Long}
	for i, tier := range ascending {
		if tier.Rank() != i-1 {
			t.Errorf("%q has rank %d, want %d", tier, tier.Rank(), i-1)
		}
	}
	for tier, want := range map[memory.Tier]time.Duration{memory.Short: 6 * time.Hour, memory.Mid: 168 * time.Hour, memory.Long: 0} {
		if got := tier.TTL(); got != want {
			t.Errorf("%s lives %s, want %s", tier, got, want)
		}
	}
}

// Other nodes derive the same ids: these values must never change.
func TestDerivedIDsAreFixed(t *testing.T) {
	for in, want := range map[[2]string]string{
		{"global", "Release checklist"}: "a13908f4-c5f0-8336-ade9-c9492e8ab662",
		{"a/b", "Über"}:                 "1032d901-566b-8860-94e9-cc70c73d806d",
	} {
		if got := memory.DerivedID(in[0], in[1]); got != want {
			t.Errorf("%v: got %s, want %s", in, got, want)
		}
	}
}

func TestDerivedIDsAreUUIDsOfVersion8(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := memory.DerivedID(rapid.String().Draw(t, "namespace"), rapid.String().Draw(t, "title"))
		if len(id) != 36 || id[14] != '8' || (id[19] != '8' && id[19] != '9' && id[19] != 'a' && id[19] != 'b') {
			t.Fatalf("%s is no UUIDv8", id)
		}
		if err := memory.ValidID(id); err != nil {
			t.Fatal(err)
		}
	})
	if memory.DerivedID("a", "b") == memory.DerivedID("b", "a") {
		t.Error("namespace and title are mixed up")
	}
}

func TestScopesThatNobodyMayMake(t *testing.T) {
	tests := map[string]bool{
		``: true, `{}`: true, `{"scope":null}`: true, `{"scope":""}`: true, `{"scope":"collective"}`: true, `{"scope":"shared"}`: true,
		`{"agent_id":"a","scope":"private"}`: true, `{"agent_id":"a","scope":"team"}`: true,
		`{"agent_id":"a","scope":"Private"}`: false, `{"agent_id":"a","scope":"tema"}`: false, `{"agent_id":"a","scope":" "}`: false,
		`{"agent_id":"a","scope":["private"]}`: false, `{"agent_id":"a","scope":7}`: false,
		`{"scope":"private"}`: false, `{"scope":"team"}`: false, `{"agent_id":"anonymous","scope":"private"}`: false,
	}
	for meta, ok := range tests {
		if err := memory.ValidScope(memory.Object(meta)); (err == nil) != ok || err != nil && !errors.Is(err, memory.ErrInvalid) {
			t.Errorf("%s: %v", meta, err)
		}
	}
}

func TestPrivateMemoriesHaveIdsOfTheirOwners(t *testing.T) {
	ids := map[string]string{}
	for _, meta := range []string{``, `{"agent_id":"a"}`, `{"agent_id":"b"}`} {
		m := memory.Memory{Namespace: "global", Title: "Diary", Metadata: memory.Object(meta)}
		ids[memory.IdentityOf(m)] = meta
	}
	if len(ids) != 3 {
		t.Errorf("identities: %v", ids)
	}
	open := memory.Memory{Namespace: "global", Title: "Diary", Metadata: memory.Object(`{"agent_id":"a","scope":"collective"}`)}
	if got := memory.IdentityOf(open); got != memory.DerivedID("global", "Diary") {
		t.Errorf("a public memory is %s", got)
	}
}

func TestWhoMayReadARecord(t *testing.T) {
	tests := map[string]struct {
		metadata string
		readers  string // of a, b, c, "-" is anonymous
	}{
		"no metadata":                      {``, "abc-"},
		"an owner":                         {`{"agent_id":"a"}`, "a"},
		"an owner and a recipient":         {`{"agent_id":"a","target_agent_id":"b"}`, "ab"},
		"private, said so":                 {`{"agent_id":"a","scope":"private"}`, "a"},
		"scope null":                       {`{"agent_id":"a","scope":null}`, "a"},
		"scope empty":                      {`{"agent_id":"a","scope":""}`, "a"},
		"for everybody":                    {`{"agent_id":"a","scope":"collective"}`, "abc-"},
		"for everybody, as ai-memory says": {`{"agent_id":"a","scope":"shared"}`, "abc-"},
		"scope team":                       {`{"agent_id":"a","scope":"team"}`, "a"},
		"scope unit, and a recipient":      {`{"agent_id":"a","scope":"unit","target_agent_id":"b"}`, "ab"},
		"scope org":                        {`{"agent_id":"a","scope":"org"}`, "a"},
		"private in capitals":              {`{"agent_id":"a","scope":"Private"}`, "a"},
		"public in capitals":               {`{"agent_id":"a","scope":"Collective"}`, "a"},
		"a scope that nobody knows":        {`{"agent_id":"a","scope":"privat"}`, "a"},
		"a scope that is blank":            {`{"agent_id":"a","scope":" "}`, "a"},
		"private, and nobody's":            {`{"scope":"private"}`, ""},
		"for everybody, and nobody's":      {`{"scope":"collective"}`, "abc-"},
		"anonymous owner":                  {`{"agent_id":"anonymous"}`, "abc-"},
		"anonymous request":                {`{"agent_id":"anonymous:req-1"}`, "abc-"},
		"anonymous request, private":       {`{"agent_id":"anonymous:req-1","scope":"private"}`, ""},
		"owner null":                       {`{"agent_id":null}`, "abc-"},
		"the owner in capitals is nobody":  {`{"agent_id":"a","AGENT_ID":"b"}`, "a"},
		"the scope in capitals is nothing": {`{"agent_id":"a","Scope":"collective"}`, "a"},
		"an owner that is a number":        {`{"agent_id":7}`, ""},
		"a scope that is a list":           {`{"agent_id":"a","scope":["team"]}`, ""},
		"no object":                        {`[]`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := memory.Memory{Metadata: memory.Object(tt.metadata)}.Access()
			var seen []string
			for _, agent := range []memory.AgentID{"a", "b", "c", "-"} {
				name := agent
				if agent == "-" {
					name = memory.Anonymous
				}
				if a.VisibleTo(name) {
					seen = append(seen, string(agent))
				}
			}
			if readers := strings.Join(seen, ""); readers != tt.readers {
				t.Errorf("readers are %q, want %q", readers, tt.readers)
			}
			if a.VisibleTo("") && tt.readers != "abc-" {
				t.Error("somebody without a name may read it")
			}
		})
	}
}

func TestObjects(t *testing.T) {
	var o memory.Object
	if o.Field("a", new(int)) {
		t.Error("an empty object has a field")
	}
	o, err := o.With("b", 2)
	if err != nil {
		t.Fatal(err)
	}
	if o, err = o.With("a", []string{"x"}); err != nil || string(o) != `{"a":["x"],"b":2}` {
		t.Fatalf("got %s, %v", o, err)
	}
	var n int
	if !o.Field("b", &n) || n != 2 || o.Field("a", &n) || o.Field("c", &n) {
		t.Error("the fields are not what was set")
	}
	if _, err := o.With("c", func() {}); err == nil {
		t.Error("a function went into an object")
	}
	if _, err := memory.Object("[]").With("c", 1); err == nil || memory.Object("[]").Field("c", &n) {
		t.Error("a list took a key")
	}
}

func TestObjectsAsJSON(t *testing.T) {
	for in, want := range map[string]string{
		`null`: `{}`, `{}`: `{}`, `{"b":1,"a":{"z":[1.50]}}`: `{"b":1,"a":{"z":[1.50]}}`,
	} {
		var o memory.Object
		if err := json.Unmarshal([]byte(in), &o); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(o); err != nil || string(got) != want {
			t.Errorf("%s came back as %s, %v", in, got, err)
		}
	}
}

func TestMemoriesComeBackFromJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := memorytest.Memory().Draw(t, "memory")
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back memory.Memory
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTimesInJSONHaveNineDigitsAndNoZ(t *testing.T) {
	m := sample()
	m.CreatedAt = memory.InstantOf(noon())
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got["created_at"] != "2026-03-04T12:00:00.000000000+00:00" {
		t.Errorf("created_at is %v", got["created_at"])
	}
	if _, ok := got["expires_at"]; ok {
		t.Error("a memory that never expires has expires_at")
	}
}

func TestGovernance(t *testing.T) {
	no := false
	tests := map[string]struct {
		raw      string
		want     memory.Governance
		approver memory.Approver
		ok       bool
	}{
		"nothing": {raw: `{}`, want: memory.Governance{Write: "any", Promote: "any", Delete: "owner"}, ok: true},
		"all": {
			raw:      `{"write":"approve","promote":"owner","delete":"registered","approver":{"consensus":3},"inherit":false,"write_quorum":2}`,
			want:     memory.Governance{Write: "approve", Promote: "owner", Delete: "registered", Approver: map[string]any{"consensus": 3.0}, Inherit: &no, WriteQuorum: 2},
			approver: memory.Approver{Consensus: 3}, ok: true,
		},
		"a human":             {raw: `{"approver":"human"}`, want: memory.Governance{Write: "any", Promote: "any", Delete: "owner", Approver: "human"}, ok: true},
		"an agent":            {raw: `{"approver":{"agent":"ai:bob"}}`, want: memory.Governance{Write: "any", Promote: "any", Delete: "owner", Approver: map[string]any{"agent": "ai:bob"}}, approver: memory.Approver{Agent: "ai:bob"}, ok: true},
		"keys of the future":  {raw: `{"max_reflection_depth":3}`, want: memory.Governance{Write: "any", Promote: "any", Delete: "owner"}, ok: true},
		"unknown rule":        {raw: `{"write":"nobody"}`},
		"empty rule":          {raw: `{"delete":""}`},
		"negative quorum":     {raw: `{"write_quorum":-1}`},
		"quorum of text":      {raw: `{"write_quorum":"2"}`},
		"consensus of none":   {raw: `{"approver":{"consensus":0}}`},
		"consensus of half":   {raw: `{"approver":{"consensus":1.5}}`},
		"consensus of 101":    {raw: `{"approver":{"consensus":101}}`},
		"two approvers":       {raw: `{"approver":{"consensus":1,"agent":"ai:bob"}}`},
		"an agent of no name": {raw: `{"approver":{"agent":""}}`},
		"a machine":           {raw: `{"approver":"machine"}`},
		"a list":              {raw: `[]`},
		"cut short":           {raw: `{"write":`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := memory.ParseGovernance([]byte(tt.raw))
			if !tt.ok {
				if !errors.Is(err, memory.ErrInvalid) {
					t.Errorf("got %v, want that it is invalid", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if a, err := got.Approvers(); err != nil || a != tt.approver {
				t.Errorf("got approver %+v, %v", a, err)
			}
		})
	}
}

func FuzzParseGovernance(f *testing.F) {
	f.Add([]byte(`{"write":"approve","approver":{"consensus":2},"write_quorum":3}`))
	f.Add([]byte(`{"approver":{"agent":"ai:bob"},"inherit":null}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := memory.ParseGovernance(raw)
		if err != nil {
			if !errors.Is(err, memory.ErrInvalid) {
				t.Fatalf("%v is not an invalid value", err)
			}
			return
		}
		again, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		back, err := memory.ParseGovernance(again)
		if err != nil {
			t.Fatalf("%s, written as %s: %v", raw, again, err)
		}
		if diff := cmp.Diff(g, back); diff != "" {
			t.Fatal(diff)
		}
	})
}
