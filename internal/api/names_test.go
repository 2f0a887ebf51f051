package api_test

import (
	"net/http"
	"net/url"
	"testing"
)

// Names of one look are one name, in whatever form of Unicode they come.
func TestNamesOfOneLookAreOneName(t *testing.T) {
	const one, two = "Caf\u00e9", "Cafe\u0301"
	n := alone(t)
	a := n.call("POST", "/api/v1/memories", `{"title":"`+two+`","content":"x","namespace":"`+two+`","tags":["`+two+`"]}`).want(http.StatusCreated).is(one, "title")
	id := a.text("id")
	n.call("POST", "/api/v1/memories", `{"title":"`+one+`","content":"y","namespace":"`+one+`"}`).want(http.StatusConflict).is(id, "existing_id")
	n.call("POST", "/api/v1/memories/bulk", `[{"title":"`+two+`","content":"x","namespace":"`+one+`","tags":["`+two+`"]}]`)
	if list := n.call("GET", "/api/v1/memories?namespace="+url.QueryEscape(one), "").want(http.StatusOK); len(list.body["memories"].([]any)) != 1 {
		t.Errorf("after a bulk there are %s", list.raw)
	}
	for _, form := range []string{one, two} {
		q := url.QueryEscape(form)
		for _, filter := range []string{"title=" + q, "namespace=" + q, "tags=" + q} {
			if got := len(n.call("GET", "/api/v1/memories?"+filter, "").want(http.StatusOK).body["memories"].([]any)); got != 1 {
				t.Errorf("%s: %d memories, want 1", filter, got)
			}
		}
	}
	for _, form := range []string{one, two} {
		q := url.QueryEscape(form)
		n.call("POST", "/api/v1/entities", `{"canonical_name":"House `+form+`","namespace":"e","aliases":["`+form+`"]}`)
		n.call("GET", "/api/v1/entities/by_alias?namespace=e&alias="+q, "").want(http.StatusOK).is(true, "found")
		n.call("POST", "/api/v1/namespaces/"+url.PathEscape(form)+"/standard", `{"governance":{"write":"any","promote":"any","delete":"owner"}}`).want(http.StatusCreated)
		n.call("GET", "/api/v1/namespaces/"+url.PathEscape(form)+"/standard", "").want(http.StatusOK).is(one, "namespace")
	}
	n.call("PATCH", "/api/v1/memories/"+id, `{"title":"`+two+` 2"}`).want(http.StatusOK).is(one+" 2", "title")
	n.call("PATCH", "/api/v1/memories/"+id, `{"content":"`+two+`"}`).want(http.StatusOK).is(two, "content") // a text stays as it is
}
