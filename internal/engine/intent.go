package engine

import (
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Intent is a change as an operation wants it, and what it was made from. Whoever
// makes one has read all of it: a part that was changed since then makes the
// engine ask for it again.
type Intent struct {
	Ops    []memory.NewOp // the last one is what policy judges
	Expect []memory.Expect
	// Subjects are the records that the ops touch; the engine fills in their rules.
	Subjects []policy.Subject
	Promote  bool
	// Spaces are namespaces whose quorum counts beside those of the subjects.
	Spaces []string
	// Decision, if set, was made by the operation: the engine asks nobody.
	Decision *policy.Decision
	// Proposal, if set, is approved, and the ops carry it out for its requester.
	Proposal *memory.Pending
	// Existing, if set, is the entry that already says what was asked for: nothing is written.
	Existing *memory.Entry
	Restores bool   // the last op brings back what was deleted
	Release  func() // lets go of the locks it was made under; nil if none
}

// Writes is the intent to write ops, of which the last one is what it is for.
func Writes(ops ...memory.Op) *Intent {
	in := &Intent{Ops: make([]memory.NewOp, len(ops))}
	for i, op := range ops {
		in.Ops[i].Op = op
	}
	return in
}

// Given adds that the records are as they were read, and that it is about them.
func (in *Intent) Given(recs ...*memory.Record) *Intent {
	for _, rec := range recs {
		in.Expect = append(in.Expect, Unchanged(rec)...)
		in.Subjects = append(in.Subjects, SubjectOf(rec))
	}
	return in
}

// At adds that a register still has the version that was read.
func (in *Intent) At(k memory.Key, v memory.Version) *Intent {
	in.Expect = append(in.Expect, memory.Expect{Key: k, Version: v})
	return in
}

// last is the op that an intent is for.
func (in *Intent) last() memory.Op {
	if in.Existing != nil {
		return in.Existing.Op
	}
	return in.Ops[len(in.Ops)-1].Op
}

func (in *Intent) unlock() {
	if in != nil && in.Release != nil {
		in.Release()
	}
}

// Seen is what an op on the content of rec has seen.
func Seen(rec *memory.Record) []memory.Dot {
	if rec.Content.IsZero() {
		return nil
	}
	return []memory.Dot{rec.Content.Dot}
}

// Unchanged expects rec to be as it was read.
func Unchanged(rec *memory.Record) []memory.Expect {
	return []memory.Expect{
		{Key: memory.ContentKey(rec.ID), Version: rec.Content},
		{Key: memory.LifeKey(rec.ID), Version: rec.LifeAt},
	}
}

// SubjectOf is a record as policy judges it.
func SubjectOf(rec *memory.Record) policy.Subject {
	return policy.Subject{Namespace: rec.Namespace, Access: rec.Access()}
}
