package receive_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/aimemory"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// signer is a legacy peer with a key.
type signer struct {
	t    *testing.T
	name string
	key  identity.Key
	n    int
}

func newSigner(t *testing.T, name string) *signer {
	t.Helper()
	return &signer{t: t, name: name, key: identitytest.Key(t, name)}
}

func (s *signer) peer() config.Peer {
	return config.Peer{Name: s.name, Direction: config.In, Key: s.key.Public().String(), Namespaces: []string{"**"}}
}

// signed is a push of the peer, as it goes over the wire.
func (s *signer) signed(p *wire.Push) exchange {
	s.t.Helper()
	p.Sender = s.name
	body, err := p.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	s.n++
	nonce := fmt.Sprintf("00000000-0000-4000-8000-%012d", s.n)
	h := http.Header{}
	h.Set(aimemory.HeaderPeer, s.name)
	h.Set(aimemory.HeaderNonce, nonce)
	h.Set(aimemory.HeaderSignature, aimemory.Sign(s.key, body, nonce))
	return exchange{method: http.MethodPost, target: "/api/v1/sync/push", header: h, body: body}
}

// rowAt is a row that was made at one time and edited at another.
func rowAt(id, title, content string, created, updated time.Time) wire.Memory {
	const layout = "2006-01-02T15:04:05.000000000-07:00"
	return wire.Memory{
		Citations: []wire.Citation{}, Confidence: 1, ConfidenceSource: "default", Content: content, CreatedAt: created.Format(layout), ID: id,
		MemoryKind: "observation", Metadata: []byte(`{"agent_id":"alice","scope":"collective"}`), Namespace: "team", Priority: 5, Source: "api",
		Tags: []string{}, Tier: "long", Title: title, UpdatedAt: updated.Format(layout), Version: 1,
	}
}

func rows(list ...wire.Memory) *wire.Push { return &wire.Push{Memories: list} }

// says plays a request and checks status and word.
func (n *node) says(x exchange, status int, want string) {
	n.t.Helper()
	got, body := n.play(x)
	if got != status || want != "" && word(body) != want {
		n.t.Errorf("%d %s, want %d %s", got, body, status, want)
	}
}

// life is that of the memory m1.
func (n *node) life() memory.Life {
	n.t.Helper()
	rec, err := n.store.Record(n.t.Context(), "m1")
	if err != nil {
		n.t.Fatal(err)
	}
	return rec.Life
}

const replayed401 = "x_memory_nonce_replay"

// A deletion that somebody has captured is worth nothing: here, after a restart,
// after a flood, and at another member.
func TestACapturedDeletionDeletesOnce(t *testing.T) {
	s := newSigner(t, "old")
	dir := t.TempDir()
	a, b := open(t, "a", dir, s.peer()), open(t, "b", t.TempDir(), s.peer())
	at := captured()
	a.says(s.signed(rows(rowAt("m1", "t", "c", at, at))), 200, "")
	deletion := s.signed(&wire.Push{Deletions: []string{"m1"}})
	a.says(deletion, 200, "")
	restore := memory.NewOp{Op: &memory.Restore{ID: "m1"}}
	if _, err := a.store.Submit(t.Context(), &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{restore}}); err != nil {
		t.Fatal(err)
	}
	a.says(deletion, 401, replayed401)
	b.sync(a)
	b.says(deletion, 401, replayed401)
	a.Flood(s.name)
	a.says(deletion, 401, replayed401)
	a.stop()
	again := open(t, "a", dir, s.peer())
	again.says(deletion, 401, replayed401)
	if a, b := again.life(), b.life(); a != memory.Live || b != memory.Live {
		t.Errorf("it is %s and %s", a, b)
	}
}

