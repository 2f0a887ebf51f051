package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
)

// stranger is a field that no verb knows.
const stranger = "zz_unknown"

// What a route does not know is never read by accident: one that changes something
// refuses it by name, before anything is done, and one that only reads says in its
// answer that it left it out. In the query and in the body, on every route.
func TestWhatNoRouteKnowsIsRefusedByChangesAndNamedByReads(t *testing.T) {
	asked := map[string]bool{}
	for name, steps := range conversations() {
		t.Run(name, func(t *testing.T) {
			n := alone(t).operated()
			n.play(steps, func(s step) {
				rt := routeOf(s)
				strict := rt != nil && rt.Strict
				if rt == nil || s.status == http.StatusNotImplemented || s.status == http.StatusBadRequest || !strict && s.status >= http.StatusBadRequest {
					return
				}
				for _, odd := range strangely(s, rt) {
					a := n.undescribed(odd)
					switch {
					case strict:
						fields := fmt.Sprint(a.body["fields"])
						if a.status != http.StatusBadRequest || a.body["code"] != string(client.CodeUnknownField) || !strings.Contains(fields, stranger) {
							t.Errorf("%s: %s %s %s: %d %s", s.name, odd.method, odd.path, odd.body, a.status, a.raw)
						}
					case a.status == http.StatusOK && !strings.Contains(fmt.Sprint(a.body["ignored"]), stranger):
						t.Errorf("%s: %s %s %s does not say what it left out: %s", s.name, odd.method, odd.path, odd.body, a.raw)
					case a.status >= http.StatusBadRequest:
						t.Errorf("%s: %s %s %s: %d %s", s.name, odd.method, odd.path, odd.body, a.status, a.raw)
					}
					asked[rt.Method+" "+rt.Path] = true
				}
			}, func(s step, a answer, _ map[string]string) {
				if a.status != s.status { // what was refused has changed nothing
					t.Errorf("%s: status %d, want %d: %s", s.name, a.status, s.status, a.raw)
				}
			})
		})
	}
	unasked := []string{"GET /api/v1/diff"} // a node alone has nobody to compare with
	for _, rt := range allRoutes() {
		name := rt.Method + " " + rt.Path
		if !asked[name] && !rt.Stream && (rt.Mutates || rt.Operator || rt.Verb != "") && !slices.Contains(unasked, name) {
			t.Errorf("%s was not asked with what it does not know", name)
		}
	}
}

