package api_test

import (
	"bytes"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

// rotten is a codec that cannot read entries with a word in them, once there is one:
// as if their bytes on the disk were not what they were.
type rotten struct {
	wire.Codec

	word *atomic.Pointer[string]
}

func (r rotten) Decode(raw []byte) (*memory.Entry, error) {
	if word := r.word.Load(); word != nil && bytes.Contains(raw, []byte(*word)) {
		return nil, errors.New("not what was written")
	}
	return r.Codec.Decode(raw)
}

func (r rotten) Again(raw []byte, _ memory.Digest) (*memory.Entry, error) { return r.Decode(raw) }

// rotting is a node alone, and what damages its entries with a word in them.
func rotting(t *testing.T) (*node, func(word string)) {
	t.Helper()
	word := &atomic.Pointer[string]{}
	n := open(t, options{store: func(c *store.Config) { c.Codec = rotten{word: word} }})
	return n, func(w string) { word.Store(&w) }
}

// What names a damaged memory is not damaged: its neighbours are read, what lists and
// exports goes on without it and says so, and followers hear of what comes behind it.
func TestADamagedMemoryKeepsNobodyFromTheOthers(t *testing.T) {
	n, damage := rotting(t)
	one, two, three := n.create("one"), n.create("two"), n.create("three")
	for _, ends := range [][2]string{{one, two}, {two, three}, {three, one}} {
		n.call("POST", "/api/v1/links", `{"source_id":"`+ends[0]+`","target_id":"`+ends[1]+`"}`).want(http.StatusCreated)
	}
	damage("content of two")
	n.create("four")

	n.call("GET", "/api/v1/memories/"+two, "").want(http.StatusInternalServerError).is(string(client.CodeDamaged), "code")
	for n.call("GET", "/api/v1/status", "").number("damaged") == 0 { // the writer is told, and lists it
		runtime.Gosched()
	}
	n.call("GET", "/api/v1/memories/"+one, "").want(http.StatusOK)
	if got := n.call("GET", "/api/v1/links/"+one, "").want(http.StatusOK).at("count"); got != 1.0 {
		t.Errorf("%v links to what can be read, want 1", got)
	}
	n.call("POST", "/api/v1/kg/query", `{"source_id":"`+one+`","max_depth":3}`).want(http.StatusOK)
	n.call("GET", "/api/v1/kg/timeline?source_id="+one, "").want(http.StatusOK)
	n.call("POST", "/api/v1/kg/find_paths", `{"source_id":"`+one+`","target_id":"`+three+`"}`).want(http.StatusOK)

	whole := n.call("GET", "/api/v1/export", "").want(http.StatusOK)
	if got := whole.at("count"); got != 3.0 || whole.at("damaged", 0) != two {
		t.Errorf("%v memories are exported, and %v is damaged; want 3, and %s", got, whole.body["damaged"], two)
	}
	lines := n.call("GET", "/api/v1/export?format=ndjson", "").want(http.StatusOK).raw
	if !strings.HasSuffix(lines, `{"type":"damaged","id":"`+two+"\"}\n") || strings.Count(lines, "\n") != 5 {
		t.Errorf("the export has the lines\n%s", lines)
	}

	events, stop := n.listen("?since=0")
	defer stop()
	for {
		if e := next(t, events); e.data.Kind == "put" && e.data.Subjects[0] == "content "+derived("four") {
			break
		}
	}

	// Whether the index has read it before it was damaged, or never could: it may be what
	// is looked for.
	for _, path := range []string{"search?q=content", "recall?context=content", "search?q=nothing"} {
		if a := n.call("GET", "/api/v1/"+path, "").want(http.StatusOK); a.at("damaged", 0) != two {
			t.Errorf("%s: %v is damaged, want %s", path, a.body["damaged"], two)
		}
	}

	tried := n.call("POST", "/api/v1/forget", `{"pattern":"content","dry_run":true}`).want(http.StatusOK)
	if got := tried.at("archived"); got != 3.0 || tried.at("damaged", 0) != two {
		t.Errorf("%v would go, %v is damaged; want 3, and %s", got, tried.body["damaged"], two)
	}
	if got := n.call("POST", "/api/v1/forget", `{"pattern":"content"}`).want(http.StatusOK).at("archived"); got != 3.0 {
		t.Errorf("%v went, want 3", got)
	}
	if got := n.call("DELETE", "/api/v1/archive", "").want(http.StatusOK).at("purged"); got != 3.0 {
		t.Errorf("%v were purged, want 3", got)
	}
}

// What no member can bring back is not listed as damaged for ever: whose it was is not
// known, so it is for the operator to have it erased.
func TestTheOperatorErasesWhatIsDamaged(t *testing.T) {
	n, damage := rotting(t)
	id, other := n.create("one"), n.create("two")
	damage("content of one")
	erase := "/api/v1/memories/" + id + "/erase"
	n.call("POST", erase, "").want(http.StatusInternalServerError).is(string(client.CodeDamaged), "code")
	n.call("DELETE", "/api/v1/memories/"+id, "").want(http.StatusInternalServerError)
	op := n.operated()
	op.call("DELETE", "/api/v1/memories/"+id, "").want(http.StatusInternalServerError).is(string(client.CodeDamaged), "code")
	op.call("POST", erase, "").want(http.StatusInternalServerError).is(string(client.CodeDamaged), "code")
	n.call("POST", erase+"?damaged=true", "").want(http.StatusInternalServerError).is(string(client.CodeDamaged), "code")
	op.call("POST", erase+"?damaged=true", "").want(http.StatusOK).is(true, "erased")
	n.call("GET", "/api/v1/memories/"+id, "").want(http.StatusNotFound)
	n.call("GET", "/api/v1/memories/"+other, "").want(http.StatusOK)
	if got := n.call("GET", "/api/v1/status", "").want(http.StatusOK).at("damaged"); got != 0.0 {
		t.Errorf("%v entries are still damaged", got)
	}
	op.call("POST", erase, "").want(http.StatusNotFound)
}

// A damaged proposal is an error of its own to who asks for it, and the others are told of.
func TestADamagedProposalIsToldAsWhatItIs(t *testing.T) {
	n, damage := rotting(t)
	n.call("POST", "/api/v1/namespaces", `{"namespace":"ruled","governance":{"write":"approve","approver":{"agent":"boss"}}}`, agent("boss")...).want(http.StatusCreated)
	body := `{"title":"wanted","content":"what is proposed","namespace":"ruled"}`
	id, _ := n.call("POST", "/api/v1/memories", body, agent("ann")...).want(http.StatusAccepted).at("pending_id").(string)
	damage("what is proposed")
	n.call("GET", "/api/v1/pending/"+id, "", agent("boss")...).want(http.StatusInternalServerError).is(string(client.CodeDamaged), "code")
	n.call("POST", "/api/v1/pending/"+id+"/approve", "", agent("boss")...).want(http.StatusInternalServerError).is(string(client.CodeDamaged), "code")
	n.call("GET", "/api/v1/pending", "", agent("boss")...).want(http.StatusOK)
	events, stop := n.listenTo("/api/v1/approvals/stream?since=0", agent("boss")...)
	defer stop()

	n.call("POST", "/api/v1/memories", `{"title":"other","content":"another","namespace":"ruled"}`, agent("ann")...).want(http.StatusAccepted)
	if e := next(t, events); e.data.Proposal == id {
		t.Errorf("the stream tells of a proposal that cannot be read: %+v", e)
	}
}
