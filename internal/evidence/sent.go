package evidence

import (
	"context"
	"crypto/sha256"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

// Vouch signs for ops of this node that it is about to send. Also a node that does not
// count does: it is its word about its own numbers.
func (b *Book) Vouch(ops []receipt.Op) (receipt.Signed, error) {
	epoch, members := b.cfg.Roster.Now()
	return b.sign(runsOf(ops), epoch, max(len(members), 1))
}

// runsOf returns ops as runs of consecutive numbers.
func runsOf(ops []receipt.Op) []receipt.Run {
	var runs []receipt.Run
	for first := 0; first < len(ops); {
		d := ops[first].Dot
		last := first + 1
		for last < len(ops) && last-first < receipt.MaxRun && ops[last].Dot == (memory.Dot{Origin: d.Origin, Seq: d.Seq + uint64(last-first)}) {
			last++
		}
		digests := make([]memory.Digest, last-first)
		for i, op := range ops[first:last] {
			digests[i] = op.Digest
		}
		runs = append(runs, receipt.Run{Origin: d.Origin, First: d.Seq, Last: d.Seq + uint64(last-first) - 1, Root: receipt.RootOf(digests)})
		first = last
	}
	return runs
}

// Received checks that the member from has signed for each of the ops, which it has
// pushed and which are its own. It returns what it has signed with the digests of the
// ops, for [Book.Taken]. Every error is an [identity.Refusal].
func (b *Book) Received(from memory.Node, s receipt.Signed, ops []receipt.Op) (receipt.Signed, error) {
	said, by, err := s.OpenBy(b.cfg.Roots.Domain, b.vouch)
	if err != nil {
		return s, identity.Refuse(identity.StatementBad, "%v", err)
	}
	if node, err := b.cfg.Roster.Admit(by.Name, by.Key); err != nil || node != from {
		return s, identity.Refuse(identity.StatementBad, "it is of %s, and %s has sent it", by.Name, from)
	}
	digests := make(map[memory.Dot]memory.Digest, len(ops))
	for _, op := range ops {
		digests[op.Dot] = op.Digest
	}
	var all []byte
	for _, run := range said.Held {
		first := len(all)
		for seq := run.First; seq <= run.Last; seq++ {
			digest, ok := digests[memory.Dot{Origin: run.Origin, Seq: seq}]
			if !ok {
				return s, identity.Refuse(identity.StatementBad, "it is about %s.%d, which was not sent", run.Origin, seq)
			}
			all = append(all, digest[:]...)
		}
		if sha256.Sum256(all[first:]) != run.Root {
			return s, identity.Refuse(identity.StatementBad, "%s from %d to %d was sent with other digests", run.Origin, run.First, run.Last)
		}
	}
	if n := len(all) / sha256.Size; n != len(digests) {
		return s, identity.Refuse(identity.StatementBad, "it is about %d of %d ops", n, len(digests))
	}
	if len(said.Held) == 1 { // the form in which others can check it
		s.Digests = all
	}
	return s, nil
}

// Taken keeps what a member has signed about the ops of a push that were taken. Of
// those in conflict there are others under the same numbers here: if their node has
// signed these, too, that is the proof that it says one thing here and another there.
func (b *Book) Taken(ctx context.Context, from memory.Node, s receipt.Signed, conflict []receipt.Op) {
	if len(conflict) == 0 {
		b.hand(letter{from: from, signed: s, sent: true})
		return
	}
	for _, op := range conflict {
		if b.contradict(ctx, op, []receipt.Word{{Body: op.Body, Signed: s}}) {
			return
		}
	}
}

// hand puts a letter where Run finds it. It does not block.
func (b *Book) hand(l letter) {
	select {
	case b.inbox <- l:
	default:
		b.lost.add()
	}
}