// What is bound by hand keeps to the same rule: a stream of events names what it left
// out in a comment, and an export and an import refuse it, which cannot.
// A value that is given twice, and not the same, leaves open which was meant: in the query
// and in the body, or under two names. A change refuses it; a read names what it left out.
// So is a switch without a value that takes more away.
func TestAChangeThatContradictsItselfIsRefused(t *testing.T) {
	n := alone(t).operated()
	one := n.call("POST", "/api/v1/memories", `{"title":"one","content":"x","namespace":"a"}`).want(http.StatusCreated).text("id")
	two := n.call("POST", "/api/v1/memories", `{"title":"two","content":"x","namespace":"b"}`).want(http.StatusCreated).text("id")
	n.call("POST", "/api/v1/links", `{"source_id":"`+one+`","target_id":"`+two+`"}`).want(http.StatusCreated)
	for _, c := range []struct{ method, path, body, field string }{
		{"POST", "/api/v1/forget?namespace=a", `{"namespace":"b"}`, "namespace"},
		{"POST", "/api/v1/forget?namespace=a&namespace=b", `{"namespace":"b"}`, "namespace"},
		{"POST", "/api/v1/forget?namespace=", `{"namespace":"b"}`, "namespace"},
		{"POST", "/api/v1/forget?dry_run=true", `{"namespace":"b","dry_run":false}`, "dry_run"},
		{"POST", "/api/v1/archive?dry_run=true", `{"ids":["` + one + `"],"dry_run":false}`, "dry_run"},
		{"POST", "/api/v1/import?dry_run=true", `{"memories":[{"title":"x","content":"y"}],"dry_run":false}`, "dry_run"},
		{"DELETE", "/api/v1/links?relation=supersedes", `{"source_id":"` + one + `","target_id":"` + two + `","relation":"related_to"}`, "relation"},
		{"DELETE", "/api/v1/links?source_id=" + one + "&target_id=" + two + "&to=" + one, "", "target_id"},
		{"DELETE", "/api/v1/links", `{"source_id":"` + one + `","from":"` + two + `","target_id":"` + two + `"}`, "from"},
		{"POST", "/api/v1/links", `{"source_id":"` + one + `","target_id":"` + two + `","relation":"supersedes","rel_type":"contradicts"}`, "rel_type"},
		{"POST", "/api/v1/memories", `{"title":"three","content":"x","kind":"event","memory_kind":"entity"}`, "memory_kind"},
		{"DELETE", "/api/v1/memories/" + one + "?erase=", "", "erase"},
		{"DELETE", "/api/v1/memories/" + one + "?erase", "", "erase"},
		{"DELETE", "/api/v1/archive?dry_run=", "", "dry_run"},
	} {
		before := n.call("GET", "/api/v1/status", "").text("digest")
		a := n.call(c.method, c.path, c.body)
		if a.status != http.StatusBadRequest || !strings.Contains(fmt.Sprint(a.body["fields"]), c.field) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, a.status, a.raw)
		}
		if after := n.call("GET", "/api/v1/status", "").text("digest"); after != before {
			t.Errorf("%s %s %s changed something", c.method, c.path, c.body)
		}
	}
	n.call("POST", "/api/v1/forget?namespace=a&dry_run=true", `{"namespace":"a","dry_run":true}`).want(http.StatusOK).is(1.0, "archived")
	if got := fmt.Sprint(n.undescribed(step{method: "POST", path: "/api/v1/recall?limit=3", body: `{"context":"one","q":"two","limit":4}`}).body["ignored"]); got != "[q limit]" {
		t.Errorf("a read left out %s", got)
	}
}

func TestStreamsKeepToTheSameRule(t *testing.T) {
	n := alone(t).operated()
	for _, path := range []string{"/api/v1/events", "/api/v1/approvals/stream"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+path+"?since=0&"+stranger+"=1&a%0Adata:=2", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var seen []string
		for lines := bufio.NewScanner(res.Body); len(seen) < 2 && lines.Scan(); {
			if name, is := strings.CutPrefix(lines.Text(), ": ignored "); is {
				seen = append(seen, name)
			}
		}
		_ = res.Body.Close()
		if want := []string{`"a\ndata:"`, `"` + stranger + `"`}; !slices.Equal(seen, want) {
			t.Errorf("%s names %q, want %q", path, seen, want)
		}
	}
	for _, s := range []step{
		{method: "GET", path: "/api/v1/export?format=json&" + stranger + "=1"},
		{method: "GET", path: "/api/v1/export?format=complete&" + stranger + "=1"},
		{method: "POST", path: "/api/v1/import/complete?" + stranger + "=1"},
	} {
		a := n.undescribed(s)
		if a.status != http.StatusBadRequest || a.body["code"] != string(client.CodeUnknownField) || !strings.Contains(fmt.Sprint(a.body["fields"]), stranger) {
			t.Errorf("%s %s: %d %s", s.method, s.path, a.status, a.raw)
		}
	}
}

// undescribed sends a request that the document does not describe.
func (n *node) undescribed(s step) answer {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), s.method, n.url+s.path, strings.NewReader(s.body))
	if err != nil {
		n.t.Fatal(err)
	}
	headers := append(slices.Clone(n.always), s.headers()...)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if s.method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	a := answer{t: n.t, status: res.StatusCode, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body) // else it is no object
	return a
}

