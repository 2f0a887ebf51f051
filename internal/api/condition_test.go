package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// changes are the ways to change one memory by its id.
func changes(id string) map[string]func(n *node, headers ...string) answer {
	one := "/api/v1/memories/" + id
	with := func(method, path, body string) func(*node, ...string) answer {
		return func(n *node, headers ...string) answer { return n.call(method, path, body, headers...) }
	}
	return map[string]func(n *node, headers ...string) answer{
		"put":             with("PUT", one, `{"content":"other"}`),
		"patch":           with("PATCH", one, `{"content":"other"}`),
		"delete":          with("DELETE", one, ""),
		"erase by delete": with("DELETE", one+"?erase=true", ""),
		"erase":           with("POST", one+"/erase", ""),
		"promote":         with("POST", one+"/promote", ""),
	}
}

func TestIfMatchHoldsOnEveryChangeOfAMemory(t *testing.T) {
	n := alone(t)
	for name := range changes("") {
		id := n.create(name)
		n.call("PUT", "/api/v1/memories/"+id, `{"content":"second"}`).want(http.StatusOK)
		change := changes(id)[name]
		for _, stale := range []string{`"1"`, `1`, `"1", "7"`, `W/"2"`, `"abc"`} {
			change(n, "If-Match", stale).want(http.StatusPreconditionFailed).is("PRECONDITION_FAILED", "code").is(2.0, "current_version")
		}
		change(n, "If-None-Match", "*").want(http.StatusPreconditionFailed)
		change(n, "If-None-Match", `W/"2"`).want(http.StatusPreconditionFailed)
		for _, odd := range []string{`"2`, "two", `"2" "3"`, ",", `W/2`} {
			change(n, "If-Match", odd).want(http.StatusBadRequest)
		}
		n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusOK).is("second", "memory", "content").is(2.0, "memory", "version")
		change(n, "If-Match", `"1", "2"`, "If-None-Match", `"1"`).want(http.StatusOK)
	}
}

func TestIfMatchHoldsForArchiveRestoreAndDeleted(t *testing.T) {
	n := alone(t)
	id := n.create("one")
	n.call("POST", "/api/v1/archive", `{"ids":["`+id+`"]}`, "If-Match", `"1"`).want(http.StatusPreconditionFailed)
	n.call("POST", "/api/v1/archive", `{"ids":["`+id+`"]}`).want(http.StatusOK)
	restore := "/api/v1/archive/" + id + "/restore"
	n.call("POST", restore, "", "If-Match", `"9"`).want(http.StatusPreconditionFailed)
	n.call("POST", restore, "", "If-Match", `"1"`).want(http.StatusOK)
	n.call("DELETE", "/api/v1/memories/"+id, "").want(http.StatusOK)
	n.call("POST", restore, "", "If-Match", `"9"`).want(http.StatusPreconditionFailed)
	n.call("POST", restore, "", "If-Match", `"1"`).want(http.StatusOK)
}

func TestACreateCanAskThatNothingBeThere(t *testing.T) {
	n := alone(t)
	for _, how := range []string{"merge", "error", "version"} {
		body := `{"title":"` + how + `","content":"x","on_conflict":"` + how + `"}`
		n.call("POST", "/api/v1/memories", body, "If-Match", "*").want(http.StatusPreconditionFailed)
		id := n.call("POST", "/api/v1/memories", body, "If-None-Match", "*").want(http.StatusCreated).text("id")
		switch again := n.call("POST", "/api/v1/memories", body, "If-None-Match", "*"); how {
		case "merge":
			again.want(http.StatusPreconditionFailed)
		case "error":
			again.want(http.StatusConflict)
		case "version": // another title, which is free
			again.want(http.StatusCreated)
		}
		n.call("DELETE", "/api/v1/memories/"+id, "").want(http.StatusOK)
		n.call("POST", "/api/v1/memories", body, "If-None-Match", "*").want(http.StatusCreated)
	}
}

// What is about no single memory has no version: nothing must happen.
func TestAConditionThatCannotBeJudgedIsNotMet(t *testing.T) {
	n := alone(t).operated()
	id := n.create("stays")
	for _, rt := range allRoutes() {
		if rt.Method == http.MethodGet || strings.Contains(rt.Path, "{id}") || rt.Path == "/api/v1/memories" {
			continue
		}
		n.call(rt.Method, concrete(rt.Path), "{}", "If-Match", `"1"`).want(http.StatusPreconditionFailed)
	}
	n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusOK)
}

func TestAReaderWhoHasItIsToldSo(t *testing.T) {
	n := alone(t)
	id, other := n.create("one"), n.create("other")
	path := "/api/v1/memories/" + id
	tag := n.call("GET", path, "").want(http.StatusOK).header.Get("ETag")
	if tag != `"1"` {
		t.Errorf("ETag %s", tag)
	}
	for _, has := range []string{tag, "W/" + tag, `"7", ` + tag, "*"} {
		a := n.call("GET", path, "", "If-None-Match", has).want(http.StatusNotModified)
		if a.raw != "" || a.header.Get("ETag") != tag {
			t.Errorf("%q with ETag %s", a.raw, a.header.Get("ETag"))
		}
	}
	n.call("GET", path, "", "If-None-Match", `"2"`).want(http.StatusOK)
	n.call("GET", path, "", "If-None-Match", `oops`).want(http.StatusOK)
	n.call("POST", "/api/v1/links", `{"from":"`+id+`","to":"`+other+`"}`).want(http.StatusCreated)
	linked := n.call("GET", path, "", "If-None-Match", tag).want(http.StatusOK).header.Get("ETag")
	if linked == tag {
		t.Error("a link is not seen in the tag")
	}
	n.call("PUT", path, `{"content":"y"}`, "If-Match", linked).want(http.StatusOK)
	n.call("GET", path, "", "If-None-Match", linked).want(http.StatusOK)
}

