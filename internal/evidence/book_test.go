package evidence_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/evidence"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

// federation is members that answer each other at once, and a root.
type federation struct {
	t       *testing.T
	root    *ca.Authority
	epoch   uint64
	members []memory.Node
	nodes   map[memory.Node]*node
	run     uint64        // incarnation of all nodes
	wrong   []memory.Node // whose statements were not right; of the node that runs
}

// node is a member: its log, its book, and what it has kept.
type node struct {
	*evidence.Book
	name memory.Node
	grant

	mu   sync.Mutex
	log  map[memory.Dot]memory.Digest
	kept []memory.Statement
	// pending is what is being committed, and unsure says that nobody knows whether this
	// node has on disk what it has numbered.
	pending map[memory.Dot]memory.Digest
	unsure  bool
	asked   int
	away    bool

	bodies map[memory.Dot][]byte
	caught []memory.Node // signed two ops under one number
}

type grant struct {
	key               identity.Key
	credential, chain string
}

func (g grant) Key() identity.Key            { return g.key }
func (g grant) Credential() (string, string) { return g.credential, g.chain }

func roots(f *federation) cred.Roots {
	return ca.Roots{Domain: "acme", Certificates: []*x509.Certificate{f.root.Certificate()}, Skew: time.Minute}.Credentials()
}

func found(t *testing.T, names ...memory.Node) *federation {
	t.Helper()
	root, err := ca.NewRoot("acme", identitytest.Key(t, "root"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f := &federation{t: t, root: root, epoch: 1, members: names, nodes: map[memory.Node]*node{}, run: 1}
	for _, name := range names {
		n := &node{name: name, log: map[memory.Dot]memory.Digest{}, bodies: map[memory.Dot][]byte{}}
		n.key = identitytest.Key(t, string(name))
		g, err := root.Issue(identity.Name(name), n.key.Public(), nil, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if n.credential, err = g.Credential.Header(); err != nil {
			t.Fatal(err)
		}
		n.Book, err = evidence.New(evidence.Config{
			Self: name, Origin: func() memory.Origin { return memory.MakeOrigin(name, f.run) }, Name: identity.Name(name), Roots: roots(f), Roster: f, Signer: n, Log: slog.New(slog.DiscardHandler),
			Wrong: func(from memory.Node, _ error) { f.wrong = append(f.wrong, from) },
			Ask: func(ctx context.Context, member memory.Node, d memory.Dot) (receipt.Signed, error) {
				to := f.nodes[member]
				if to.asked++; to.away {
					return receipt.Signed{}, errors.New("away")
				}
				return to.Prove(ctx, d)
			},
			Holds: func(member memory.Node, _ memory.Dot) bool { return !f.nodes[member].unsure },
			AskWords: func(ctx context.Context, member memory.Node, d memory.Dot) ([]receipt.Word, error) {
				return f.nodes[member].Words(ctx, d)
			},
			Twice: func(of memory.Node, _ memory.Dot, _ [2]memory.Digest) { n.caught = append(n.caught, of) },
		}, n)
		if err != nil {
			t.Fatal(err)
		}
		f.nodes[name] = n
	}
	return f
}

// Admit implements [evidence.Roster].
func (f *federation) Admit(name identity.Name, key identity.PublicKey) (memory.Node, error) {
	if n := f.nodes[memory.Node(name)]; n != nil && n.key.Public() == key && slices.Contains(f.members, n.name) {
		return n.name, nil
	}
	return "", identity.Refuse(identity.NotAMember, "%s", name)
}

// Now implements [evidence.Roster].
func (f *federation) Now() (uint64, []memory.Node) { return f.epoch, f.members }

// View implements [evidence.Store].
func (n *node) View() memory.View {
	n.mu.Lock()
	defer n.mu.Unlock()
	heads := memory.Heads{}
	for d := range n.log {
		h := heads[d.Origin]
		h.Seq = max(h.Seq, d.Seq)
		heads[d.Origin] = h
	}
	return memory.View{Heads: heads}
}

// Digests implements [evidence.Store].
func (n *node) Digests(ctx context.Context, r memory.Range) ([]memory.Digest, error) {
	if err := ctx.Err(); err != nil { // as a database has it
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []memory.Digest
	for seq := r.From; seq <= r.To; seq++ {
		d, ok := n.log[memory.Dot{Origin: r.Origin, Seq: seq}]
		if !ok {
			return nil, memory.ErrTruncated
		}
		out = append(out, d)
	}
	return out, nil
}

// ByDot implements [evidence.Store].
func (n *node) ByDot(_ context.Context, dots []memory.Dot) ([]memory.Shipment, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []memory.Shipment
	for _, d := range dots {
		if body := n.bodies[d]; body != nil {
			out = append(out, memory.Shipment{Raw: body})
		}
	}
	return out, nil
}

// Barrier implements [evidence.Store].
func (n *node) Barrier(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.Copy(n.log, n.pending)
	n.pending = nil
	return nil
}

// KeepStatements implements [evidence.Store].
func (n *node) KeepStatements(ctx context.Context, list []memory.Statement) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.kept = append(n.kept, list...)
	return nil
}

// DropStatements implements [evidence.Store].
func (n *node) DropStatements(_ context.Context, before memory.Instant, _ int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.kept = slices.DeleteFunc(n.kept, func(s memory.Statement) bool { return s.At < before })
	return nil
}

// Statements implements [evidence.Store].
func (n *node) Statements(_ context.Context, d memory.Dot) ([]memory.Statement, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []memory.Statement
	for _, s := range n.kept {
		if s.Run.Origin == d.Origin && s.Run.From <= d.Seq && d.Seq <= s.Run.To {
			out = append(out, s)
		}
	}
	return out, nil
}

// has gives a node an op of a.
func (n *node) has(seq uint64, digest memory.Digest) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log[dot(seq)] = digest
}

// keeps is how many statements a node has.
func (n *node) keeps() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.kept)
}

