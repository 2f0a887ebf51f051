package api_test

import (
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/store"
)

// names are the strings of a list in an answer.
func (a answer) names(field string) []string {
	out := []string{}
	list, _ := a.body[field].([]any)
	for _, v := range list {
		s, _ := v.(string)
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// untilDamaged waits until the writer has listed so many entries.
func (n *node) untilDamaged(want int, headers ...string) {
	n.t.Helper()
	for n.call("GET", "/api/v1/status", "", headers...).number("damaged") < want {
		runtime.Gosched()
	}
}

// Who walks along links hears of what he may know and that is damaged: at the other end,
// on the way, or the link itself. Of what is none of his business he does not.
func TestWalksNameWhatIsDamaged(t *testing.T) {
	n, damage := rotting(t)
	bob, alice := agent("bob"), agent("alice")
	one, two, three := n.create("one"), n.create("two"), n.create("three")
	secret := n.call("POST", "/api/v1/memories", `{"title":"secret","content":"content of two, as alice has it","scope":"private"}`, alice...).want(http.StatusCreated).text("id")
	link := func(source, target, relation string) {
		t.Helper()
		n.call("POST", "/api/v1/links", `{"source_id":"`+source+`","target_id":"`+target+`","relation":"`+relation+`"}`, alice...).want(http.StatusCreated)
	}
	link(one, two, "related_to")
	link(two, three, "related_to")
	link(three, one, "related_to")
	link(one, secret, "related_to")
	link(secret, one, "supersedes")
	link(one, three, "contradicts")
	damage("content of two")
	for _, id := range []string{two, secret} {
		n.call("GET", "/api/v1/memories/"+id, "", alice...).want(http.StatusInternalServerError).is(string(client.CodeDamaged), "code")
	}
	n.call("GET", "/api/v1/memories/"+secret, "", bob...).want(http.StatusNotFound)
	check := func(seenBy []string, want ...string) {
		t.Helper()
		slices.Sort(want)
		for what, a := range map[string]answer{
			"links":          n.call("GET", "/api/v1/links/"+one, "", seenBy...),
			"a memory":       n.call("GET", "/api/v1/memories/"+one, "", seenBy...),
			"a walk":         n.call("POST", "/api/v1/kg/query", `{"source_id":"`+one+`","max_depth":3}`, seenBy...),
			"a timeline":     n.call("GET", "/api/v1/kg/timeline?source_id="+one, "", seenBy...),
			"paths":          n.call("POST", "/api/v1/kg/find_paths", `{"source_id":"`+one+`","target_id":"`+three+`"}`, seenBy...),
			"verdicts":       n.call("POST", "/api/v1/links/verify", `{"source_id":"`+one+`"}`, seenBy...),
			"contradictions": n.call("GET", "/api/v1/contradictions?namespace=global", "", seenBy...),
			"a search":       n.call("GET", "/api/v1/search?q=one", "", seenBy...),
			"a recall":       n.call("GET", "/api/v1/recall?context=one", "", seenBy...),
		} {
			if got := a.want(http.StatusOK).names("damaged"); !slices.Equal(got, want) {
				t.Errorf("%s, for %v: %v is damaged, want %v", what, seenBy, got, want)
			}
		}
	}
	n.untilDamaged(2)
	check(bob, two)
	check(alice, two, secret)
}

// A link may be damaged itself: its dot is the name of it, for who may see both ends.
func TestWalksNameLinksThatAreDamaged(t *testing.T) {
	n, damage := rotting(t)
	bob, alice := agent("bob"), agent("alice")
	one, two := n.create("one"), n.create("two")
	secret := n.call("POST", "/api/v1/memories", `{"title":"secret","content":"of alice","scope":"private"}`, alice...).want(http.StatusCreated).text("id")
	open := n.call("POST", "/api/v1/links", `{"source_id":"`+one+`","target_id":"`+two+`","relation":"derives_from"}`, bob...).want(http.StatusCreated).text("receipt", "dot")
	hidden := n.call("POST", "/api/v1/links", `{"source_id":"`+one+`","target_id":"`+secret+`","relation":"derives_from"}`, alice...).want(http.StatusCreated).text("receipt", "dot")
	damage("derives_from")
	n.call("GET", "/api/v1/links/"+one, "", alice...)
	n.untilDamaged(2)
	for who, want := range map[string][]string{"bob": {open}, "alice": {open, hidden}} {
		slices.Sort(want)
		for what, a := range map[string]answer{
			"links":      n.call("GET", "/api/v1/links/"+one, "", agent(who)...),
			"a memory":   n.call("GET", "/api/v1/memories/"+one, "", agent(who)...),
			"a walk":     n.call("POST", "/api/v1/kg/query", `{"source_id":"`+one+`"}`, agent(who)...),
			"a timeline": n.call("GET", "/api/v1/kg/timeline?source_id="+one, "", agent(who)...),
			"paths":      n.call("POST", "/api/v1/kg/find_paths", `{"source_id":"`+one+`","target_id":"`+two+`"}`, agent(who)...),
			"an export":  n.call("GET", "/api/v1/export", "", agent(who)...),
		} {
			if got := a.want(http.StatusOK).names("damaged"); !slices.Equal(got, want) {
				t.Errorf("%s, for %s: %v is damaged, want %v", what, who, got, want)
			}
		}
	}
}

// Whose key is for some namespaces does not hear of damage in others.
func TestDamageElsewhereIsNoBusinessOfAKey(t *testing.T) {
	word := &atomic.Pointer[string]{}
	b := keyBook(t)
	key, _ := addKey(t, b, "alice", "work/**", agentkey.Read, agentkey.Write)
	n := open(t, options{
		store: func(c *store.Config) { c.Codec = rotten{word: word} },
		api:   func(c *api.Config) { c.Keys = b },
	})
	op := n.operated()
	create := func(title, namespace string) string {
		return op.call("POST", "/api/v1/memories", `{"title":"`+title+`","content":"content of `+title+`","namespace":"`+namespace+`"}`).want(http.StatusCreated).text("id")
	}
	here, there := create("here", "work/x"), create("there", "home")
	op.call("POST", "/api/v1/links", `{"source_id":"`+here+`","target_id":"`+there+`"}`).want(http.StatusCreated)
	op.call("POST", "/api/v1/links", `{"source_id":"`+there+`","target_id":"`+here+`","relation":"supersedes"}`).want(http.StatusCreated)
	word.Store(new("content of there"))
	op.call("GET", "/api/v1/memories/"+there, "").want(http.StatusInternalServerError)
	n.untilDamaged(1, "Authorization", "Bearer "+operatorKey)
	as := []string{"X-Api-Key", key}
	n.call("GET", "/api/v1/memories/"+there, "", as...).want(http.StatusNotFound)
	n.call("GET", "/api/v1/memories/"+there+"/history", "", as...).want(http.StatusNotFound)
	n.call("DELETE", "/api/v1/memories/"+there, "", as...).want(http.StatusNotFound)
	for _, path := range []string{"links/" + here, "memories/" + here, "search?q=here", "recall?context=here", "kg/timeline?source_id=" + here} {
		if got := n.call("GET", "/api/v1/"+path, "", as...).want(http.StatusOK).names("damaged"); len(got) > 0 {
			t.Errorf("%s names %v", path, got)
		}
	}
}
