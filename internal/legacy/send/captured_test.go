package send

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// Pushes that real ai-memory nodes have sent lie beside the repository.
const captured = "../../../../shared/vectors"

// What a real node sent of a change, we send of the same change: the whole request,
// byte for byte, the headers and their order and the signature with it.
func TestWeSendWhatARealNodeSent(t *testing.T) {
	keys := capturedKeys(t)
	sets := map[string]int{"unsigned": 41, "signed": 41, "cred": 17, "chain": 17, "embed": 10, "apikey": 6}
	for set, want := range sets {
		names, err := filepath.Glob(filepath.Join(captured, "pushes-"+set, "*.push.http"))
		if err != nil || len(names) != want {
			t.Fatalf("%s: %d pushes, %v", set, len(names), err)
		}
		var credential []string // of the first push, which has one in the sets with credentials
		for _, name := range names {
			top, _ := splitCaptured(t, name)
			if credential == nil {
				credential = credentialIn(top)
			}
			checkCaptured(t, keys, name, credential)
		}
	}
	for _, name := range []string{"dlq-replay.00", "dlq-replay.01", "dlq-replay.02"} {
		name = filepath.Join(captured, "pulls-and-replays", name+".push.http")
		top, _ := splitCaptured(t, name)
		checkCaptured(t, keys, name, credentialIn(top))
	}
}

func splitCaptured(t *testing.T, name string) (top string, payload []byte) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, payload, ok := bytes.Cut(data, []byte("\r\n\r\n"))
	if !ok {
		t.Fatalf("%s: no end of the headers", name)
	}
	return string(head), payload
}

// credentialIn are the lines of the headers with a credential.
func credentialIn(top string) []string {
	return slices.DeleteFunc(strings.Split(top, "\r\n"), func(line string) bool { return !strings.HasPrefix(line, "x-memory-cred") })
}

// withCredential is the head of a captured batch as it should have been: the real
// node sent no credential with batches, and was refused by whoever knows it by that.
func withCredential(top string, credential []string) string {
	if len(credential) == 0 || !strings.Contains(top, "\r\nx-catchup: bulk\r\n") {
		return top
	}
	return strings.Replace(top, "\r\naccept: ", "\r\n"+strings.Join(credential, "\r\n")+"\r\naccept: ", 1)
}

