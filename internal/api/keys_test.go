package api_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/book"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

func keyBook(tb testing.TB) *agentkey.Book {
	tb.Helper()
	b, err := agentkey.Open(identity.List[agentkey.Record]{Path: filepath.Join(tb.TempDir(), "agents.json")})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func addKey(tb testing.TB, b *agentkey.Book, agent memory.AgentID, glob agentkey.Glob, verbs ...agentkey.Verb) (key, id string) {
	tb.Helper()
	key, r, err := b.Add(agent, agentkey.Scope{Namespaces: []agentkey.Glob{glob}, Verbs: verbs}, 0, time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	return key, r.ID
}

func keyed(tb testing.TB, b *agentkey.Book, more ...func(*api.Config)) *node {
	tb.Helper()
	return open(tb, options{api: func(c *api.Config) {
		c.Keys = b
		for _, f := range more {
			f(c)
		}
	}})
}

func TestCallersAreWhoTheirKeySays(t *testing.T) {
	b := keyBook(t)
	n := keyed(t, b)
	n.call("GET", "/api/v1/memories", "", "X-Agent-Id", "alice").want(http.StatusOK) // open, as long as there is no key
	key, id := addKey(t, b, "alice", "work/**", agentkey.Read, agentkey.Write)
	for name, tt := range map[string]struct {
		headers []string
		status  int
		reason  string
	}{
		"nobody":                   {nil, http.StatusUnauthorized, "agent_key_missing"},
		"a claim":                  {[]string{"X-Agent-Id", "alice"}, http.StatusUnauthorized, "agent_key_missing"},
		"bearer":                   {[]string{"Authorization", "Bearer " + key}, http.StatusOK, ""},
		"x-api-key":                {[]string{"X-Api-Key", key}, http.StatusOK, ""},
		"the key and its agent":    {[]string{"X-Api-Key", key, "X-Agent-Id", "alice"}, http.StatusOK, ""},
		"the key and another":      {[]string{"X-Api-Key", key, "X-Agent-Id", "bob"}, http.StatusForbidden, ""},
		"a key that is none":       {[]string{"X-Api-Key", "tally_x"}, http.StatusUnauthorized, "agent_key_malformed"},
		"a key of nobody":          {[]string{"X-Api-Key", "tally_000000000000" + key[len(key)-44:]}, http.StatusUnauthorized, "agent_key_unknown"},
		"a wrong key and a claim":  {[]string{"X-Api-Key", "s3cret", "X-Agent-Id", "alice"}, http.StatusUnauthorized, "agent_key_missing"},
		"the operator":             {[]string{"Authorization", "Bearer " + operatorKey}, http.StatusOK, ""},
		"the operator, for anyone": {[]string{"Authorization", "Bearer " + operatorKey, "X-Agent-Id", "bob"}, http.StatusOK, ""},
	} {
		a := n.call("GET", "/api/v1/memories", "", tt.headers...)
		if a.status != tt.status || tt.reason != "" && a.body["reason"] != tt.reason {
			t.Errorf("%s: status %d, %v: %s", name, a.status, a.body["reason"], a.raw)
		}
	}
	a := n.call("POST", "/api/v1/memories", `{"title":"T","content":"x","namespace":"work/a"}`, "X-Api-Key", key).want(http.StatusCreated)
	if got := n.call("GET", "/api/v1/memories/"+a.text("id")+"/history", "", "X-Api-Key", key).want(http.StatusOK).raw; !strings.Contains(got, `"actor":"alice"`) {
		t.Errorf("the actor is not who the key says: %s", got)
	}
	n.call("GET", "/api/v1/memories?agent_id=bob", "", "X-Api-Key", key).want(http.StatusForbidden).is("AGENT_MISMATCH", "code")
	if _, err := b.Revoke(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	n.call("GET", "/api/v1/memories", "", "X-Api-Key", key).want(http.StatusUnauthorized).is("agent_key_revoked", "reason")
	n.call("GET", "/api/v1/memories", "", "X-Agent-Id", "alice").want(http.StatusUnauthorized) // it does not open again
}

func TestANodeThatOthersReachWantsKeys(t *testing.T) {
	n := keyed(t, keyBook(t), func(c *api.Config) { c.Exposed, c.APIKey = true, "s3cret" })
	n.call("GET", "/api/v1/memories", "").want(http.StatusUnauthorized)
	n.call("GET", "/api/v1/memories", "", "X-Api-Key", "s3cret").want(http.StatusOK)
	n.call("GET", "/api/v1/memories", "", "X-Api-Key", "s3cret", "X-Agent-Id", "alice").want(http.StatusForbidden).is("AGENT_MISMATCH", "code")
	for _, rt := range api.Routes() {
		if a := n.call(rt.Method, concrete(rt.Path), ""); !rt.Open && a.status != http.StatusUnauthorized {
			t.Errorf("%s %s: status %d without a key", rt.Method, rt.Path, a.status)
		}
	}
}

// What is in the secret memories of [hoard], and in nothing that a caller sends.
const (
	needle = "xylophone-7421"
	topic  = "zanzibar"
)

// hoard is memories of a namespace, open to everybody who may know of it: live ones
// with links and versions, an archived one, a standard, a proposal.
type hoard struct {
	live, other, archived, proposal string
}

func (n *node) keepSecrets() hoard {
	n.t.Helper()
	var s hoard
	op := n.operated()
	store := func(title string) string {
		body := fmt.Sprintf(`{"title":%q,"content":"%s %s","namespace":"secret/x","tags":["a"],"tier":"long","memory_kind":"entity"}`, title+" "+needle, topic, needle)
		return op.call("POST", "/api/v1/memories", body).want(http.StatusCreated).text("id")
	}
	s.live, s.other, s.archived = store("one"), store("two"), store("three")
	op.call("PUT", "/api/v1/memories/"+s.live, `{"content":"`+topic+" "+needle+` again"}`).want(http.StatusOK)
	op.call("POST", "/api/v1/links", fmt.Sprintf(`{"source_id":%q,"target_id":%q,"relation":"related_to"}`, s.live, s.other)).want(http.StatusCreated)
	op.call("POST", "/api/v1/archive", fmt.Sprintf(`{"ids":[%q]}`, s.archived)).want(http.StatusOK)
	op.call("POST", "/api/v1/namespaces/secret/x/standard", fmt.Sprintf(`{"id":%q,"governance":{"write":"approve"}}`, s.other)).want(http.StatusCreated)
	s.proposal = op.call("POST", "/api/v1/memories", `{"title":"asked `+needle+`","content":"`+needle+`","namespace":"secret/x"}`).want(http.StatusAccepted).text("pending_id")
	return s
}

// arguments make a call of a verb that is about the secrets.
func (s hoard) arguments(v *verb.Verb) map[string]any {
	args := map[string]any{}
	for _, f := range v.Fields() {
		kind := ""
		if len(f.Schema.Type) > 0 {
			kind = f.Schema.Type[0]
		}
		switch name := f.Name; {
		case name == "dry_run" || name == "agent_id" || name == "all" || f.In == "header":
		case strings.Contains(name, "pending"):
			args[name] = s.proposal
		case name == "target_id" || name == "target":
			args[name] = s.other
		case kind == "array" && strings.Contains(name, "id"), name == "memories" && kind == "array":
			args[name] = []string{s.live, s.other}
		case strings.HasSuffix(name, "id") || name == "source":
			args[name] = s.live
		case strings.Contains(name, "namespace") || name == "prefix":
			args[name] = "secret/x"
		case name == "url":
			args[name] = "https://hooks.example.org/x"
		case f.Need && len(f.Schema.Examples) > 0 && kind != "string":
			args[name] = f.Schema.Examples[0]
		case len(f.Schema.Enum) > 0 && f.Need:
			args[name] = f.Schema.Enum[0]
		case kind == "string" && f.Schema.Format == "" && f.Schema.Enum == nil && (f.Need || name == "pattern" || name == "topic" || name == "query"):
			args[name] = topic
		}
	}
	switch v.Name {
	case "memory_store_bulk":
		args = map[string]any{"memories": []any{map[string]any{"title": "mine", "content": "mine", "namespace": "secret/x"}}}
	case "memory_archive_restore":
		args["id"] = s.archived
	case "memory_pending_get", "memory_pending_approve", "memory_pending_reject", "memory_pending_decide":
		args["id"], args["pending_id"] = s.proposal, s.proposal
	}
	return args
}

// try runs a verb as an agent whose key is for work alone, and returns what it was told.
func (s hoard) try(t *testing.T, v *verb.Verb, rights verb.Rights) (told string, err error) {
	t.Helper()
	args := s.arguments(v)
	for name := range args { // what a verb does not take it refuses
		if !slices.ContainsFunc(v.Fields(), func(f verb.Field) bool { return f.Name == name }) {
			delete(args, name)
		}
	}
	body, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	ctx := engine.WithBounds(t.Context(), book.BoundsFor("alice", []memory.Glob{"work/**"}, false))
	call := &verb.Call{Caller: engine.Caller{Agent: "alice"}, Rights: rights}
	done, err := v.Do(ctx, call, verb.Args{Body: body, Flat: true})
	if err != nil {
		p := verb.ProblemOf(err, "alice")
		told, _ := json.Marshal([]any{p.Text, p.Extra, p.Code})
		return string(told), err
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(done.Body); err != nil {
		t.Fatal(err)
	}
	return b.String(), nil
}

// state is all that there is in the secret namespace, and which rules hold there.
func (n *node) secretState() string {
	n.t.Helper()
	op := n.operated()
	return op.call("GET", "/api/v1/export?all=true&format=ndjson&namespace=secret/x", "").want(http.StatusOK).raw +
		op.call("GET", "/api/v1/namespaces/secret/x/standard", "").want(http.StatusOK).raw +
		op.call("GET", "/api/v1/pending", "").want(http.StatusOK).raw
}

func TestNoVerbTellsOrChangesWhatAKeyIsNotFor(t *testing.T) {
	n := alone(t)
	s := n.keepSecrets()
	before := n.secretState()
	if !strings.Contains(before, needle) {
		t.Fatal("there are no secrets")
	}
	table := verb.Table(verb.Deps{Books: n.books})
	all := verb.Rights{verb.MayRead, verb.MayWrite, verb.MayApprove, verb.MayAdmin}
	for i := range table {
		v := &table[i]
		told, err := s.try(t, v, all)
		if strings.Contains(told, needle) {
			t.Errorf("%s tells of what the key is not for: %s", v.Name, told)
		}
		if p, is := err.(*verb.Problem); is && (p.Code == client.CodeUnknownField || p.Code == client.CodeMalformedJSON) { //nolint:errorlint // as it came
			t.Errorf("%s was not tried: %v", v.Name, err)
		}
		if after := n.secretState(); after != before {
			t.Fatalf("%s changed what the key is not for:\n%s\n%s", v.Name, before, after)
		}
	}
}

func TestNoVerbDoesWhatAKeyHasNoRightTo(t *testing.T) {
	n := alone(t)
	s := n.keepSecrets()
	table := verb.Table(verb.Deps{Books: n.books})
	rights := []verb.Right{verb.MayRead, verb.MayWrite, verb.MayPropose, verb.MayApprove}
	for i := range table {
		v := &table[i]
		for _, r := range rights {
			if r == v.Needs() || v.Needs() == verb.MayWrite && r == verb.MayPropose {
				continue
			}
			_, err := s.try(t, v, verb.Rights{r})
			if p := verb.ProblemOf(err, "alice"); err == nil || p.Code != client.CodeOutOfScope && p.Code != client.CodeOperatorOnly {
				t.Errorf("%s with a key for %s: %v", v.Name, r, err)
			}
		}
	}
}

func TestNoRouteTellsOfWhatAKeyIsNotFor(t *testing.T) {
	b := keyBook(t)
	n := keyed(t, b)
	s := n.keepSecrets()
	key, _ := addKey(t, b, "alice", "work/**", agentkey.Read)
	for _, rt := range api.Routes() {
		if rt.Method != http.MethodGet || strings.HasSuffix(rt.Path, "/events") || strings.HasSuffix(rt.Path, "/stream") {
			continue
		}
		path := strings.NewReplacer("{id}", s.live, "{rest...}", "secret/x/standard").Replace(rt.Path)
		for _, query := range []string{"", "?namespace=secret/x", "?context=" + topic, "?q=" + topic, "?all=true", "?format=ndjson"} {
			if got := n.raw(concrete(path)+query, key); strings.Contains(got, needle) {
				t.Errorf("%s%s: %s", path, query, got)
			}
		}
	}
}

// raw is what a node answers, whether or not its document says so.
func (n *node) raw(path, key string) string {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.url+path, http.NoBody)
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return string(b)
}

func TestStreamsTellNothingThatAKeyIsNotFor(t *testing.T) {
	b := keyBook(t)
	n := keyed(t, b)
	key, id := addKey(t, b, "alice", "work/**", agentkey.Read, agentkey.Write)
	events, stop := n.listen("", "X-Api-Key", key)
	defer stop()
	n.keepSecrets()
	n.call("POST", "/api/v1/memories", `{"title":"mine","content":"x","namespace":"work/a"}`, "X-Api-Key", key).want(http.StatusCreated)
	if e := <-events; e.data.Actor != "alice" {
		t.Errorf("the first event is %+v", e)
	}
	if _, err := b.Revoke(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	n.api.CutDead()
	for range events { // until the node ends it
	}
	n.call("GET", "/api/v1/events", "", "X-Api-Key", key).want(http.StatusUnauthorized)
}

func TestRecallRanksOnlyWhatAKeyIsFor(t *testing.T) {
	b := keyBook(t)
	n := keyed(t, b)
	op := n.operated()
	for i := range 30 {
		op.call("POST", "/api/v1/memories", fmt.Sprintf(`{"title":"%d","content":"%s %s %s","namespace":"secret/x"}`, i, topic, topic, needle)).want(http.StatusCreated)
	}
	op.call("POST", "/api/v1/memories", `{"title":"mine","content":"`+topic+` and much else besides","namespace":"work/a/b"}`).want(http.StatusCreated)
	key, _ := addKey(t, b, "alice", "work/*/b", agentkey.Read) // a pattern that is no tree
	for _, path := range []string{"/api/v1/recall?limit=1&context=" + topic, "/api/v1/search?limit=1&q=" + topic, "/api/v1/memories?limit=1"} {
		if got := n.call("GET", path, "", "X-Api-Key", key).want(http.StatusOK); !strings.Contains(got.raw, `"mine"`) || strings.Contains(got.raw, needle) {
			t.Errorf("%s: %s", path, got.raw)
		}
	}
}

func TestWhoMayProposeOnlyWritesProposals(t *testing.T) {
	b := keyBook(t)
	n := keyed(t, b)
	key, _ := addKey(t, b, "junior", "work/**", agentkey.Read, agentkey.Propose)
	senior, _ := addKey(t, b, "senior", "work/**", agentkey.Read, agentkey.Approve)
	asked := n.call("POST", "/api/v1/memories", `{"title":"T","content":"x","namespace":"work/a","metadata":{"scope":"collective"}}`, "X-Api-Key", key).want(http.StatusAccepted)
	n.call("GET", "/api/v1/memories", "", "X-Api-Key", key).want(http.StatusOK).is(0.0, "count")
	n.call("POST", "/api/v1/memories", `{"title":"T","content":"x","namespace":"else"}`, "X-Api-Key", key).want(http.StatusForbidden).is("OUT_OF_SCOPE", "code")
	approve := "/api/v1/pending/" + asked.text("pending_id") + "/approve"
	n.call("POST", approve, "", "X-Api-Key", key).want(http.StatusForbidden).is("OUT_OF_SCOPE", "code")
	n.call("POST", approve, "", "X-Api-Key", senior).want(http.StatusOK)
	n.call("POST", "/api/v1/memories", `{"title":"U","content":"x","namespace":"work/a"}`, "X-Api-Key", senior).want(http.StatusForbidden).is("OUT_OF_SCOPE", "code")
	n.call("GET", "/api/v1/memories", "", "X-Api-Key", key).want(http.StatusOK).is(1.0, "count")
}

func TestWhatAnAgentSignsIsKeptAndShown(t *testing.T) {
	b := keyBook(t)
	n := open(t, options{
		api:     func(c *api.Config) { c.Keys = b },
		signers: func(a memory.AgentID) [][]byte { return b.Signers(a, time.Now()) },
	})
	key, id := addKey(t, b, "alice", "**", agentkey.Read, agentkey.Write)
	other, _ := addKey(t, b, "mallory", "**", agentkey.Read, agentkey.Write)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	body := func(title, text string, agent memory.AgentID, at time.Time) string {
		s := memory.Signature{Agent: agent, At: at.UTC().Format(time.RFC3339)}
		value := ed25519.Sign(private, s.Message(&memory.Memory{Namespace: "global", MemoryKind: "observation", Title: title, Content: "the text"}))
		raw, err := json.Marshal(map[string]any{
			"title": title, "content": text, "created_at": s.At, "signature": base64.StdEncoding.EncodeToString(value), "on_conflict": "merge",
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	post := func(key, body string) answer {
		return n.call("POST", "/api/v1/memories", body, "Authorization", "Bearer "+key)
	}
	good := body("signed", "the text", "alice", time.Now())
	post(key, good).want(http.StatusForbidden).is("ATTESTATION_FAILED", "code") // nobody has said what her key is
	if err := b.Bind(id, public); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ key, body string }{
		"of another agent": {other, body("x", "the text", "alice", time.Now())}, "another text": {key, body("x", "a text", "alice", time.Now())},
		"too old": {key, body("x", "the text", "alice", time.Now().Add(-time.Hour))}, "as another": {key, body("x", "the text", "mallory", time.Now())},
	} {
		if a := post(tt.key, tt.body); a.status != http.StatusForbidden {
			t.Errorf("%s: %d %v", name, a.status, a.body)
		}
	}
	memo := post(key, good).want(http.StatusCreated).text("id")
	get := func() answer { return n.call("GET", "/api/v1/memories/"+memo, "", "Authorization", "Bearer "+key) }
	get().is("valid", "memory", "signature").is("alice", "memory", "signed_by").is(base64.StdEncoding.EncodeToString(public), "memory", "signing_key")
	n.call("GET", "/api/v1/recall?context=signed+text", "", "Authorization", "Bearer "+key).is("valid", "memories", 0, "signature")
	put := func(body string) {
		n.call("PUT", "/api/v1/memories/"+memo, body, "Authorization", "Bearer "+key).want(http.StatusOK)
	}
	put(`{"tags":["x"],"priority":9}`)
	get().is("valid", "memory", "signature")
	put(`{"content":"another text"}`)
	get().is("absent", "memory", "signature").is(nil, "memory", "signed_by")
	post(key, good) // written again as it was signed, on top of the edit
	get().is("valid", "memory", "signature")
	again := func() answer {
		return n.call("POST", "/api/v1/memories", good, "Authorization", "Bearer "+key, "Idempotency-Key", "k")
	}
	again().want(http.StatusCreated)
	n.ahead.Store(int64(time.Hour)) // too old now, but it was taken
	again().want(http.StatusCreated).is(memo, "id")
	post(key, good).want(http.StatusForbidden)
}
