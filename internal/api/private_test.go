package api_test

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// secrets are words that stand in what alice keeps to herself, and nowhere else.
func secrets() []string {
	return []string{"quincetitle", "xylophonetext", "marzipantag", "walnutmeta", "divorce-lawyer", "saffronentity", "pepperturn", "gingermail", "cardamomask"}
}

// alicesOwn gives n everything that can be private, and returns the ids of it.
func alicesOwn(n *node) (ids []string) {
	alice := agent("alice")
	ns := `"namespace":"divorce-lawyer"`
	create := func(title, more string) string {
		return n.call("POST", "/api/v1/memories", `{"title":"`+title+`","content":"xylophonetext of `+title+`","tags":["marzipantag"],"metadata":{"k":"walnutmeta"},`+
			ns+more+`}`, alice...).want(http.StatusCreated).text("id")
	}
	live, linked, archived := create("quincetitle one", ""), create("quincetitle two", `,"scope":"team"`), create("quincetitle three", `,"scope":"private"`)
	deleted, rules := create("quincetitle four", ""), create("quincetitle rules", `,"scope":"org"`)
	n.call("POST", "/api/v1/links", `{"source_id":"`+live+`","target_id":"`+linked+`"}`, alice...).want(http.StatusCreated)
	n.call("POST", "/api/v1/archive", `{"ids":["`+archived+`"],"reason":"walnutmeta"}`, alice...).want(http.StatusOK)
	n.call("DELETE", "/api/v1/memories/"+deleted, "", alice...).want(http.StatusOK)
	n.call("POST", "/api/v1/namespaces/divorce-lawyer/standard", `{"id":"`+rules+`"}`, alice...).want(http.StatusCreated)
	n.call("POST", "/api/v1/entities", `{"canonical_name":"saffronentity",`+ns+`,"aliases":["saffronentity alias"]}`, alice...).want(http.StatusCreated)
	n.call("POST", "/api/v1/notify", `{"target_agent_id":"alice","title":"gingermail","payload":"gingermail body"}`, agent("carol")...).want(http.StatusCreated)
	n.call("POST", "/api/v1/subscriptions", `{"namespace":"divorce-lawyer"}`, alice...).want(http.StatusCreated)
	n.call("POST", "/api/v1/namespaces/asked/standard", `{"governance":{"write":"approve","approver":{"agent":"carol"}}}`, alice...).want(http.StatusCreated)
	n.call("POST", "/api/v1/memories", `{"title":"cardamomask","content":"cardamomask","namespace":"asked"}`, alice...).want(http.StatusAccepted)
	return []string{live, linked, archived, deleted, rules}
}

// Whatever somebody else asks for, nothing of it comes back: not with what the
// conversations ask, not with the ids put in, not by looking for it.
func TestNothingPrivateComesBackToAnother(t *testing.T) {
	n := alone(t)
	team(n, "kitchen", `"alice","dave"`, "").want(http.StatusOK) // none of those who ask
	ids := alicesOwn(n)
	before := n.call("GET", "/api/v1/memories?namespace=divorce-lawyer&limit=50&order=id", "", agent("alice")...).want(http.StatusOK).raw
	ask := func(words []string, who, method, path, body string) {
		t.Helper()
		answer, asked := strings.ToLower(n.plain(who, method, path, body)), strings.ToLower(path+body)
		for _, word := range words {
			if strings.Contains(answer, word) && !strings.Contains(asked, word) { // else it is said back to who said it
				t.Errorf("%s %s %s as %q tells %s: %.600s", method, path, body, who, word, answer)
			}
		}
	}
	others := []string{"bob", ""}
	for _, who := range others {
		for _, path := range searches() {
			ask(append(secrets(), ids...), who, "GET", path, "")
		}
		for _, steps := range conversations() {
			for _, s := range steps {
				ask(append(secrets(), ids...), who, s.method, s.path, s.body)
			}
		}
	}
	// From here on they know the ids, and have written them into what is theirs.
	for _, who := range others {
		for _, steps := range conversations() {
			for _, s := range steps {
				for _, id := range ids[:3] { // live, and in the archive
					if path, body := withID(s.path, id), withID(s.body, id); path != s.path || body != s.body {
						ask(secrets(), who, s.method, path, body)
					}
				}
			}
		}
	}
	if after := n.call("GET", "/api/v1/memories?namespace=divorce-lawyer&limit=50&order=id", "", agent("alice")...).want(http.StatusOK).raw; after != before {
		t.Errorf("what alice has changed:\n%s\n%s", before, after)
	}
}

// plain is an answer as it comes: the questions here are not all as they should be.
func (n *node) plain(who, method, path, body string) string {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	if body != "" || method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		req.Header.Set("X-Agent-Id", who)
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
	return wholeOf(res, raw)
}

// wholeOf is all that an answer says: its body and its headers.
func wholeOf(res *http.Response, raw []byte) string {
	var b strings.Builder
	_ = res.Header.Write(&b)
	return b.String() + string(raw)
}