func capturedKeys(t *testing.T) *identity.Key {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(captured, "keys", "keys.json"))
	if os.IsNotExist(err) {
		t.Skipf("no captured pushes at %s", captured)
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Sender struct {
			Seed string `json:"private_seed_hex"`
		} `json:"sender region/nyc/node-1"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	seed, err := hex.DecodeString(file.Sender.Seed)
	if err != nil {
		t.Fatal(err)
	}
	k, err := identity.KeyFromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	return &k
}

func checkCaptured(t *testing.T, key *identity.Key, name string, credential []string) {
	t.Helper()
	top, payload := splitCaptured(t, name)
	top = withCredential(top, credential)
	headers := map[string]string{}
	for _, line := range strings.Split(top, "\r\n")[1:] {
		k, v, _ := strings.Cut(line, ": ")
		headers[k] = v
	}
	push, err := wire.DecodePush(payload)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	peer := Peer{
		URL: &url.URL{Scheme: "http", Host: headers["host"]}, Sender: push.Sender, APIKey: headers["x-api-key"],
		Credential: headers["x-memory-cred"], Chain: headers["x-memory-cred-chain"],
	}
	if headers["x-memory-sig"] != "" {
		peer.Key = key
	}
	groups := renderCaptured(t, name, push)
	parcels := cut(groups, maxBytes)
	if len(parcels) == 0 {
		t.Fatalf("%s: nothing is sent", name)
	}
	// After a restore the memory itself follows, in a push of its own.
	if len(parcels) > 1 && parcels[0].items[0].lane != wire.LaneRestores {
		t.Fatalf("%s: %d pushes", name, len(parcels))
	}
	p := parcels[0]
	for i := range p.items {
		p.items[i] = exactly(p.items[i], push)
	}
	body, err := p.body(peer.Sender)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got := string(peer.head(body, p.key(), headers["x-memory-nonce"])) + string(body)
	if diff := cmp.Diff(top+"\r\n\r\n"+string(payload), got); diff != "" {
		t.Errorf("%s:\n%s", name, diff)
	}
}

// exactly gives an item the times of the last change that the real node sent: ours
// are stamps, which count milliseconds, and the changes within one.
func exactly(it item, push *wire.Push) item {
	add := it.add
	it.add = func(p *wire.Push) {
		add(p)
		for i := range p.Memories {
			for _, m := range push.Memories {
				if m.ID == p.Memories[i].ID {
					p.Memories[i].UpdatedAt = m.UpdatedAt
				}
			}
		}
		for i := range p.Standards {
			p.Standards[i].UpdatedAt = push.Standards[i].UpdatedAt
		}
	}
	return it
}

// renderCaptured makes the change that a push tells of happen here, given that what
// it is about is there, and renders it.
func renderCaptured(t *testing.T, name string, push *wire.Push) [][]item {
	t.Helper()
	s := newModel()
	r := renderer{state: s, sends: func(string) bool { return true }}
	next := uint64(0)
	apply := func(op memory.Op, actor string) *memory.Entry {
		next++
		e := &memory.Entry{Dot: memory.Dot{Origin: "a.1", Seq: next}, Stamp: memory.Stamp(next), Op: op, Actor: memory.AgentID(actor)}
		s.apply(e)
		return e
	}
	there := func(id string) {
		apply(&memory.Put{Memory: memory.Memory{ID: id, Namespace: "cap", Tier: memory.Mid, Title: id, Content: "c"}, Create: true}, "alice")
	}
	var out [][]item
	for _, op := range capturedOps(t, name, push) {
		actor := "alice"
		for _, ref := range op.About().Memories {
			if ref.Role != memory.RoleContent {
				there(ref.ID)
			}
		}
		if op, ok := op.(*memory.Restore); ok {
			apply(&memory.Archive{ID: op.ID, Reason: "archive"}, actor)
		}
		if op, ok := op.(*memory.Resolve); ok {
			apply(&memory.Propose{ID: op.ID, Namespace: "gov", Requester: "mallory", RequestedAt: 1, Action: &memory.Delete{ID: "m"}}, "mallory")
			actor = push.Decisions[0].Decider
		}
		e := apply(op, actor)
		for _, v := range push.Embeddings {
			vector := make([]float32, len(v.Vector))
			for i, f := range v.Vector {
				vector[i] = float32(f)
			}
			if v.MemoryID == op.About().Main() {
				s.vectors[e.Dot] = &memory.Embedding{Model: v.Model, Vector: vector}
			}
		}
		g, err := r.entry(t.Context(), e)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, g...)
	}
	return out
}

// capturedOps are the changes that a push tells of.
func capturedOps(t *testing.T, name string, push *wire.Push) []memory.Op {
	t.Helper()
	var ops []memory.Op
	for i := range push.Memories {
		m, _, err := push.Memories[i].Value()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m.ConfidenceSource = push.Memories[i].ConfidenceSource
		if len(push.Deletions) > 0 {
			c := &memory.Consolidate{Into: m}
			for _, id := range push.Deletions {
				c.Sources = append(c.Sources, memory.SourceVersion{ID: id})
			}
			return []memory.Op{c}
		}
		ops = append(ops, &memory.Put{Memory: m, Create: true})
	}
	for _, id := range push.Deletions {
		ops = append(ops, &memory.Delete{ID: id})
	}
	for _, id := range push.Archives {
		ops = append(ops, &memory.Archive{ID: id, Reason: "archive"})
	}
	for _, id := range push.Restores {
		ops = append(ops, &memory.Restore{ID: id})
	}
	for _, l := range push.Links {
		ops = append(ops, &memory.Link{
			Source: l.Source, Target: l.Target, Relation: l.Relation, CreatedAt: at(t, l.CreatedAt), ValidFrom: at(t, l.ValidFrom),
			ValidUntil: at(t, l.ValidUntil), ObservedBy: l.ObservedBy, AttestLevel: l.AttestLevel, Signature: l.Signature,
		})
	}
	for i := range push.Pendings {
		p := &push.Pendings[i]
		var row wire.Memory
		if err := json.Unmarshal(p.Payload, &row); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m, _, err := row.Value()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m.ConfidenceSource = row.ConfidenceSource
		ops = append(ops, &memory.Propose{
			ID: p.ID, Namespace: p.Namespace, Requester: memory.AgentID(p.RequestedBy), RequestedAt: at(t, p.RequestedAt),
			Action: &memory.Put{Memory: m, Create: true},
		})
	}
	for _, d := range push.Decisions {
		outcome := map[bool]string{true: memory.VerdictApproved, false: memory.VerdictRejected}[d.Approved]
		ops = append(ops, &memory.Resolve{ID: d.ID, Verdict: outcome})
	}
	for _, m := range push.Standards {
		ops = append(ops, &memory.SetStandard{Namespace: m.Namespace, StandardID: m.StandardID, Parent: m.Parent})
	}
	for _, ns := range push.Clears {
		ops = append(ops, &memory.ClearStandard{Namespace: ns})
	}
	return ops
}

func at(t *testing.T, text string) (i memory.Instant) {
	t.Helper()
	if err := i.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return i
}