func dot(seq uint64) memory.Dot { return memory.Dot{Origin: "a.1", Seq: seq} }

// push gives members ops of a, and returns what each has signed.
func push(t *testing.T, f *federation, from, to uint64, members ...memory.Node) map[memory.Node]receipt.Signed {
	t.Helper()
	out := map[memory.Node]receipt.Signed{}
	for _, m := range append([]memory.Node{"a"}, members...) {
		n := f.nodes[m]
		for seq := from; seq <= to; seq++ {
			n.has(seq, memory.Digest{byte(seq)})
		}
		s, err := n.State(t.Context(), []memory.Range{{Origin: "a.1", From: from, To: to}})
		if err != nil {
			t.Fatal(err)
		}
		out[m] = s
	}
	return out
}

// holders are those that a receipt of a proves.
func holders(t *testing.T, f *federation, d memory.Dot) string {
	t.Helper()
	text, err := f.nodes["a"].Receipt(t.Context(), d, 2)
	if err != nil {
		return err.Error()
	}
	r, err := receipt.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	v := r.Verify(roots(f), time.Now())
	return fmt.Sprint(v.Holders, " of ", v.Members, " in ", v.Epoch, " refused ", len(v.Refused))
}

// running runs the book of a in a bubble.
func running(t *testing.T, names []memory.Node, test func(f *federation)) {
	t.Helper()
	runOf(t, names, names[:1], test)
}

// runAll runs the books of all in a bubble.
func runAll(t *testing.T, names []memory.Node, test func(f *federation)) {
	t.Helper()
	runOf(t, names, names, test)
}

func runOf(t *testing.T, names, run []memory.Node, test func(f *federation)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := found(t, names...)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		for _, name := range run {
			go func() { done <- f.nodes[name].Run(ctx) }()
		}
		defer func() {
			stop()
			for range run {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}()
		test(f)
	})
}

func TestWhatMembersSignBecomesAReceipt(t *testing.T) {
	running(t, []memory.Node{"a", "b", "c"}, func(f *federation) {
		t := f.t
		a := f.nodes["a"]
		said := push(t, f, 1, 3, "b")
		a.Heard("b", said["b"])
		f.nodes["c"].away = true
		if got := holders(t, f, dot(2)); got != "[a b] of 3 in 1 refused 0" {
			t.Error(got)
		}
		// An ack that comes later counts, and so does one that nobody has heard of.
		a.Heard("c", push(t, f, 1, 3, "c")["c"])
		f.nodes["c"].asked = 0
		if got := holders(t, f, dot(3)); got != "[a b c] of 3 in 1 refused 0" || f.nodes["c"].asked > 0 {
			t.Error(got, f.nodes["c"].asked)
		}
		f.nodes["c"].away = false
		push(t, f, 4, 4, "b", "c")
		if got := holders(t, f, dot(4)); got != "[a b c] of 3 in 1 refused 0" {
			t.Error(got)
		}
		f.nodes["b"].away, f.nodes["c"].away = true, true
		if got := holders(t, f, dot(4)); got != "[a b c] of 3 in 1 refused 0" {
			t.Error("what was asked for was not kept:", got)
		}
		if got := holders(t, f, dot(9)); got != memory.ErrTruncated.Error() {
			t.Error(got)
		}
	})
}

// What members have signed under a membership stays proof when there is another one.
func TestAReceiptIsOfOneMembership(t *testing.T) {
	running(t, []memory.Node{"a", "b", "c"}, func(f *federation) {
		t := f.t
		said := push(t, f, 1, 1, "b", "c")
		f.nodes["a"].Heard("b", said["b"])
		f.nodes["a"].Heard("c", said["c"])
		if got := holders(t, f, dot(1)); got != "[a b c] of 3 in 1 refused 0" {
			t.Error(got)
		}
		f.epoch, f.members = 2, []memory.Node{"a", "b"}
		f.nodes["b"].away = true
		if got := holders(t, f, dot(1)); got != "[a b c] of 3 in 1 refused 0" {
			t.Error(got)
		}
	})
}