// searches look for alice's words, with parameters of every kind.
func searches() []string {
	var out []string
	for _, q := range []string{"xylophonetext", "marzipantag", "walnutmeta", "saffronentity"} {
		out = append(out, "/api/v1/search?q="+q, "/api/v1/recall?context="+q, "/api/v1/memories?tags="+q, "/api/v1/contradictions?topic="+q,
			"/api/v1/entities/by_alias?alias="+q, "/api/v1/search?source_uri="+q)
	}
	for _, ns := range []string{"", "?namespace=divorce-lawyer", "?prefix=divorce", "?namespace=divorce-lawyer&limit=1000"} {
		for _, path := range []string{"memories", "archive", "archive/stats", "namespaces", "taxonomy", "stats", "pending", "export", "inbox", "agents", "subscriptions", "entities", "links"} {
			out = append(out, "/api/v1/"+path+ns)
		}
	}
	return append(out, "/api/v1/namespaces/divorce-lawyer/standard", "/api/v1/namespaces/divorce-lawyer/standard?inherit=true", "/api/v1/memories?agent_id=alice",
		"/api/v1/status", "/api/v1/parked", "/metrics")
}

// withID puts id where s names a memory.
func withID(s, id string) string {
	for _, known := range []string{"00000000-0000-7000-8000-000000000001", attic, one, two, idA, idB, idC, idD} {
		s = strings.ReplaceAll(s, known, id)
	}
	return s
}

// TestWhoMayReadIsSaidOnce: of two words that contradict each other none is taken, least
// of all the one that shows more.
func TestWhoMayReadIsSaidOnce(t *testing.T) {
	n := alone(t)
	body := func(scope, meta string) string {
		return `{"title":"x","content":"y","scope":"` + scope + `","metadata":{"scope":"` + meta + `"}}`
	}
	for _, of := range [][2]string{{"collective", "private"}, {"private", "collective"}, {"shared", "team"}} {
		n.call("POST", "/api/v1/memories", body(of[0], of[1]), agent("ann")...).want(http.StatusBadRequest).is("scope", "fields", 0)
		n.call("POST", "/api/v1/memories/bulk", "["+body(of[0], of[1])+"]", agent("ann")...).want(http.StatusOK).is(0.0, "created")
	}
	n.call("POST", "/api/v1/memories", body("private", "private"), agent("ann")...).want(http.StatusCreated).is("private", "metadata", "scope")
}

// A proposal about what somebody may not read is not there for them, also where they
// vote on it: neither that it is open, nor that it was decided, nor who decides.
func TestNobodyVotesOnWhatHeMayNotRead(t *testing.T) {
	n := alone(t)
	carol := agent("carol")
	n.call("POST", "/api/v1/namespaces/asked/standard", `{"governance":{"write":"approve","approver":{"agent":"carol"}}}`, carol...).want(http.StatusCreated)
	id := n.call("POST", "/api/v1/memories", `{"title":"t","content":"c","namespace":"asked"}`, agent("alice")...).want(http.StatusAccepted).text("pending_id")
	tell := func(id string) string {
		var b strings.Builder
		for _, who := range []string{"bob", ""} {
			for _, way := range [][2]string{
				{"pending/" + id + "/approve", "{}"},
				{"pending/" + id + "/reject", "{}"},
				{"approvals/" + id, `{"decision":"approve"}`},
				{"approvals/" + id, `{"decision":"deny"}`},
			} {
				a := n.call("POST", "/api/v1/"+way[0], way[1], agent(who)...)
				b.WriteString(strconv.Itoa(a.status) + strings.ReplaceAll(a.raw, id, "ID") + "\n")
			}
		}
		return b.String()
	}
	absent := tell("01a21dd7-554a-7560-b229-de24f701d0e9")
	if got := tell(id); got != absent {
		t.Errorf("a vote on a proposal that is open is answered\n%s\nand one on none\n%s", got, absent)
	}
	n.call("POST", "/api/v1/pending/"+id+"/approve", "{}", carol...).want(http.StatusOK)
	if got := tell(id); got != absent {
		t.Errorf("a vote on a proposal that is decided is answered\n%s\nand one on none\n%s", got, absent)
	}
}

// Nobody sets rules for what agents hand to each other: under his own approval, one could
// hold up what others send, and would be shown it.
func TestNobodySetsTheRulesOfReservedNamespaces(t *testing.T) {
	n := alone(t)
	for _, ns := range []string{"_messages", "_messages/ann", "_inbox/ann", "_shared/bob→ann", "_subscriptions", "_subscriptions/x", "_agents"} {
		body := `{"namespace":"` + ns + `","governance":{"write":"approve","approver":{"agent":"eve"}}}`
		for _, path := range []string{"namespaces", "namespaces/" + url.PathEscape(ns) + "/standard"} {
			n.call("POST", "/api/v1/"+path, body, agent("eve")...).want(http.StatusBadRequest)
		}
	}
	// What holds in all namespaces is nobody's, and does not reach them.
	n.call("POST", "/api/v1/namespaces/*/standard", `{"governance":{"write":"approve","approver":{"agent":"eve"}}}`, agent("eve")...).want(http.StatusCreated)
	n.call("POST", "/api/v1/memories", `{"title":"t","content":"c","namespace":"x"}`, agent("bob")...).want(http.StatusAccepted)
	pending := n.call("GET", "/api/v1/pending", "", agent("eve")...).want(http.StatusOK).body["count"]
	n.call("POST", "/api/v1/notify", `{"target_agent_id":"ann","title":"t","payload":"for ann alone"}`, agent("bob")...).want(http.StatusCreated)
	n.call("POST", "/api/v1/subscriptions", `{"namespace":"x"}`, agent("bob")...).want(http.StatusCreated)
	if got := n.call("GET", "/api/v1/pending", "", agent("eve")...).want(http.StatusOK); got.body["count"] != pending {
		t.Errorf("eve is asked about %s", got.raw)
	}
}