// trials are requests of every route that can be tried: method, path, body.
func trials(id, other string) map[string][3]string {
	return map[string][3]string{
		"forget":              {"POST", "/api/v1/forget", `{"namespace":"global"}`},
		"forget by words":     {"POST", "/api/v1/forget", `{"pattern":"content"}`},
		"delete":              {"DELETE", "/api/v1/memories/" + id, ``},
		"erase":               {"POST", "/api/v1/memories/" + id + "/erase", ``},
		"archive":             {"POST", "/api/v1/archive", `{"ids":["` + id + `"]}`},
		"unlink":              {"DELETE", "/api/v1/links", `{"source_id":"` + id + `","target_id":"` + other + `"}`},
		"consolidate":         {"POST", "/api/v1/consolidate", `{"ids":["` + id + `","` + other + `"],"title":"both"}`},
		"import":              {"POST", "/api/v1/import", `{"memories":[{"title":"imported","content":"x"}]}`},
		"clear by path":       {"DELETE", "/api/v1/namespaces/ruled/standard", ``},
		"clear by query":      {"DELETE", "/api/v1/namespaces?namespace=ruled", ``},
		"forget with a key":   {"POST", "/api/v1/forget?namespace=global", ``},
		"delete with a query": {"DELETE", "/api/v1/memories/" + id + "?erase=true", ``},
	}
}

func TestWhatTakesAwayCanBeTried(t *testing.T) {
	n := alone(t)
	id, other := n.create("one"), n.create("two")
	n.call("POST", "/api/v1/links", `{"source_id":"`+id+`","target_id":"`+other+`"}`).want(http.StatusCreated)
	n.call("POST", "/api/v1/namespaces/ruled/standard", `{"governance":{"write":"any"}}`).want(http.StatusCreated)
	sub := n.call("POST", "/api/v1/subscriptions", `{"url":"https://example.org/hook"}`).want(http.StatusCreated).text("id")
	root, lsn := n.store.View().Root, n.store.View().LSN
	all := trials(id, other)
	all["unsubscribe"] = [3]string{"DELETE", "/api/v1/subscriptions?id=" + sub, ``}
	all["end a link"] = [3]string{"POST", "/api/v1/kg/invalidate", `{"source_id":"` + id + `","target_id":"` + other + `","relation":"related_to"}`}
	for name, tr := range all {
		query := tr[1] + "?dry_run=true"
		if strings.Contains(tr[1], "?") {
			query = tr[1] + "&dry_run=true"
		}
		tried := []answer{n.call(tr[0], query, tr[2], "Idempotency-Key", "k")}
		if rest, is := strings.CutPrefix(tr[2], "{"); is {
			tried = append(tried, n.call(tr[0], tr[1], strings.Replace(`{"dry_run":true,`+rest, ",}", "}", 1)))
		}
		for _, a := range tried {
			if a.status/100 != 2 {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
				continue
			}
			a.is(true, "dry_run")
		}
		if v := n.store.View(); v.Root != root || v.LSN != lsn {
			t.Fatalf("%s: something was written", name)
		}
	}
	n.call("POST", "/api/v1/forget?dry_run=true", `{"namespace":"global"}`).want(http.StatusOK).is(2.0, "deleted")
	n.call("POST", "/api/v1/forget?dry_run=maybe", `{"namespace":"global"}`).want(http.StatusBadRequest)
	n.call("POST", "/api/v1/forget", `{"namespace":"global","dry_run":"yes"}`).want(http.StatusBadRequest)
	n.call("POST", "/api/v1/forget?dry_run=false", `{"namespace":"global"}`).want(http.StatusOK).is(2.0, "deleted")
	n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusNotFound)
}

func TestWhatCannotBeTriedSaysSo(t *testing.T) {
	n := alone(t)
	id := n.create("one")
	lsn := n.store.View().LSN
	n.call("PUT", "/api/v1/memories/"+id+"?dry_run=true", `{"content":"x"}`).want(http.StatusBadRequest)
	n.call("PUT", "/api/v1/memories/"+id, `{"content":"x","dry_run":true}`).want(http.StatusBadRequest)
	n.call("POST", "/api/v1/memories/"+id+"/promote?dry_run=true", ``).want(http.StatusBadRequest)
	n.call("POST", "/api/v1/memories/"+id+"/promote", `{"dry_run":true}`).want(http.StatusBadRequest)
	n.call("DELETE", "/api/v1/namespaces?namespace=ruled", `{"dry_run":true}`).want(http.StatusBadRequest)
	if got := n.store.View().LSN; got != lsn {
		t.Errorf("%d entries were written", got-lsn)
	}
}
