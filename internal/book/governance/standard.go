package governance

import (
	"context"
	"errors"
	"fmt"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// StandardDraft says which memory states the rules of a namespace.
type StandardDraft struct {
	Namespace string
	ID        string // of a live memory; "": the present one, or a new placeholder
	Parent    string // "": the nearest ancestor with a standard
	// Governance, if not nil, replaces the rules in the memory's metadata.
	Governance memory.Object
}

// SetStandard sets the standard of a namespace, and its rules. Rules that ask for
// more members than there are, are refused.
func (b *Book) SetStandard(ctx context.Context, c engine.Caller, d StandardDraft) (engine.Outcome, error) {
	c = c.Named()
	return b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) { return b.setting(ctx, c, d) })
}

func (b *Book) setting(ctx context.Context, c engine.Caller, d StandardDraft) (*engine.Intent, error) {
	if d.Namespace != memory.FederationNamespace && records.Reserved(d.Namespace) { // that is for operators
		// Whoever came first could have messages to others wait for him, and read them.
		return nil, fmt.Errorf("namespace %.140s is reserved: nobody sets its rules: %w", d.Namespace, memory.ErrInvalid)
	}
	op := &memory.SetStandard{Namespace: d.Namespace, StandardID: d.ID, Parent: d.Parent}
	if op.StandardID == "" {
		op.StandardID = memory.DerivedID(d.Namespace, placeholderTitle(d.Namespace))
	}
	if err := op.Validate(); err != nil {
		return nil, err
	}
	if d.Governance != nil {
		if err := memory.ValidObject(memory.MetaGovernance, d.Governance); err != nil {
			return nil, err
		}
	}
	in, m, err := b.stating(ctx, c, d)
	if err != nil {
		return in, err
	}
	if err := b.bearable(m.Metadata); err != nil {
		return in, err
	}
	key := op.Subjects()[0]
	version, _, err := b.store.Register(ctx, key)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return in, err
	}
	in.Expect = append(in.Expect, memory.Expect{Key: key, Version: version})
	governor, err := b.governor(ctx, d.Namespace)
	if err != nil {
		return in, err
	}
	in.Subjects = append(in.Subjects, governor)
	op.StandardID = m.ID
	in.Ops = append(in.Ops, memory.NewOp{Op: op})
	return in, nil
}

// bearable refuses rules that make no sense here: unreadable, or more members
// than there are.
func (b *Book) bearable(meta memory.Object) error {
	g, err := engine.GovernanceOf(meta)
	if err != nil || g == nil {
		return err
	}
	if n := b.core.Members(); g.WriteQuorum > n {
		return fmt.Errorf("governance write_quorum %d: there are %s: %w", g.WriteQuorum, members(n), memory.ErrInvalid)
	}
	return nil
}

func members(n int) string {
	if n == 1 {
		return "1 member"
	}
	return fmt.Sprintf("%d members", n)
}

// stating is the start of the intent to set a standard: the memory that states
// it, made or edited as need be, and what that is then.
func (b *Book) stating(ctx context.Context, c engine.Caller, d StandardDraft) (*engine.Intent, memory.Memory, error) {
	rec, err := b.stated(ctx, c, d)
	if err != nil {
		return nil, memory.Memory{}, err
	}
	if rec == nil {
		return b.placeholder(ctx, c, d)
	}
	in, m := engine.Writes().Given(rec), rec.Memory
	if d.Governance == nil {
		return in, m, nil
	}
	m.Version = memory.NextVersion(m.Version)
	if m.Metadata, err = rec.Metadata.With(memory.MetaGovernance, d.Governance); err != nil {
		return nil, memory.Memory{}, err
	}
	// The placeholder is to be there: as a creation it also takes the lifecycle, from an
	// end that this node has not heard of.
	in.Ops = []memory.NewOp{{Op: &memory.Put{Memory: m, Create: d.ID == ""}, Prev: engine.Seen(rec)}}
	return in, m, nil
}