// routeOf is the row behind a step, nil if it is of a page and not of an API.
func routeOf(s step) *api.Route {
	for _, rt := range allRoutes() {
		if rt.Method+" "+rt.Path == patternOf(s.method, s.path) && (rt.Verb != "" || rt.Mutates || rt.Operator) {
			return &rt
		}
	}
	return nil
}

// strangely is a step with a field more: in its query, and in its body if that is
// a JSON object.
func strangely(s step, rt *api.Route) []step {
	in := s
	mark := "?"
	if strings.Contains(s.path, "?") {
		mark = "&"
	}
	in.path += mark + stranger + "=1"
	out := []step{in}
	var fields map[string]json.RawMessage
	if rt.Strict && rt.Request == nil && s.body == "" {
		in = s
		in.body = `{"` + stranger + `":1}`
		out = append(out, in)
	}
	if rt.Request != nil && json.Unmarshal([]byte(s.body), &fields) == nil && len(fields) > 0 {
		in = s
		in.body = `{"` + stranger + `":1,` + strings.TrimSpace(s.body)[1:]
		out = append(out, in)
	}
	return out
}

// How far a write is to wait is said once, like all else.
func TestHowFarToWaitIsSaidOnce(t *testing.T) {
	n := alone(t)
	for _, query := range []string{"durability=local&durability=all", "when_short=local&when_short=fail"} {
		n.undescribed(step{method: "POST", path: "/api/v1/memories?" + query, body: `{"title":"x","content":"y"}`}).want(http.StatusBadRequest).is("UNKNOWN_FIELD", "code")
	}
}