// A row that somebody has captured is refused for as long as its nonce is remembered,
// and changes nothing after that.
func TestACapturedRowChangesNothing(t *testing.T) {
	s := newSigner(t, "old")
	dir := t.TempDir()
	a, b := open(t, "a", dir, s.peer()), open(t, "b", t.TempDir(), s.peer())
	at := captured()
	first := s.signed(rows(rowAt("m1", "t", "first", at, at)))
	a.says(first, 200, "")
	a.says(first, 401, replayed401)
	a.says(s.signed(rows(rowAt("m1", "t", "second", at, at.Add(time.Second)))), 200, "")
	a.stop()
	a = open(t, "a", dir, s.peer())
	a.says(first, 401, replayed401)
	b.sync(a)
	before := b.store.View()
	b.says(first, 200, "") // another member has not seen it, and it is old
	if after := b.store.View(); after.Root != before.Root || after.LSN != before.LSN {
		t.Error("it changed something")
	}
}

func TestForgedPushesAreRefused(t *testing.T) {
	s, other := newSigner(t, "old"), newSigner(t, "other")
	limited := other.peer()
	limited.Namespaces = []string{"theirs/**"}
	expired := newSigner(t, "gone")
	was := expired.peer()
	was.Expires = "2026-11-01T00:00:00Z"
	n := open(t, "a", t.TempDir(), s.peer(), limited, was)
	at := captured()
	n.says(s.signed(rows(rowAt("m1", "t", "c", at, at))), 200, "")

	changed := s.signed(rows(rowAt("m2", "t2", "c", at, at)))
	changed.body = bytes.Replace(changed.body, []byte(`"c"`), []byte(`"d"`), 1)
	n.says(changed, 401, "x_memory_sig_bad_signature")
	nonce := s.signed(rows())
	nonce.header.Set(aimemory.HeaderNonce, "another")
	n.says(nonce, 401, "x_memory_sig_bad_signature")
	claims := other.signed(rows())
	claims.header.Set(aimemory.HeaderPeer, "old")
	n.says(claims, 401, "x_memory_sig_bad_signature")
	as := *other
	as.name, as.n = "old", 1000
	mine := as.signed(rows())
	mine.header.Set(aimemory.HeaderPeer, "other")
	n.says(mine, 403, "sender_agent_id_mismatch")
	n.says(expired.signed(rows()), 401, "x_peer_id_not_in_allowlist")
	unsigned := s.signed(rows())
	unsigned.header.Del(aimemory.HeaderSignature)
	n.says(unsigned, 401, "x_memory_sig_missing")

	// What is not theirs to change stays, whatever the lane.
	stolen := rowAt("m1", "t", "stolen", at, at.Add(time.Hour))
	stolen.Namespace = "theirs/x"
	n.says(other.signed(rows(stolen, rowAt("m3", "t3", "outside", at, at))), 200, "")
	n.says(other.signed(&wire.Push{Deletions: []string{"m1", "not-there-yet"}, Archives: []string{"m1"}}), 200, "")
	n.says(other.signed(&wire.Push{Standards: []wire.Standard{{Namespace: "team", StandardID: "m1"}}}), 200, "")
	rec, err := n.store.Record(t.Context(), "m1")
	if err != nil || rec.Memory.Content != "c" || rec.Life != memory.Live {
		t.Errorf("%+v, %v", rec, err)
	}
	if _, err := n.store.Record(t.Context(), "m3"); err == nil {
		t.Error("a row outside its namespaces was taken")
	}
	if _, err := n.store.Standard(t.Context(), "team"); err == nil {
		t.Error("a standard outside its namespaces was taken")
	}
	// An owner stays the owner.
	robbed := rowAt("m1", "t", "edited", at, at.Add(time.Minute))
	robbed.Metadata = []byte(`{"agent_id":"mallory"}`)
	n.setClock(at.Add(2 * time.Minute))
	n.says(s.signed(rows(robbed)), 200, "")
	rec, err = n.store.Record(t.Context(), "m1")
	if err != nil || rec.Access().Owner != "alice" || rec.Memory.Content != "edited" {
		t.Errorf("%+v, %v", rec, err)
	}
}

