package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/attest"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/identity/replay"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer"
	"github.com/tallystick/tallystick/internal/wire"
)

// liar is whoever has the key of a member, and says what it likes with it.
type liar struct {
	peer.Witness
	*cluster.Cluster
	calls *peer.Client
}

// Vouch implements [peer.Witness].
func (l *liar) Vouch(ops []receipt.Op) (receipt.Signed, error) {
	s := receipt.Statement{Domain: l.Roots().Domain, Member: l.Place().Name, Epoch: 1, Members: 1, At: time.Now()}
	for _, op := range ops {
		s.Held = append(s.Held, receipt.Run{Origin: op.Dot.Origin, First: op.Dot.Seq, Last: op.Dot.Seq, Root: receipt.RootOf([]memory.Digest{op.Digest})})
	}
	data, err := s.Encode()
	out := receipt.Signed{Statement: data, Signature: receipt.Sign(l.Self().Key(), data)}
	out.Credential, out.Chain = l.Self().Credential()
	return out, err
}

// newLiar joins a federation, and does not run.
func newLiar(tb testing.TB, authority *cluster.Cluster, name string, signs bool, terms ...cluster.Terms) *liar {
	tb.Helper()
	line, _, err := authority.Invite(time.Hour, 1, append(terms, cluster.Terms{})[0])
	if err != nil {
		tb.Fatal(err)
	}
	data := single(tb, func(c *Config) { c.Node = memory.Node(name) }).Data
	c, err := Join(tb.Context(), data, authority.Place().URL, line, placeOf(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	l := &liar{Cluster: c}
	trust := &peer.Trust{Self: c.Self(), Roots: c.Roots(), Contact: c.Contact, Verifier: attest.NewVerifier(attest.Config{
		Self: c.Place().Node, Roots: c.Roots(), Roster: c, Ledger: replay.New(replay.Config{}), Now: time.Now,
	})}
	if signs {
		trust.Witness = l
	}
	l.calls = peer.NewClient(peer.Config{Self: c.Place().Node, Trust: trust})
	tb.Cleanup(l.calls.Close)
	return l
}

// tells a member an op of its own.
func (l *liar) tells(tb testing.TB, to memory.Node, seq uint64, title string) error {
	tb.Helper()
	now := time.Now()
	m := memory.Memory{
		ID: memory.DerivedID("global", title), Tier: memory.Long, Namespace: "global", Title: title, Content: "x", Priority: 5, Confidence: 1,
		Source: "api", MemoryKind: "observation", ConfidenceSource: "caller_provided", CreatedAt: memory.InstantOf(now), Version: 1,
	}
	origin := memory.MakeOrigin(l.Place().Node, 7)
	raw, err := wire.EncodeEntry(&memory.Entry{
		Dot: memory.Dot{Origin: origin, Seq: seq}, Stamp: memory.MakeStamp(now), Actor: memory.Anonymous, Op: &memory.Put{Memory: m, Create: true},
	})
	if err != nil {
		tb.Fatal(err)
	}
	_, err = l.calls.Push(tb.Context(), to, &memory.Push{Created: now, Ops: []memory.Shipment{{Raw: raw}}, View: memory.View{Heads: memory.Heads{}}})
	return err
}

func TestWhoSignsTwoOpsUnderOneNumberIsFrozen(t *testing.T) {
	t.Parallel()
	a, cfg, authority := founded(t)
	b, d := joined(t, authority, "b"), joined(t, authority, "d")
	c := newLiar(t, authority, "c", true)
	honest := map[memory.Node]*running{"a": a, "b": b, "d": d}
	for _, r := range honest {
		waitForMembers(t, r, 4)
	}
	if err := c.Reload(); err != nil {
		t.Fatal(err)
	}
	for to, title := range map[memory.Node]string{"a": "what a is told", "b": "what b is told", "d": "what a is told"} {
		if err := c.tells(t, to, 1, title); err != nil {
			t.Fatalf("to %s: %v", to, err)
		}
	}
	before := time.Now()
	for name, r := range honest {
		waitFor(t, 20*time.Second, string(name)+" to freeze c", func() (string, bool) {
			s := fmt.Sprint(accountOf(t, r)["warnings"])
			return s, strings.Contains(s, "member c has signed two ops")
		})
	}
	t.Logf("all know it after %s", time.Since(before).Round(time.Millisecond))
	for name := range honest {
		if err := c.tells(t, name, 2, "more"); err == nil || !strings.Contains(err.Error(), string(identity.MemberFrozen)) {
			t.Errorf("%s takes more: %v", name, err)
		}
	}
	waitFor(t, 20*time.Second, "equal digests", func() (string, bool) {
		x, y, z := accountOf(t, a)["digest"], accountOf(t, b)["digest"], accountOf(t, d)["digest"]
		return fmt.Sprint(x, y, z), x == y && y == z
	})
	list, err := Proofs(cfg.Data)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d proofs: %v", len(list), err)
	}
	digests, key, err := list[0].Verify(authority.Roots().Credentials(), time.Now())
	if err != nil || digests[0] == digests[1] || key != c.Self().Key().Public() || len(list[0].Words[0].Body) == 0 || len(list[0].Words[1].Body) == 0 {
		t.Errorf("%+v proves nothing: %v", list[0], err)
	}
	if text, err := os.ReadFile(filepath.Join(cfg.Data, AuditFile)); err != nil || !strings.Contains(string(text), "equivocation") {
		t.Errorf("the audit log has nothing of it: %v", err)
	}
	// It stays so over a restart, until an administrator acts.
	a.stop()
	a = inProcess(t, cfg)
	if err := c.tells(t, "a", 2, "more"); err == nil || !strings.Contains(err.Error(), string(identity.MemberFrozen)) {
		t.Errorf("after a restart it takes more: %v", err)
	}
	if err := authority.Remove("c", false); err != nil {
		t.Fatal(err)
	}
	waitForMembers(t, a, 3)
	if s := fmt.Sprint(accountOf(t, a)["warnings"]); strings.Contains(s, "two ops") {
		t.Errorf("after c was removed: %s", s)
	}
}

// Without its word, one could tell each member another thing, and nobody show it.
func TestAnOpWithoutTheWordOfItsNodeIsNotTaken(t *testing.T) {
	t.Parallel()
	a, _, authority := founded(t)
	c := newLiar(t, authority, "c", false)
	waitForMembers(t, a, 2)
	if err := c.tells(t, "a", 1, "unsigned"); err == nil || !strings.Contains(err.Error(), string(identity.StatementMissing)) {
		t.Errorf("%v", err)
	}
}
