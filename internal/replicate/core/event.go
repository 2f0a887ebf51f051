package core

import (
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Event is something that happened. The types in this file are its only
// implementations.
//
//sumtype:decl
type Event interface{ event() }

// Committed says that entries were committed on this node, its own or others'.
// Events of this type may be coalesced: the last View and all Waits and Own.
type Committed struct {
	View  memory.View
	Own   []memory.OwnEntry // of this node, ascending by seq
	Moved []memory.Move     // dots that belong to another entry from now on
	Waits []Wait
	// Conceded: see [memory.Committed].
	Conceded []memory.Dot
}

// Written says that entries of this node are in its file, ascending by seq, and are about
// to be durable: whatever becomes of the process, the next one finds them, and only if the
// machine fails it may not. They may be sent; this node has no vote for them before
// [Committed] has told of them, which may come first.
type Written struct{ Own []memory.OwnEntry }

// Wait asks for a [Resolve] as soon as W members hold Dot, this node counted, or
// for a [Short] as soon as so many are away that this cannot be soon.
type Wait struct {
	ID  uint64 // chosen by the caller, unique
	Dot memory.Dot
	W   int

	majority bool      // so many are asked for that none of any minority is
	since    time.Time // of its registration
}

// Watched registers a wait for an entry that was committed earlier.
type Watched struct{ Wait Wait }

// Forgotten withdraws a [Wait]: nobody is listening any more.
type Forgotten struct{ ID uint64 }

// Loaded says how far the batch of a [Push] reaches, now that the log was read.
// It comes before the batch is on the wire, so that the next one can be opened.
type Loaded struct {
	Member memory.Node
	ID     uint64
	Last   uint64 // seq of the last entry of the batch
	// Truncated: the log no longer has the range. The batch will not be sent.
	Truncated bool
}

// Pushed is the end of a [Push]: either a reply or a fault.
type Pushed struct {
	Member memory.Node
	ID     uint64
	Reply  *memory.PushReply
	Fault  *memory.Fault
}

// Heard is a reading of a member that came by any other way, such as in a push
// of its own.
type Heard struct {
	Member memory.Node
	View   memory.View
}

// Pulled is the end of a [Pull]. What it brought has been accepted and fsynced
// before, and reported by a [Committed].
type Pulled struct {
	Origin memory.Origin
	ID     uint64
	View   memory.View
	// Truncated: the member no longer has the range, only the state it led to.
	Truncated bool
	Fault     *memory.Fault
}

// Snapshotted is the end of a [Snapshot].
type Snapshotted struct {
	ID    uint64
	Fault *memory.Fault
}

// Compared is the end of a [Compare].
type Compared struct{ Member memory.Node }

// Settled is the end of a [Settle].
type Settled struct {
	Member memory.Node
	Fault  *memory.Fault
}

// Reborn says that this node has taken a new origin for its ops.
type Reborn struct {
	Origin memory.Origin
	View   memory.View
}

// MembersChanged says who the members are from now on. View is a reading of this node
// that was made when no answer any more named an older epoch; without heads it says
// nothing.
type MembersChanged struct {
	Members Roster
	View    memory.View
}

// Tick says that time has passed: it is due at [Core.Deadline].
type Tick struct{}

func (Committed) event()      {}
func (Written) event()        {}
func (Watched) event()        {}
func (Forgotten) event()      {}
func (Loaded) event()         {}
func (Pushed) event()         {}
func (Heard) event()          {}
func (Pulled) event()         {}
func (Snapshotted) event()    {}
func (Compared) event()       {}
func (Settled) event()        {}
func (Reborn) event()         {}
func (MembersChanged) event() {}
func (Tick) event()           {}

// Effect is something to be done because of an event. The types in this file
// are its only implementations. Effects of one step are independent of each
// other unless their comments say otherwise; whoever carries them out may take
// its time, and must report the end of those that have one.
//
//sumtype:decl
type Effect interface{ effect() }

// Push asks for entries From ≤ seq ≤ To of this node's origin to be sent to
// Member, as many as fit into one batch, with a reading of this node. From 0
// sends no entries: it exchanges heads. Answer with [Loaded] (unless From is 0)
// and then with [Pushed].
type Push struct {
	Member memory.Node
	ID     uint64
	Origin memory.Origin
	From   uint64
	To     uint64
}

// Pull asks for a range to be fetched from Member and accepted. Answer with
// [Pulled], after the [Committed] that it caused.
type Pull struct {
	Member memory.Node
	ID     uint64
	Range  memory.Range
}

// Snapshot asks for the whole state of Member to be merged, because it has
// dropped entries that are missing here. Answer with [Snapshotted].
type Snapshot struct {
	Member memory.Node
	ID     uint64
}

// Compare asks for a comparison of digests with Member, and for the repair of
// what differs. Answer with [Compared].
type Compare struct {
	Member memory.Node
	// Refused: the heads are equal but for gaps, so that states that differ are no wonder.
	Refused bool
}

// Settle asks for the entries of Origin up to To to be compared with those of
// Member, from To backwards, and for those of Member to be taken that precede
// ours. If all that both still have is the same, and Concede is set, their chain
// decides. Answer with [Settled], after the [Committed] that it caused.
type Settle struct {
	Member memory.Node
	Origin memory.Origin
	To     uint64
	Ours   memory.Chain // up to there
	Theirs memory.Chain

	Concede  bool // members enough go by theirs
	Outvoted bool // so many that Member will not go by ours
}

// Resolve says that the wait ID has its votes.
type Resolve struct {
	ID    uint64
	Tally Tally
}

// Short says that the wait ID will not have its votes soon: so many members are
// known to be away. The wait is over; the op stays owed.
type Short struct{ ID uint64 }

// SaveCursor asks for a cursor to be made durable, some time: Member holds our
// ops up to Seq. It may lag; a member that holds less is found out.
type SaveCursor struct {
	Member memory.Node
	Origin memory.Origin
	Seq    uint64
}

// Park asks for a refusal of Member to be listed.
type Park struct {
	Member  memory.Node
	Refusal memory.Refusal
}

// Unpark takes refusals off the list: Member holds these ops after all.
type Unpark struct {
	Member memory.Node
	Dots   []memory.Dot
}

// Confirm says that every member has been heard, and that none holds an op of
// Origin that this node does not know: ops may be numbered under it.
type Confirm struct{ Origin memory.Origin }

// TakeIncarnation says that the number Head may be in use for an op that this
// node does not know: its file is older than what it once sent. It must take a new
// origin before it numbers another op. Answer with [Reborn]; or, if the log has
// Head by now, with [Committed].
type TakeIncarnation struct {
	Member memory.Node // who holds Head; none: some members were silent, and may hold it
	Head   memory.Dot  // seq 0: Member has another entry under a number that is used here, too
	Lost   bool        // the machine has failed, and may have lost Head: see Config.Outrun
}

// Ended says that the change of members that was under way is not any more: what is
// acknowledged from now on need satisfy the present ones only.
type Ended struct{ Epoch uint64 }

// Overtaken says that Member goes by members of an epoch that this node does not know
// yet. Until it does, nothing that Member holds counts.
type Overtaken struct {
	Member memory.Node
	Epoch  uint64
}

// Notice tells the operator something about Member.
type Notice struct {
	Member memory.Node
	What   Fact
	Err    error         // of the fault that led to it, or nil
	Retry  time.Duration // until the next attempt, if there will be one
}

// Fact is what a [Notice] is about.
type Fact uint8

// Facts about a member.
const (
	Failing  Fact = iota // a call failed: the lane backs off
	Back                 // a call succeeded again
	Stopped              // it does not believe who we are: the lane stops
	WentBack             // it holds less than it once said: its disk was lost or restored
	Behind               // it needs entries that our log no longer has
	Diverged             // equal heads, unequal state: must not happen
	Disputed             // it has other entries than we under the same numbers
)

// String names f as logs do.
func (f Fact) String() string {
	return [...]string{"failing", "back", "stopped", "went_back", "behind", "diverged", "disputed"}[f]
}

func (Push) effect()            {}
func (Pull) effect()            {}
func (Snapshot) effect()        {}
func (Compare) effect()         {}
func (Settle) effect()          {}
func (Resolve) effect()         {}
func (Short) effect()           {}
func (SaveCursor) effect()      {}
func (Park) effect()            {}
func (Unpark) effect()          {}
func (Confirm) effect()         {}
func (TakeIncarnation) effect() {}
func (Notice) effect()          {}
func (Ended) effect()           {}
func (Overtaken) effect()       {}