// Who is told that a field is not known is told which one is: in the body, below it,
// in the query, and in an item of many.
func TestAFieldThatWasMeantIsNamed(t *testing.T) {
	n := alone(t)
	for name, tc := range map[string]struct{ path, body, want string }{
		"a slip":           {"/api/v1/memories", `{"titel":"x","content":"y"}`, "unknown field titel (did you mean title?)"},
		"of several, one":  {"/api/v1/memories", `{"title":"x","content":"y","frobnicate":1,"namespce":"a"}`, "unknown field frobnicate, namespce (did you mean namespace?)"},
		"other letters":    {"/api/v1/memories", `{"title":"x","Content":"y"}`, "unknown field Content (did you mean content?)"},
		"below":            {"/api/v1/memories", `{"title":"x","content":"y","citations":[{"uri":"u"},{"urii":"u"}]}`, "citations[1].urii (did you mean citations[1].uri?)"},
		"twice":            {"/api/v1/memories", `{"title":"x","title":"z","content":"y"}`, "unknown field title"},
		"in the query":     {"/api/v1/forget?namespce=a", `{}`, "namespce (did you mean namespace?)"},
		"in an item":       {"/api/v1/memories/bulk", `[{"title":"x","content":"y"},{"titel":"x","content":"y"}]`, "unknown_field: nothing was changed: unknown field titel (did you mean title?)"},
		"beside the items": {"/api/v1/memories/bulk", `{"memorys":[]}`, "memorys (did you mean memories?)"},
	} {
		a := n.undescribed(step{method: "POST", path: tc.path, body: tc.body})
		if !strings.Contains(a.raw, tc.want) {
			t.Errorf("%s: %d %s, want %q", name, a.status, a.raw, tc.want)
		}
		if name == "twice" && strings.Contains(a.raw, "did you mean") {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
}

// A value that breaks a rule is named by its field, also where the rule is one of many
// fields and knows none of them.
func TestTheFieldOfAnInvalidValueIsNamed(t *testing.T) {
	n := alone(t)
	long := strings.Repeat("x", 200)
	for _, tc := range []struct{ path, body, field string }{
		{"/api/v1/links", `{"source_id":" ","target_id":"b","relation":"related_to"}`, "source_id"},
		{"/api/v1/links", `{"source_id":"a","target_id":"../b","relation":"related_to"}`, "target_id"},
		{"/api/v1/links", `{"source_id":"a","target_id":"` + long + `","relation":"related_to"}`, "target_id"},
		{"/api/v1/kg/invalidate", `{"source_id":"a","target_id":"b c","relation":"related_to"}`, "target_id"},
		{"/api/v1/kg/find_paths", `{"source_id":"a b","target_id":"b"}`, "source_id"},
		{"/api/v1/archive", `{"ids":["a","b c"]}`, "ids"},
		{"/api/v1/share", `{"source_memory_id":"a b","target_agent_id":"bob"}`, "source_memory_id"},
		{"/api/v1/share", `{"source_memory_id":"a","target_agent_id":"b ob"}`, "target_agent_id"},
		{"/api/v1/agents", `{"agent_id":"b ob","agent_type":"ai:claude"}`, "agent_id"},
		{"/api/v1/notify", `{"target_agent_id":"bob","title":"t","payload":" "}`, "payload"},
		{"/api/v1/handoff", `{"title":"t","summary":" "}`, "summary"},
		{"/api/v1/entities", `{"canonical_name":" ","namespace":"a"}`, "canonical_name"},
		{"/api/v1/subscriptions", `{"url":"https://hooks.example.org/x","events":["memory_stor"],"secret":"s"}`, "events"},
		{"/api/v1/memory_subscription_replay", `{"subscription_id":"a b","since":"2026-01-01T00:00:00Z"}`, "subscription_id"},
	} {
		a := n.undescribed(step{method: "POST", path: tc.path, body: tc.body, agent: "alice"})
		if a.status != http.StatusBadRequest || !strings.Contains(a.raw, `"fields":["`+tc.field+`"]`) || !strings.Contains(a.raw, `"error":"`+tc.field) {
			t.Errorf("%s %.100s: %d %s, want %s named", tc.path, tc.body, a.status, a.raw, tc.field)
		}
	}
}

// Rules that are misspelt leave open what they were to close: none of them is taken, and
// those that were there still hold.
func TestRulesThatNobodyKeepsAreRefused(t *testing.T) {
	n := alone(t)
	set := func(rules string) answer {
		return n.call("POST", "/api/v1/namespaces/ruled/standard", `{"governance":`+rules+`}`, agent("ann")...)
	}
	set(`{"write":"owner"}`).want(http.StatusCreated)
	for rules, field := range map[string]string{
		`{"wirte":"approve"}`:               "governance.wirte",
		`{"Write":"any"}`:                   "governance.Write",
		`{"write":"any","aprover":"human"}`: "governance.aprover",
		`{"write":"any","write_qorum":2}`:   "governance.write_qorum",
	} {
		a := set(rules)
		if a.status != http.StatusBadRequest || a.body["code"] != string(client.CodeUnknownField) || !strings.Contains(fmt.Sprint(a.body["fields"]), field) {
			t.Errorf("%s: %d %s", rules, a.status, a.raw)
		}
	}
	for _, rules := range []string{ // rules of ai-memory, of things that are not here
		`{"write":"owner","max_reflection_depth":2,"require_approval_above_depth":1}`,
		`{"write":"owner","auto_atomise":true,"auto_classify_kind":"off","auto_persona_trigger_every_n_memories":5}`,
		`{"write":"owner","refuse_supersede_goal":false,"skill_promotion_min_depth":1,"legacy_per_pair_classifier":false}`,
		`{"write":"owner","auto_export_reflections_to_filesystem":true,"auto_atomise_max_atom_tokens":9}`,
	} {
		set(rules).want(http.StatusCreated)
	}
	set(`{"write":"owner"}`).want(http.StatusCreated)
	if a := set(`{"wirte":"any"}`); !strings.Contains(a.raw, "governance.write") {
		t.Errorf("nobody says what was meant: %s", a.raw)
	}
	if got := n.call("GET", "/api/v1/namespaces/ruled/standard", "").want(http.StatusOK).raw; !strings.Contains(got, `{"write":"owner"}`) {
		t.Errorf("the rules are now %s", got)
	}
}
