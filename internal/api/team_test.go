package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// operated are the headers of the operator of the nodes of these tests.
func operated() []string { return []string{"Authorization", "Bearer " + operatorKey} }

// team changes a team.
func team(n *node, name string, add, remove string) answer {
	return n.call("POST", "/api/v1/teams/"+name, `{"add":[`+add+`],"remove":[`+remove+`]}`, operated()...)
}

func TestATeamReadsWhatIsForIt(t *testing.T) {
	n := alone(t)
	team(n, "ops", `"alice","bob"`, "").want(http.StatusOK).is("alice", "members", 0).is("bob", "members", 1)
	id := n.call("POST", "/api/v1/memories", `{"title":"quincetitle","content":"xylophonetext","namespace":"work","scope":"team"}`, agent("alice")...).want(http.StatusCreated).text("id")
	reads := func(who string, sees bool) {
		t.Helper()
		status := map[bool]int{true: http.StatusOK, false: http.StatusNotFound}[sees]
		n.call("GET", "/api/v1/memories/"+id, "", agent(who)...).want(status)
		for _, path := range []string{
			"/api/v1/memories?namespace=work", "/api/v1/recall?context=xylophonetext", "/api/v1/search?q=xylophonetext", "/api/v1/memories/" + id + "/history",
			"/api/v1/export?namespace=work", "/api/v1/check_duplicate",
		} {
			method, body := "GET", ""
			if strings.HasSuffix(path, "duplicate") {
				method, body = "POST", `{"title":"another","content":"xylophonetext","namespace":"work"}`
			}
			if got := strings.Contains(n.call(method, path, body, agent(who)...).raw, "quincetitle"); got != sees {
				t.Errorf("%s as %s: seen %v, want %v", path, who, got, sees)
			}
		}
	}
	reads("alice", true)
	reads("bob", true)
	reads("carol", false)
	reads("", false)
	n.call("PUT", "/api/v1/memories/"+id, `{"content":"mine now"}`, agent("bob")...).want(http.StatusForbidden) // reading is not writing
	team(n, "ops", `"carol"`, `"bob"`).want(http.StatusOK)
	reads("bob", false)
	reads("carol", true)
	n.call("DELETE", "/api/v1/teams/ops", "", operated()...).want(http.StatusOK)
	reads("carol", false)
	reads("alice", true)
	n.call("GET", "/api/v1/teams", "").want(http.StatusOK).is(0.0, "count")
}

func TestOnlyOperatorsSayWhoIsInATeam(t *testing.T) {
	n := alone(t)
	n.call("POST", "/api/v1/teams/ops", `{"add":["mallory"]}`, agent("mallory")...).want(http.StatusForbidden)
	team(n, "ops", `"alice"`, "").want(http.StatusOK)
	id := n.call("GET", "/api/v1/memories?namespace=_federation", "").want(http.StatusOK).text("memories", 0, "id")
	mallory := agent("mallory")
	for what, a := range map[string]answer{
		"write there":    n.call("POST", "/api/v1/memories", `{"title":"team:own","content":"x","tags":["mallory"],"namespace":"_federation"}`, mallory...),
		"move there":     n.call("PUT", "/api/v1/memories/"+n.call("POST", "/api/v1/memories", `{"title":"team:x","content":"x","tags":["mallory"]}`, mallory...).text("id"), `{"namespace":"_federation"}`, mallory...),
		"edit":           n.call("PUT", "/api/v1/memories/"+id, `{"tags":["alice","mallory"]}`, mallory...),
		"delete":         n.call("DELETE", "/api/v1/memories/"+id, "", mallory...),
		"consolidate":    n.call("POST", "/api/v1/consolidate", `{"ids":["`+id+`","`+n.call("POST", "/api/v1/memories", `{"title":"y","content":"y"}`, mallory...).text("id")+`"],"title":"team:z","summary":"x","namespace":"_federation"}`, mallory...),
		"import":         n.call("POST", "/api/v1/import", `{"memories":[{"id":"i","title":"team:i","content":"x","tags":["mallory"],"namespace":"_federation"}]}`, mallory...),
		"nobody's name":  team(n, "ops", `"anonymous"`, ""),
		"no name at all": team(n, "a%20b", `"alice"`, ""),
	} {
		if a.status < 400 && a.body["imported"] != 0.0 {
			t.Errorf("%s: %d %s", what, a.status, a.raw)
		}
	}
	if raw := n.call("GET", "/api/v1/teams", "").want(http.StatusOK).raw; strings.Contains(raw, "mallory") || !strings.Contains(raw, "alice") {
		t.Errorf("%s", raw)
	}
}

func TestRulesAboutCallsAreForAllNodes(t *testing.T) {
	n := alone(t)
	n.call("POST", "/api/v1/outbound", `{"rules":["deny webhook http://*"]}`, agent("mallory")...).want(http.StatusForbidden)
	n.call("POST", "/api/v1/outbound", `{"rules":["deny webhook http://*","allow * *"]}`, operated()...).want(http.StatusOK)
	n.call("GET", "/api/v1/outbound", "").want(http.StatusOK).is("deny webhook http://*", "rules", 0).is("allow * *", "rules", 1)
	n.call("POST", "/api/v1/outbound", `{"rules":["maybe"]}`, operated()...).want(http.StatusBadRequest)
	n.call("POST", "/api/v1/outbound", `{"rules":[]}`, operated()...).want(http.StatusOK)
	if raw := n.call("GET", "/api/v1/outbound", "").want(http.StatusOK).raw; !strings.Contains(raw, `"rules":[]`) {
		t.Errorf("%s", raw)
	}
}