// stated is the memory that is to state a standard, nil if it must be made.
func (b *Book) stated(ctx context.Context, c engine.Caller, d StandardDraft) (*memory.Record, error) {
	if d.ID != "" {
		return b.core.Visible(ctx, c.Agent, d.ID, memory.Live)
	}
	set, err := b.store.Standard(ctx, d.Namespace)
	if errors.Is(err, memory.ErrNotFound) {
		return b.records.Titled(ctx, c.Agent, d.Namespace, placeholderTitle(d.Namespace), nil)
	}
	if err != nil {
		return nil, err
	}
	rec, err := b.store.Record(ctx, set.StandardID)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return nil, err
	}
	if rec != nil {
		if life, _ := rec.Stands(b.core.Now()); life == memory.Live {
			return rec, nil
		}
	}
	return b.records.Titled(ctx, c.Agent, d.Namespace, placeholderTitle(d.Namespace), nil)
}

func placeholderTitle(namespace string) string { return "_standard:" + namespace }

// standardTag marks memories that were made to state rules, as in ai-memory.
const standardTag = "_namespace_standard"

// placeholder is the intent to make a memory for a standard that names none. It
// is not private: rules are for everybody to read.
func (b *Book) placeholder(ctx context.Context, c engine.Caller, d StandardDraft) (*engine.Intent, memory.Memory, error) {
	draft := records.Draft{Memory: memory.Memory{
		Namespace: d.Namespace, Title: placeholderTitle(d.Namespace), Content: "Standard of namespace " + d.Namespace,
		Tier: memory.Long, Source: "system", Tags: []string{standardTag},
	}}
	m := &draft.Memory
	var err error
	if m.Metadata, err = memory.Object(nil).With(memory.MetaScope, memory.ScopeShared); err != nil {
		return nil, memory.Memory{}, err
	}
	if d.Governance != nil {
		if m.Metadata, err = m.Metadata.With(memory.MetaGovernance, d.Governance); err != nil {
			return nil, memory.Memory{}, err
		}
	}
	if err := b.records.Complete(c, &draft); err != nil {
		return nil, memory.Memory{}, err
	}
	in, clash, err := b.records.Newborn(ctx, c.Agent, *m, nil)
	if err != nil {
		return nil, memory.Memory{}, err
	}
	if clash != nil { // it came in between: read again
		return nil, memory.Memory{}, memory.ErrStale
	}
	if put, ok := in.Ops[0].Op.(*memory.Put); ok {
		m = &put.Memory
	}
	return in, *m, nil
}

// governor is the record whose owner says what holds in a namespace now.
func (b *Book) governor(ctx context.Context, namespace string) (policy.Subject, error) {
	chain, err := b.core.Chain(ctx, namespace)
	if err != nil || len(chain) == 0 {
		return policy.Subject{Namespace: namespace, New: true}, err
	}
	return policy.Subject{Namespace: namespace, Access: chain[0].Record.Access()}, nil
}

// ClearStandard takes the standard of a namespace away and reports whether there
// was one. The memory that stated it stays.
func (b *Book) ClearStandard(ctx context.Context, c engine.Caller, namespace string) (engine.Outcome, bool, error) {
	c = c.Named()
	op := &memory.ClearStandard{Namespace: namespace}
	if err := op.Validate(); err != nil {
		return engine.Outcome{}, false, err
	}
	out, err := engine.ChangeAny(ctx, b.core, c, func(ctx context.Context) (*engine.Intent, error) { return b.clearing(ctx, op) })
	return out, out.Entry != nil, err
}

func (b *Book) clearing(ctx context.Context, op *memory.ClearStandard) (*engine.Intent, error) {
	if _, err := b.store.Standard(ctx, op.Namespace); errors.Is(err, memory.ErrNotFound) {
		return nil, engine.ErrNothing
	} else if err != nil {
		return nil, err
	}
	key := op.Subjects()[0]
	version, _, err := b.store.Register(ctx, key)
	if err != nil {
		return nil, err
	}
	governor, err := b.governor(ctx, op.Namespace)
	if err != nil {
		return nil, err
	}
	return &engine.Intent{
		Ops:      []memory.NewOp{{Op: op}},
		Expect:   []memory.Expect{{Key: key, Version: version}},
		Subjects: []policy.Subject{governor},
	}, nil
}