func TestPushesAreBounded(t *testing.T) {
	s := newSigner(t, "old")
	n := open(t, "a", t.TempDir(), s.peer())
	var many []wire.Memory
	for i := range wire.MaxItems + 1 {
		many = append(many, rowAt(fmt.Sprint("m", i), fmt.Sprint("t", i), "c", captured(), captured()))
	}
	n.says(s.signed(rows(many...)), 400, "sync_push limited to 1000 memories per request")
	n.says(s.signed(rows(many[:wire.MaxItems]...)), 200, "")
	big := s.signed(rows())
	big.body = append(big.body, strings.Repeat(" ", wire.MaxBody)...)
	n.says(big, 413, "")
}

// What a peer is told of the newest row that came from it is the time of one, and not
// whatever stood there: nothing would ever be newer than that.
func TestTheTimeOfTheNewestRowIsOne(t *testing.T) {
	s := newSigner(t, "old")
	n := open(t, "a", t.TempDir(), s.peer())
	good := rowAt("m1", "t", "c", captured(), captured())
	list := []wire.Memory{good}
	for i, at := range []string{"soon", "9999-12-31T23:59:59.999999999+00:00", "\U0001F4A5", ""} {
		m := rowAt(fmt.Sprint("odd", i), fmt.Sprint("odd", i), "c", captured(), captured())
		m.UpdatedAt = at
		list = append(list, m)
	}
	want := `"receiver_clock":{"entries":{"old":"` + good.UpdatedAt + `"}}`
	for _, dry := range []bool{true, false} {
		p := rows(list...)
		p.DryRun = dry
		if status, body := n.play(s.signed(p)); status != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("dry run %t: %d %s", dry, status, body)
		}
	}
}

// Whatever an old node's replays and catch-up bring back, a deletion holds.
func TestWhatWasDeletedDoesNotComeBack(t *testing.T) {
	s := newSigner(t, "old")
	at := captured()
	store := rowAt("m1", "t", "c", at, at)
	edit := rowAt("m1", "t", "edited where it came back", at, at.Add(time.Minute))
	deletion := &wire.Push{Deletions: []string{"m1"}}
	for name, tt := range map[string]struct {
		pushes []*wire.Push
		stale  int
	}{
		"the store again":               {[]*wire.Push{rows(store), deletion, rows(store)}, 1},
		"the deletion first":            {[]*wire.Push{deletion, rows(store)}, 0},
		"an edit of what came back":     {[]*wire.Push{rows(store), deletion, rows(edit)}, 1},
		"an edit, and nothing before":   {[]*wire.Push{deletion, rows(edit)}, 0},
		"a restore of what was deleted": {[]*wire.Push{rows(store), deletion, {Restores: []string{"m1"}}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := open(t, "a", t.TempDir(), s.peer())
			n.setClock(at.Add(30 * time.Second))
			for _, p := range tt.pushes {
				n.says(s.signed(p), 200, "")
				n.ahead.Add(int64(time.Minute))
			}
			if got := n.life(); got != memory.Deleted {
				t.Errorf("it is %s", got)
			}
			if len(n.stale) != tt.stale {
				t.Errorf("told again: %v", n.stale)
			}
		})
	}
	// A member that learns of the deletion later has the same in the end.
	a, b := open(t, "a", t.TempDir(), s.peer()), open(t, "b", t.TempDir(), s.peer())
	a.setClock(at.Add(30 * time.Second))
	b.setClock(at.Add(2 * time.Minute))
	a.says(s.signed(rows(store)), 200, "")
	a.says(s.signed(deletion), 200, "")
	b.says(s.signed(rows(edit)), 200, "") // the first that b hears of it
	b.sync(a)
	a.sync(b)
	if x, y := a.life(), b.life(); x != memory.Deleted || y != memory.Deleted {
		t.Errorf("%s and %s", x, y)
	}
}
