package memory

// Remnants are entries without numbers that together say again what a hollow e still
// says, and no more: of each of its registers that holds names. They are for an entry
// that has to make room, see [Entry.Precedes]: of one that still has its content,
// [Entry.Reissued] says all.
//
// A content comes back as it is, gone, and by what e names. As [Entry.Reissued] says it
// takes the place of e, and of nothing that came after: where e still has its text and
// holds the register, that text is only history from then on.
func (e *Entry) Remnants(holds func(Key) bool) []*Entry {
	var out []*Entry
	for _, k := range e.Op.Subjects() {
		if !holds(k) {
			continue
		}
		left := &Entry{Dot: e.Dot, Stamp: e.Stamp, Actor: e.Actor}
		switch k {
		case ContentKey(k.A):
			left.Op, left.Hollow = &Put{Memory: Memory{ID: k.A}}, e.Hollow
		case LifeKey(k.A):
			left.Op = toLife(e.Op, k.A)
		default:
			left.Op, left.Hollow = e.Op, e.Hollow
		}
		if left.Op != nil {
			out = append(out, left)
		}
	}
	return out
}

// toLife is an op that takes id to the life that op says, and does no more; nil if op
// leaves it alone.
func toLife(op Op, id string) Op {
	switch life, reason := LifeOf(op, id); life {
	case Live:
		return &Restore{ID: id}
	case Archived:
		return &Archive{ID: id, Reason: reason}
	case Deleted:
		return &Delete{ID: id}
	case Erased:
		return &Erase{ID: id}
	case Unborn:
	}
	return nil
}
