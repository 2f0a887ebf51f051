package memorytest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// opOf makes a valid op of kind k.
func opOf(d dice, k memory.Kind) memory.Op {
	switch k {
	case memory.KindPut:
		return &memory.Put{Memory: anyMemory(d), Create: d.chance(2)}
	case memory.KindDelete:
		return &memory.Delete{ID: pick(d, ids())}
	case memory.KindErase:
		return &memory.Erase{ID: pick(d, ids())}
	case memory.KindArchive:
		return &memory.Archive{ID: pick(d, ids()), Reason: pick(d, []string{"forget", "archive", "superseded", "räumt auf"})}
	case memory.KindRestore:
		return &memory.Restore{ID: pick(d, ids())}
	case memory.KindLink:
		return link(d)
	case memory.KindUnlink:
		l := link(d)
		first := d(len(memory.Relations()))
		last := first + 1 + d(len(memory.Relations())-first)
		return &memory.Unlink{Source: l.Source, Target: l.Target, Relations: memory.Relations()[first:last]}
	case memory.KindConsolidate:
		return consolidate(d)
	case memory.KindPropose:
		return propose(d)
	case memory.KindDecide:
		return &memory.Decide{ID: pick(d, pendings()), Voter: pick(d, agents()), Approve: d.chance(2)}
	case memory.KindResolve:
		return &memory.Resolve{
			ID:      pick(d, pendings()),
			Verdict: pick(d, []string{memory.VerdictApproved, memory.VerdictRejected, memory.VerdictFailed}),
			Detail:  pick(d, []string{"", "the record is gone"}),
		}
	case memory.KindSetStandard:
		ns := standardNamespace(d)
		return &memory.SetStandard{
			Namespace: ns, StandardID: pick(d, ids()),
			Parent: pick(d, []string{"", otherThan(d, append(namespaces(), memory.RootNamespace), ns)}),
		}
	case memory.KindClearStandard:
		return &memory.ClearStandard{Namespace: standardNamespace(d)}
	case memory.KindTouch:
		return &memory.Touch{ID: pick(d, ids()), Keep: d.chance(4)}
	}
	panic(fmt.Sprintf("memorytest: no ops of kind %d (%s) yet", k, k))
}

func link(d dice) *memory.Link {
	l := &memory.Link{
		Source: pick(d, ids()), Relation: pick(d, memory.Relations()), CreatedAt: instant(d),
		AttestLevel: pick(d, append([]string{""}, memory.AttestLevels()...)),
	}
	l.Target = otherThan(d, ids(), l.Source)
	if d.chance(4) {
		l.ValidFrom, l.ValidUntil, l.ObservedBy = instant(d), instant(d), "ai:bob"
		l.Signature = make([]byte, 64)
		for i := range l.Signature {
			l.Signature[i] = byte(d(256))
		}
	}
	return l
}

func consolidate(d dice) *memory.Consolidate {
	c := &memory.Consolidate{Into: anyMemory(d)}
	c.Into.Source = "consolidation"
	from := ids()
	first := d(len(from))
	for i := range from {
		id := from[(first+i)%len(from)]
		if id != c.Into.ID && len(c.Sources) < memory.MinSources+d(3) {
			c.Sources = append(c.Sources, memory.SourceVersion{ID: id, Dot: dot(d)})
		}
	}
	return c
}

func propose(d dice) *memory.Propose {
	action := pick(d, []memory.Kind{
		memory.KindPut, memory.KindDelete, memory.KindErase, memory.KindArchive, memory.KindLink, memory.KindConsolidate,
	})
	return &memory.Propose{
		ID: pick(d, pendings()), Namespace: standardNamespace(d), Requester: pick(d, agents()), RequestedAt: instant(d),
		Approver: pick(d, []memory.Approver{{}, {Agent: "ai:bob"}, {Consensus: int32(1 + d(3))}}),
		Action:   opOf(d, action),
	}
}

func standardNamespace(d dice) string { return pick(d, append(namespaces(), memory.RootNamespace)) }

func dot(d dice) memory.Dot {
	return memory.Dot{Origin: memory.MakeOrigin(node(d(4)), uint64(d(40))), Seq: 1 + uint64(d(1<<20))}
}

// anyEntry makes a valid entry that stands alone.
func anyEntry(d dice) *memory.Entry {
	e := &memory.Entry{
		Dot: dot(d), Stamp: memory.MakeStamp(epoch()) + memory.Stamp(d(1<<30)), Actor: pick(d, agents()),
		Prev: some(d, 3, func() memory.Dot { return dot(d) }),
		Op:   opOf(d, pick(d, memory.Kinds())),
	}
	e.Digest = Digest(e)
	return e
}

// Digest is a digest of e for where no codec is at hand: SHA-256 over a stable
// rendering. It is not the digest that nodes use.
func Digest(e *memory.Entry) memory.Digest {
	type rendering struct {
		Dot    memory.Dot
		Stamp  memory.Stamp
		Actor  memory.AgentID
		Prev   []memory.Dot
		Kind   memory.Kind
		Action memory.Kind
		Op     memory.Op
	}
	r := rendering{Dot: e.Dot, Stamp: e.Stamp, Actor: e.Actor, Prev: e.Prev, Kind: e.Op.Kind(), Op: e.Op}
	if p, ok := e.Op.(*memory.Propose); ok {
		r.Action = p.Action.Kind()
	}
	raw, err := json.Marshal(r)
	if err != nil {
		panic(err) // an op that has no JSON form is a bug here
	}
	return sha256.Sum256(raw)
}
