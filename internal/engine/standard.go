package engine

import (
	"context"
	"errors"
	"fmt"

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
func (e *Engine) SetStandard(ctx context.Context, c Caller, d StandardDraft) (Outcome, error) {
	c = c.named()
	return e.change(ctx, c, func(ctx context.Context) (*intent, error) { return e.setting(ctx, c, d) })
}

func (e *Engine) setting(ctx context.Context, c Caller, d StandardDraft) (*intent, error) {
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
	in, meta, err := e.stating(ctx, c, d)
	if err != nil {
		return in, err
	}
	if err := e.bearable(meta); err != nil {
		return in, err
	}
	key := op.Subjects()[0]
	version, _, err := e.store.Register(ctx, key)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return in, err
	}
	in.expect = append(in.expect, memory.Expect{Key: key, Version: version})
	governor, err := e.governor(ctx, d.Namespace)
	if err != nil {
		return in, err
	}
	in.subjects = append(in.subjects, governor)
	op.StandardID = in.standard
	in.ops = append(in.ops, memory.NewOp{Op: op})
	return in, nil
}

// bearable refuses rules that make no sense here: unreadable, or more members
// than there are.
func (e *Engine) bearable(meta memory.Object) error {
	g, err := governanceOf(meta)
	if err != nil || g == nil {
		return err
	}
	if _, n := e.fed.Quorum(); g.WriteQuorum > n {
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
// it, made or edited as need be, and its metadata then.
func (e *Engine) stating(ctx context.Context, c Caller, d StandardDraft) (*intent, memory.Object, error) {
	rec, err := e.stated(ctx, c, d)
	if err != nil {
		return nil, nil, err
	}
	if rec == nil {
		return e.placeholder(ctx, c, d)
	}
	in := &intent{expect: unchanged(rec), subjects: []policy.Subject{subject(rec)}, standard: rec.ID}
	if d.Governance == nil {
		return in, rec.Metadata, nil
	}
	m := rec.Memory
	m.Version++
	if m.Metadata, err = with(rec.Metadata, memory.MetaGovernance, d.Governance); err != nil {
		return nil, nil, err
	}
	in.ops = []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: prev(rec)}}
	return in, m.Metadata, nil
}

// stated is the memory that is to state a standard, nil if it must be made.
func (e *Engine) stated(ctx context.Context, c Caller, d StandardDraft) (*memory.Record, error) {
	if d.ID != "" {
		return e.visible(ctx, c.Agent, d.ID, memory.Live)
	}
	set, err := e.store.Standard(ctx, d.Namespace)
	if errors.Is(err, memory.ErrNotFound) {
		return e.titled(ctx, c.Agent, d.Namespace, placeholderTitle(d.Namespace), nil)
	}
	if err != nil {
		return nil, err
	}
	rec, err := e.store.Record(ctx, set.StandardID)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return nil, err
	}
	if rec != nil {
		if life, _ := rec.Stands(e.now()); life == memory.Live {
			return rec, nil
		}
	}
	return e.titled(ctx, c.Agent, d.Namespace, placeholderTitle(d.Namespace), nil)
}

func placeholderTitle(namespace string) string { return "_standard:" + namespace }

// placeholder is the intent to make a memory for a standard that names none. It
// is not private: rules are for everybody to read.
func (e *Engine) placeholder(ctx context.Context, c Caller, d StandardDraft) (*intent, memory.Object, error) {
	draft := Draft{Memory: memory.Memory{
		Namespace: d.Namespace, Title: placeholderTitle(d.Namespace), Content: "Standard of namespace " + d.Namespace,
		Tier: memory.Long, Source: "system",
	}}
	m := &draft.Memory
	var err error
	if m.Metadata, err = with(nil, memory.MetaScope, memory.ScopeCollective); err != nil {
		return nil, nil, err
	}
	if d.Governance != nil {
		if m.Metadata, err = with(m.Metadata, memory.MetaGovernance, d.Governance); err != nil {
			return nil, nil, err
		}
	}
	if err := e.complete(c, &draft); err != nil {
		return nil, nil, err
	}
	in, clash, err := e.newborn(ctx, c.Agent, *m, nil)
	if err != nil {
		return nil, nil, err
	}
	if clash != nil { // it came in between: read again
		return nil, nil, memory.ErrStale
	}
	if put, ok := in.ops[0].Op.(*memory.Put); ok {
		in.standard = put.Memory.ID
	}
	return in, m.Metadata, nil
}

// governor is the record whose owner says what holds in a namespace now.
func (e *Engine) governor(ctx context.Context, namespace string) (policy.Subject, error) {
	chain, err := e.chain(ctx, namespace)
	if err != nil || len(chain) == 0 {
		return policy.Subject{Namespace: namespace, New: true}, err
	}
	return policy.Subject{Namespace: namespace, Access: chain[0].record.Access()}, nil
}

// ClearStandard takes the standard of a namespace away and reports whether there
// was one. The memory that stated it stays.
func (e *Engine) ClearStandard(ctx context.Context, c Caller, namespace string) (Outcome, bool, error) {
	c = c.named()
	op := &memory.ClearStandard{Namespace: namespace}
	if err := op.Validate(); err != nil {
		return Outcome{}, false, err
	}
	out, err := e.change(ctx, c, func(ctx context.Context) (*intent, error) { return e.clearing(ctx, op) })
	if errors.Is(err, errNothing) {
		return Outcome{}, false, nil
	}
	return out, out.Entry != nil, err
}

func (e *Engine) clearing(ctx context.Context, op *memory.ClearStandard) (*intent, error) {
	if _, err := e.store.Standard(ctx, op.Namespace); errors.Is(err, memory.ErrNotFound) {
		return nil, errNothing
	} else if err != nil {
		return nil, err
	}
	key := op.Subjects()[0]
	version, _, err := e.store.Register(ctx, key)
	if err != nil {
		return nil, err
	}
	governor, err := e.governor(ctx, op.Namespace)
	if err != nil {
		return nil, err
	}
	return &intent{
		ops:      []memory.NewOp{{Op: op}},
		expect:   []memory.Expect{{Key: key, Version: version}},
		subjects: []policy.Subject{governor},
	}, nil
}