func TestStatementsThatAreNotKept(t *testing.T) {
	running(t, []memory.Node{"a", "b", "c"}, func(f *federation) {
		t := f.t
		a, b := f.nodes["a"], f.nodes["b"]
		good := push(t, f, 1, 2, "b", "c")
		b.has(3, memory.Digest{66})
		a.has(3, memory.Digest{3})
		other, err := b.State(t.Context(), []memory.Range{{Origin: "a.1", From: 2, To: 3}})
		if err != nil {
			t.Fatal(err)
		}
		flipped := good["b"]
		flipped.Signature = slices.Clone(flipped.Signature)
		flipped.Signature[0] ^= 1
		b.away, f.nodes["c"].away = true, true
		for name, tt := range map[string]struct {
			from memory.Node
			said receipt.Signed
		}{
			"another member's":  {"c", good["b"]},
			"other ops":         {"b", other},
			"a bad signature":   {"b", flipped},
			"nothing":           {"b", receipt.Signed{}},
			"without its proof": {"b", receipt.Signed{Statement: good["b"].Statement, Signature: good["b"].Signature}},
		} {
			a.Heard(tt.from, tt.said)
			if got := holders(t, f, dot(2)); got != "[a] of 3 in 1 refused 0" {
				t.Errorf("%s: %s", name, got)
			}
		}
		if len(f.wrong) != 5 {
			t.Errorf("heard of %v", f.wrong)
		}
		f.members = []memory.Node{"a", "c"}
		a.Heard("b", good["b"])
		if got := holders(t, f, dot(1)); strings.Contains(got, "b") {
			t.Errorf("of somebody who was no member: %s", got)
		}
	})
}

// What was signed just before the end is kept, wherever it was then, and nobody is
// accused of what could not be looked at.
func TestANodeThatEndsKeepsWhatItHasHeard(t *testing.T) {
	for name, early := range map[string]bool{"waiting for more": true, "not looked at yet": false} {
		synctest.Test(t, func(t *testing.T) {
			f := found(t, "a", "b")
			a := f.nodes["a"]
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error)
			run := func() { done <- a.Run(ctx) }
			said := push(t, f, 1, 1, "b")["b"]
			if early {
				go run()
				a.Heard("b", said)
				synctest.Wait() // it is collected, and more is waited for
				stop()
			} else {
				a.Heard("b", said)
				stop()
				go run()
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			if a.keeps() != 2 || len(f.wrong) != 0 {
				t.Errorf("%s: %d statements are kept, accused: %v", name, a.keeps(), f.wrong)
			}
		})
	}
}

// A member signs what is in its own log, whatever it was sent.
func TestAMemberSignsWhatItHas(t *testing.T) {
	f := found(t, "a", "b")
	push(t, f, 1, 3, "b")
	b := f.nodes["b"]
	for name, runs := range map[string][]memory.Range{
		"nothing":              nil,
		"what it has not":      {{Origin: "a.1", From: 3, To: 4}},
		"of an unknown origin": {{Origin: "z.1", From: 1, To: 1}},
	} {
		if _, err := b.State(t.Context(), runs); !errors.Is(err, memory.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := b.State(t.Context(), []memory.Range{{Origin: "a.1", From: 3, To: 4}, {Origin: "a.1", From: 1, To: 2}})
	if err != nil {
		t.Fatal(err)
	}
	said, _, err := s.Open(roots(f), time.Now())
	if err != nil || len(said.Held) != 1 || said.Held[0].Root != receipt.RootOf([]memory.Digest{{1}, {2}}) {
		t.Errorf("%+v, %v", said, err)
	}
}

// What a node holds under an old number of its own may be what others have brought.
// Signed beside what it signed then it would be a proof against it.
func TestANodeDoesNotVouchForWhatOthersBroughtUnderItsNumbers(t *testing.T) {
	f := found(t, "a", "b")
	push(t, f, 1, 2, "b")
	a, old := f.nodes["a"], []memory.Range{{Origin: "a.1", From: 1, To: 2}}
	if _, err := a.State(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	f.run = 2
	if _, err := a.State(t.Context(), old); !errors.Is(err, memory.ErrNotFound) {
		t.Errorf("it signs for numbers of an earlier run: %v", err)
	}
	if _, err := f.nodes["b"].State(t.Context(), old); err != nil {
		t.Errorf("and others do not: %v", err)
	}
}

func TestOldStatementsAreDropped(t *testing.T) {
	running(t, []memory.Node{"a", "b"}, func(f *federation) {
		t := f.t
		a := f.nodes["a"]
		a.Heard("b", push(t, f, 1, 1, "b")["b"])
		time.Sleep(time.Minute)
		if synctest.Wait(); a.keeps() != 2 {
			t.Errorf("%d statements", a.keeps())
		}
		time.Sleep(30 * 24 * time.Hour)
		if synctest.Wait(); a.keeps() != 2 {
			t.Errorf("dropped too early: %d", a.keeps())
		}
		time.Sleep(2 * time.Hour)
		if synctest.Wait(); a.keeps() != 0 {
			t.Errorf("%d statements", a.keeps())
		}
	})
}
