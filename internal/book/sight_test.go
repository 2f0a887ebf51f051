package book_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/policy"
)

// log writes ops past all rules, as a member's would come in.
func (n *node) log(t *testing.T, actor memory.AgentID, ops ...memory.Op) *memory.Entry {
	t.Helper()
	w := &memory.Write{Actor: actor}
	for _, op := range ops {
		w.Ops = append(w.Ops, memory.NewOp{Op: op})
	}
	done, err := n.store.Submit(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return done.Entries[len(done.Entries)-1]
}

// private makes m a memory that only owner may see.
func private(t *testing.T, owner memory.AgentID, m *memory.Memory) {
	t.Helper()
	var err error
	if m.Metadata, err = memory.Object(nil).With(memory.MetaAgent, owner); err != nil {
		t.Fatal(err)
	}
}

// surfaces are the ways in which an entry, or what it is about, could come out.
func surfaces(n *node) map[string]func(t *testing.T, viewer engine.Caller, e *memory.Entry) bool {
	return map[string]func(*testing.T, engine.Caller, *memory.Entry) bool{
		"events": func(t *testing.T, viewer engine.Caller, e *memory.Entry) bool {
			t.Helper()
			s, err := n.Sight(t.Context(), viewer.Agent, e)
			if err != nil {
				t.Fatal(err)
			}
			if !s.Seen && (len(s.Subjects) > 0 || len(s.About.Memories) > 0 || s.Namespace != "") {
				t.Errorf("not seen, and yet %+v", s)
			}
			return s.Seen
		},
		"webhook": func(t *testing.T, viewer engine.Caller, e *memory.Entry) bool {
			t.Helper()
			rec := &memory.Record{Memory: memory.Memory{ID: "sub"}}
			private(t, viewer.Agent, &rec.Memory)
			note, err := n.Notice(t.Context(), rec, &memory.Subscription{}, memory.Event{LSN: 1, Entry: e})
			if err != nil {
				t.Fatal(err)
			}
			return note != nil
		},
		"receipt": func(t *testing.T, viewer engine.Caller, e *memory.Entry) bool {
			t.Helper()
			_, err := n.Receipt(t.Context(), viewer.Agent, e.Dot)
			if err != nil && !errors.Is(err, memory.ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil
		},
		"pending": func(t *testing.T, viewer engine.Caller, e *memory.Entry) bool {
			t.Helper()
			id := e.Op.About().Proposal
			list, err := n.Pendings(t.Context(), viewer.Agent, "", "", 1000)
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(list, func(p memory.Pending) bool { return p.ID == id })
		},
		"history": func(t *testing.T, viewer engine.Caller, e *memory.Entry) bool {
			t.Helper()
			for _, r := range e.Op.About().Memories {
				if revs, _, err := n.History(t.Context(), viewer.Agent, r.ID); err == nil && len(revs) > 0 {
					return true
				}
			}
			return false
		},
	}
}

// For every kind of op and every surface: what is about private memories is
// nobody else's to know.
func TestNobodySeesWhatIsPrivate(t *testing.T) {
	told := map[memory.Kind]string{ // kinds that everybody is told of, and why
		memory.KindErase:         "nothing is left but the id, and whoever keeps a copy must drop it",
		memory.KindClearStandard: "it names no memory, and rules hold for everybody",
	}
	owner, others := engine.Caller{Agent: "ai:alice"}, []engine.Caller{bob, {Agent: memory.Anonymous}, {Agent: ""}}
	for _, k := range memory.Kinds() {
		t.Run(k.String(), func(t *testing.T) {
			n, rng := alone(t), rand.New(rand.NewPCG(uint64(k), 7))
			for range 20 {
				e := n.secret(t, owner.Agent, memorytest.RandomOp(rng, k))
				seen := 0
				for name, shows := range surfaces(n) {
					if shows(t, owner, e) {
						seen++
					}
					for _, other := range others {
						if told[k] != "" && (name == "events" || name == "webhook" || name == "receipt") {
							continue
						}
						if shows(t, other, e) {
							t.Errorf("%s shows %q a private %s: %+v", name, other.Agent, k, e.Op)
						}
					}
				}
				if seen == 0 {
					t.Errorf("not even its owner sees a %s: %+v", k, e.Op)
				}
			}
		})
	}
}

// secret logs op, after everything that it is about was made private to owner.
func (n *node) secret(t *testing.T, owner memory.AgentID, op memory.Op) *memory.Entry {
	t.Helper()
	about := op.About()
	if p, is := op.(*memory.Propose); is {
		p.Requester, p.Approver = owner, memory.Approver{Agent: owner}
	}
	if about.Content != nil {
		private(t, owner, about.Content)
	}
	for _, r := range about.Memories {
		m := memorytest.Memory().Example(1)
		m.ID, m.Namespace = r.ID, "secret"
		private(t, owner, &m)
		n.log(t, owner, &memory.Put{Memory: m, Create: true})
	}
	if about.Proposal != "" && !about.Proposed {
		n.log(t, owner, &memory.Propose{
			ID: about.Proposal, Namespace: "secret", Requester: owner, RequestedAt: 1, Approver: memory.Approver{Agent: owner},
			Action: &memory.Delete{ID: "m"},
		})
	}
	return n.log(t, owner, op)
}

// One private memory is enough: where an op is about several, each of them in turn
// is the only private one.
func TestOnePrivateMemoryIsEnough(t *testing.T) {
	for _, k := range memory.Kinds() {
		t.Run(k.String(), func(t *testing.T) {
			n, rng := alone(t), rand.New(rand.NewPCG(uint64(k), 11))
			op := memorytest.RandomOp(rng, k)
			about := op.About()
			if about.Proposal != "" || len(about.Memories) < 2 {
				return
			}
			for _, hidden := range about.Memories {
				for _, r := range about.Memories {
					m := memorytest.Memory().Example(1)
					m.ID, m.Metadata = r.ID, nil
					if r.ID == hidden.ID {
						private(t, "ai:alice", &m)
					}
					if r.Role == memory.RoleContent {
						about.Content.Metadata = m.Metadata
					}
					n.log(t, "ai:alice", &memory.Put{Memory: m, Create: true})
				}
				s, err := n.Sight(t.Context(), "bob", n.log(t, "ai:alice", op))
				if err != nil || s.Seen != (hidden.Role == memory.RolePart) {
					t.Errorf("bob sees %+v, %v, and %s is private", s, err, hidden.ID)
				}
				if slices.ContainsFunc(s.About.Memories, func(r memory.Ref) bool { return r.ID == hidden.ID }) {
					t.Errorf("bob sees the private %s: %+v", hidden.ID, s)
				}
			}
		})
	}
}

func TestPartsThatAreNotTheViewersAreLeftOut(t *testing.T) {
	n := alone(t)
	secret, open := n.create(t, alice, draft("secret")), n.create(t, alice, shared(draft("open")))
	into := memorytest.Memory().Example(1)
	into.ID, into.Metadata = "into", nil
	e := n.log(t, "alice", &memory.Consolidate{Into: into, Sources: []memory.SourceVersion{
		{ID: secret.ID, Dot: secret.Content.Dot}, {ID: open.ID, Dot: open.Content.Dot},
	}})
	for agent, want := range map[memory.AgentID]int{"alice": 3, "bob": 2} {
		s, err := n.Sight(t.Context(), agent, e)
		if err != nil || !s.Seen || len(s.About.Memories) != want || len(s.Subjects) != want+1 {
			t.Errorf("%s sees %+v, %v", agent, s, err)
		}
	}
}

func TestAnEntryThatCannotBeReadIsNobodys(t *testing.T) {
	n := alone(t)
	if s, err := n.Sight(t.Context(), "alice", &memory.Entry{}); err != nil || s.Seen {
		t.Errorf("sight %+v, %v", s, err)
	}
}

func TestWhatWasPublicIsNotOnceItIsPrivate(t *testing.T) {
	n := alone(t)
	rec := n.create(t, alice, shared(draft("t")))
	hidden := memory.Object(`{"scope":"private"}`)
	ok(t)(n.Update(t.Context(), alice, rec.ID, records.Patch{Metadata: &hidden}))
	if revs, _, err := n.History(t.Context(), "alice", rec.ID); err != nil || len(revs) != 2 {
		t.Errorf("alice sees %v, %v", revs, err)
	}
	_, _, err := n.History(t.Context(), "bob", rec.ID)
	wantErr(t, err, memory.ErrNotFound)
}

// Two nodes may give one id to memories of two owners. Each can read its own
// version, whichever won, and nothing of the other's.
func TestAVersionIsShownByItsOwnOwner(t *testing.T) {
	n := alone(t)
	base := memorytest.Memory().Example(1)
	base.ID = "both"
	hers, his := base, base
	hers.Content, his.Content = "hers", "his"
	private(t, "alice", &hers)
	private(t, "bob", &his)
	n.log(t, "alice", &memory.Put{Memory: hers, Create: true})
	n.log(t, "bob", &memory.Put{Memory: his, Create: true})
	for agent, want := range map[memory.AgentID]string{"alice": "hers", "bob": "his"} {
		revs, rec, err := n.History(t.Context(), agent, "both")
		if err != nil || len(revs) != 1 || rec.Memory.Content != want {
			t.Fatalf("%s sees %d versions of %+v, %v", agent, len(revs), rec, err)
		}
		if m, _ := revs[0].Entry.Content(); m.Content != want {
			t.Errorf("%s reads %q", agent, m.Content)
		}
	}
	for _, agent := range []memory.AgentID{"carol", memory.Anonymous, ""} {
		_, _, err := n.History(t.Context(), agent, "both")
		wantErr(t, err, memory.ErrNotFound)
	}
}

// What policy lets be proposed can be carried out once it is approved.
func TestEveryKindThatCanBeProposedIsCarriedOut(t *testing.T) {
	const ns = "ruled"
	recipes := map[memory.Kind]func(ctx context.Context, n *node, ids []string) (engine.Outcome, error){
		memory.KindPut: func(ctx context.Context, n *node, ids []string) (engine.Outcome, error) {
			return n.Update(ctx, alice, ids[0], records.Patch{Content: new("new")})
		},
		memory.KindDelete: func(ctx context.Context, n *node, ids []string) (engine.Outcome, error) {
			return n.Delete(ctx, alice, ids[0])
		},
		memory.KindErase: func(ctx context.Context, n *node, ids []string) (engine.Outcome, error) {
			return n.Erase(ctx, alice, ids[0])
		},
		memory.KindArchive: func(ctx context.Context, n *node, ids []string) (engine.Outcome, error) {
			return n.Archive(ctx, alice, ids[0], "")
		},
		memory.KindRestore: func(ctx context.Context, n *node, ids []string) (engine.Outcome, error) {
			return n.Restore(ctx, alice, ids[0])
		},
		memory.KindLink: func(ctx context.Context, n *node, ids []string) (engine.Outcome, error) {
			return n.Link(ctx, alice, memory.Link{Source: ids[0], Target: ids[1], Relation: memory.DefaultRelation})
		},
		memory.KindUnlink: func(ctx context.Context, n *node, ids []string) (engine.Outcome, error) {
			out, _, err := n.Unlink(ctx, alice, ids[0], ids[1], memory.DefaultRelation)
			return out, err
		},
		memory.KindConsolidate: func(ctx context.Context, n *node, ids []string) (engine.Outcome, error) {
			return n.Consolidate(ctx, alice, records.Consolidation{IDs: ids, Title: "one of two"})
		},
	}
	for _, k := range memory.Kinds() {
		strict := policy.Subject{Namespace: ns, Rules: policy.Rules{Governance: memory.Governance{
			Write: memory.RuleApprove, Promote: memory.RuleApprove, Delete: memory.RuleApprove,
		}}}
		d := policy.Decide(policy.Actor{ID: "alice"}, memory.New(k), policy.Context{Subjects: []policy.Subject{strict, strict}})
		if proposable := d.Verdict == policy.Propose; proposable != (recipes[k] != nil) {
			t.Errorf("%s can be proposed: %v, and the table of recipes does not say so", k, proposable)
			continue
		}
		if recipes[k] == nil {
			continue
		}
		t.Run(k.String(), func(t *testing.T) {
			n := alone(t)
			ids := []string{n.create(t, alice, in(ns, draft("one"))).ID, n.create(t, alice, in(ns, draft("two"))).ID}
			switch k { //nolint:exhaustive // what the others need is there
			case memory.KindRestore:
				n.log(t, "alice", &memory.Archive{ID: ids[0], Reason: "r"})
			case memory.KindUnlink:
				n.log(t, "alice", &memory.Link{Source: ids[0], Target: ids[1], Relation: memory.DefaultRelation, CreatedAt: 1})
			}
			n.govern(t, ns, `{"write":"approve","promote":"approve","delete":"approve"}`)
			p := pending(t)(recipes[k](t.Context(), n, ids))
			if got := p.Action.Kind(); got != k {
				t.Fatalf("a %s was proposed", got)
			}
			if _, p := n.approve(t, bob, p.ID); p.Verdict != memory.VerdictApproved {
				t.Errorf("the outcome is %q: %s", p.Verdict, p.Detail)
			}
		})
	}
}
