package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// Take merges entries of any origin, in any order, as often as they come, and
// returns once they are fsynced. What was refused at the door, or cannot be applied
// here, is refused on its own: its bytes are kept, and the reason is in the result.
// With again it also merges what is already held: that mends state which does not
// follow from the log, and takes what was refused once and is not any more.
// memory.ErrBusy, ErrFull and ErrClosed as in Submit.
func (s *changes) Take(ctx context.Context, arrived []memory.Arrival, again bool) (memory.Accepted, error) {
	in := arrivals(arrived)
	var out memory.Accepted
	j := &job{size: size{ops: len(in)}, run: func(ctx context.Context, t *tx) error {
		out = memory.Accepted{} // a batch that fails is run again, job by job
		for _, a := range arrived {
			if a.Mark.IsZero() {
				continue
			}
			if err := t.saveMark(ctx, a.Mark); err != nil {
				return err
			}
		}
		if again {
			if err := (settler{taking(t)}).others(ctx, in); err != nil {
				return err
			}
		}
		return taking(t).accept(ctx, in, again, &out)
	}}
	for _, a := range in {
		j.size.bytes += len(a.raw) + embeddingBytes(a.embedding)
		if a.refused == nil {
			j.lookUp(a.Op)
		}
	}
	err := s.doJob(ctx, queueMember, j)
	out.View = s.View()
	return out, err
}

func arrivals(list []memory.Arrival) []arrival {
	in := make([]arrival, len(list))
	for i, a := range list {
		in[i] = arrival{incoming: incoming{Entry: a.Entry, raw: a.Raw, embedding: a.Embedding}, refused: a.Refused}
	}
	return in
}
