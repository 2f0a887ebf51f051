package receive_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/memory"
)

// peerOf is the sender of a set of captures, with what its receiver must know.
func peerOf(tb testing.TB, set string) config.Peer {
	tb.Helper()
	k := capturedKeys(tb)
	p := config.Peer{Name: sender, Direction: config.In, Namespaces: []string{"**"}}
	switch set {
	case "pushes-signed":
		p.Key = k.sender
	case "pushes-cred", "pushes-chain":
		p.Issuers, p.Domain = map[string]string{"root": k.root}, k.domain
		p.Unsigned = false
	case "pushes-apikey":
		p.APIKey = k.apiKey
		p.Unsigned = true
	default:
		p.Unsigned = true
	}
	if err := p.Validate(); err != nil {
		tb.Fatal(err)
	}
	return p
}

// better says where we do what a real node only says that it skipped: a row that was
// renamed, and a link before its memories.
func better(file string) (map[string]int, bool) {
	for name, counts := range map[string]map[string]int{
		"/06-rename": {"applied": 1}, "/07-promote": {"applied": 1}, // the same row, renamed
		"cred/08-link": {"links_applied": 1}, "chain/08-link": {"links_applied": 1}, "embed/34-reflect.01": {"links_applied": 1},
	} {
		if strings.Contains(file, name) {
			return counts, true
		}
	}
	return nil, false
}

type replayed struct {
	Set      string         `json:"set"`
	File     string         `json:"file"`
	Status   string         `json:"status"`
	Counters map[string]any `json:"nonzero_counters"`
}

func realReplies(tb testing.TB) map[string]map[string]int {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(vectors, "replayed-at-a-real-receiver.json"))
	if err != nil {
		tb.Skipf("no captured replies at %s", vectors)
	}
	var list []replayed
	if err := json.Unmarshal(data, &list); err != nil {
		tb.Fatal(err)
	}
	out := map[string]map[string]int{}
	for _, r := range list {
		counts := map[string]int{}
		for k, v := range r.Counters {
			if f, ok := v.(float64); ok {
				counts[k] = int(f)
			}
		}
		out[r.Set+"/"+r.File] = counts
	}
	return out
}

func sets() []string {
	return []string{"pushes-unsigned", "pushes-signed", "pushes-cred", "pushes-chain", "pushes-embed", "pushes-apikey"}
}

// Every push of a real node is taken, and counted as a real receiver counts it.
func TestCapturedPushesAreAnsweredAsARealNodeAnswers(t *testing.T) {
	want := realReplies(t)
	for _, set := range sets() {
		t.Run(set, func(t *testing.T) {
			n := open(t, "a", t.TempDir(), peerOf(t, set))
			for _, x := range captures(t, filepath.Join(set, "*.push.http")) {
				status, body := n.play(x)
				if strings.HasPrefix(set, "pushes-c") && strings.HasPrefix(x.name, "16-bulk.03") {
					// The batch has no credential: a real receiver refuses it too.
					if status != 401 {
						t.Errorf("%s: %d %s", x.name, status, body)
					}
					continue
				}
				if status != 200 {
					t.Errorf("%s: %d %s", x.name, status, body)
					continue
				}
				counts := want[set+"/"+x.name]
				if b, ok := better(set + "/" + x.name); ok {
					counts = b
				}
				if got := counters(t, body); !maps.Equal(got, counts) {
					t.Errorf("%s: %v, want %v", x.name, got, counts)
				}
			}
		})
	}
}

// However often the pushes come, and in whatever order: all are taken, and the state
// is the same in the end.
func TestCapturedPushesInAnyOrderAndAgain(t *testing.T) {
	all := captures(t, filepath.Join("pushes-unsigned", "*.push.http"))
	n := open(t, "a", t.TempDir(), peerOf(t, "pushes-unsigned"))
	for _, x := range all {
		n.play(x)
	}
	logged := n.store.View().Heads
	for _, x := range all[:14] { // before the first deletion: nothing is of the time of receipt
		if strings.HasPrefix(x.name, "10-") || strings.HasPrefix(x.name, "11-") {
			continue
		}
		if status, body := n.play(x); status != 200 {
			t.Errorf("%s again: %d %s", x.name, status, body)
		}
	}
	if again := n.store.View().Heads; again[n.store.Origin()].Seq != logged[n.store.Origin()].Seq {
		t.Errorf("what came again was logged: %d entries, then %d", logged[n.store.Origin()].Seq, again[n.store.Origin()].Seq)
	}
	for seed := range uint64(10) {
		m := open(t, "a", t.TempDir(), peerOf(t, "pushes-unsigned"))
		rnd := rand.New(rand.NewPCG(seed, 1))
		order := rnd.Perm(len(all))
		for _, i := range append(order, order...) {
			if status, body := m.play(all[i]); status != 200 {
				t.Errorf("seed %d: %s: %d %s", seed, all[i].name, status, body)
			}
		}
		for id, want := range contents(t, n) {
			rec, err := m.store.Record(t.Context(), id)
			if err != nil || rec.Title+"\n"+rec.Memory.Content != want {
				t.Errorf("seed %d: %s is %+v, %v, want %q", seed, id, rec, err, want)
			}
		}
	}
}

// contents are the texts of all memories, whatever their life.
func contents(t *testing.T, n *node) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, life := range []memory.Life{memory.Live, memory.Archived, memory.Deleted} {
		recs, _, err := n.store.List(t.Context(), memory.Filter{All: true, Life: life, Now: memory.InstantOf(captured())}, memory.ByID, 1000, 0, "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range recs {
			out[recs[i].ID] = recs[i].Title + "\n" + recs[i].Memory.Content
		}
	}
	return out
}

// A push that comes to two members is one change: neither has it twice, they end
// equal, and nobody sees a conflict.
func TestAPushAtTwoMembersIsOneChange(t *testing.T) {
	all := captures(t, filepath.Join("pushes-unsigned", "*.push.http"))
	p := peerOf(t, "pushes-unsigned")
	a, b := open(t, "a", t.TempDir(), p), open(t, "b", t.TempDir(), p)
	for _, x := range all {
		a.play(x)
		b.play(x)
	}
	a.sync(b)
	b.sync(a)
	if x, y := a.store.View().Root, b.store.View().Root; x != y {
		t.Errorf("roots %s and %s", x, y)
	}
	for id := range contents(t, a) {
		x, err := a.store.Record(t.Context(), id)
		if err != nil || x.Conflicts != 0 {
			t.Errorf("%s: %d conflicts, %v", id, x.Conflicts, err)
		}
	}
	c := open(t, "c", t.TempDir(), p)
	c.sync(a)
	before := c.store.View().Heads[c.store.Origin()].Seq
	for _, x := range all[:8] { // rows alone
		c.play(x)
	}
	if after := c.store.View().Heads[c.store.Origin()].Seq; after != before {
		t.Errorf("what a member had logged was logged again: %d entries", after-before)
	}
}
