package send

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The requests of every kind of change, to the byte: a signature covers them.
func TestGoldenPushes(t *testing.T) {
	key, err := identity.KeyFromSeed([]byte("a key that signs in tests alone."))
	if err != nil {
		t.Fatal(err)
	}
	peer := Peer{
		URL: &url.URL{Scheme: "http", Host: "127.0.0.1:9077", Path: "/"}, Sender: "region/nyc/node-1", Key: &key, APIKey: "k",
		Credential: "v1=AA==", Chain: "v1=gA==",
	}
	for name, ops := range goldenOps() {
		t.Run(name, func(t *testing.T) {
			s, _ := newScript(t)
			r := renderer{state: s.o, sends: func(string) bool { return true }}
			var last memory.Dot
			for _, op := range ops {
				var prev []memory.Dot
				if put, ok := op.(*memory.Put); ok && !put.Create {
					prev = append(prev, memory.Dot{Origin: "a.1", Seq: 1})
				}
				last = s.log(op, "alice", prev...)
			}
			s.o.vectors[last] = &memory.Embedding{Model: "m-3", Vector: []float32{0.6, 0.8, 0}}
			g, err := r.entry(t.Context(), s.o.entries[last])
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			var all []parcel
			for _, p := range cut(g, maxBytes) {
				if p.items[0].anew {
					all = append(all, parcel{items: []item{deletion(p.items[0].memory)}})
				}
				all = append(all, p)
			}
			for i, p := range all {
				body, err := p.body(peer.Sender)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "%s%s\n", peer.head(body, p.key(), fmt.Sprintf("00000000-0000-4000-8000-%012d", i)), body)
			}
			file := filepath.Join("testdata", name+".http")
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// goldenOps are histories, of which the last op is rendered.
func goldenOps() map[string][]memory.Op {
	m := func(id string, change func(*memory.Memory)) memory.Memory {
		v := memory.Memory{
			ID: id, Tier: memory.Mid, Namespace: "team/build", Title: "title of " + id, Content: "line\n\ttab \"quoted\" \\ <b> & \u2028 → 東京",
			Tags: []string{"red"}, Priority: 5, Confidence: 0.3, Source: "api", CreatedAt: 1_700_000_000_500_000_000, ExpiresAt: 1_800_600_000e9,
			Metadata: memory.Object(`{"scope":"collective","agent_id":"alice","n":{"b":1.0,"a":12}}`), MemoryKind: "decision", ConfidenceSource: "default", Version: 3,
			Citations: []memory.Citation{{URI: "doc:x", AccessedAt: 1_700_000_000e9, Span: &memory.Span{Start: 1, End: 2}}},
		}
		if change != nil {
			change(&v)
		}
		return v
	}
	create := func(id string) memory.Op { return &memory.Put{Memory: m(id, nil), Create: true} }
	edit := func(change func(*memory.Memory)) memory.Op { return &memory.Put{Memory: m("a", change)} }
	link := &memory.Link{Source: "a", Target: "b", Relation: "supersedes", CreatedAt: 1_700_000_000e9, ObservedBy: "alice", Signature: make([]byte, 64)}
	propose := func(action memory.Op) memory.Op {
		return &memory.Propose{ID: "p", Namespace: "team", Requester: "mallory", RequestedAt: 1_700_000_000e9, Action: action}
	}
	signals := func(v *memory.Memory) {
		n := int32(2)
		v.ConfidenceSignals, v.ConfidenceDecayed = &memory.Confidence{SourceAgeDays: 1.5, FreshnessFactor: 1e-7}, 1_700_000_001e9
		v.EntityID, v.PersonaVersion, v.SourceURI, v.SourceSpan = "e", &n, "file:x", &memory.Span{End: 4}
	}
	return map[string][]memory.Op{
		"store":           {create("a")},
		"update":          {create("a"), edit(signals)},
		"rename":          {create("a"), create("b"), link, edit(func(v *memory.Memory) { v.Title = "another" })},
		"lower":           {create("a"), edit(func(v *memory.Memory) { v.Priority = 1 })},
		"edit-archived":   {create("a"), &memory.Archive{ID: "a", Reason: "archive"}, edit(nil)},
		"delete":          {create("a"), &memory.Delete{ID: "a"}},
		"erase":           {create("a"), &memory.Erase{ID: "a"}},
		"archive":         {create("a"), &memory.Archive{ID: "a", Reason: "archive"}},
		"restore":         {create("a"), &memory.Delete{ID: "a"}, &memory.Restore{ID: "a"}},
		"link":            {create("a"), create("b"), link},
		"unlink":          {create("a"), create("b"), link, &memory.Unlink{Source: "a", Target: "b", Relations: []string{"supersedes", "related_to"}}},
		"consolidate":     {create("a"), create("b"), &memory.Consolidate{Into: m("c", nil), Sources: []memory.SourceVersion{{ID: "a"}, {ID: "b"}}}},
		"propose":         {propose(create("a"))},
		"vote":            {propose(create("a")), &memory.Decide{ID: "p", Voter: "bob", Approve: true}},
		"approve":         {propose(create("a")), create("a"), &memory.Resolve{ID: "p", Verdict: memory.VerdictApproved}},
		"approve-late":    {propose(create("a")), create("a"), &memory.Delete{ID: "a"}, &memory.Resolve{ID: "p", Verdict: memory.VerdictApproved}},
		"approve-delete":  {create("a"), propose(&memory.Delete{ID: "a"}), &memory.Delete{ID: "a"}, &memory.Resolve{ID: "p", Verdict: memory.VerdictApproved}},
		"reject":          {propose(create("a")), &memory.Resolve{ID: "p", Verdict: memory.VerdictRejected}},
		"fail":            {propose(create("a")), &memory.Resolve{ID: "p", Verdict: memory.VerdictFailed}},
		"set-standard":    {create("a"), &memory.SetStandard{Namespace: "team", StandardID: "a", Parent: "*"}},
		"clear-standard":  {create("a"), &memory.SetStandard{Namespace: "team", StandardID: "a"}, &memory.ClearStandard{Namespace: "team"}},
		"propose-a-link":  {create("a"), create("b"), propose(link)},
		"store-and-links": {&memory.Link{Source: "a", Target: "b", Relation: "supersedes", CreatedAt: 1_700_000_000e9}, create("b"), create("a")},
	}
}
