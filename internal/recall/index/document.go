package index

import (
	"github.com/tallystick/tallystick/internal/recall/when"
)

// Document is a memory as it is indexed.
type Document struct {
	ID        string
	Namespace string
	Title     string
	Body      string
	Tags      []string
	Kind      string
	Tier      string
	SourceURI string
	Priority  int32
	Access    Access
	Created   int64 // ns since 1970; orders a session
	Expires   int64 // ns since 1970; 0 is never
	Session   string
	Speaker   string   // who said it; "": the index looks for "Name: " at the beginning, if there is a session
	Said      when.Day // [when.None]: not known; the index looks for a date at the beginning, if there is a session
	Language  string   // two letters; "": the index detects it
}

// Access says who may find a memory.
type Access struct {
	Owner   string // "" is nobody's
	Target  string
	Private bool
	Team    bool // with Private: it is also for who is in a team with the owner
}

func (a Access) visibleTo(viewer string, mates map[string]bool) bool {
	return !a.Private || viewer != "" && (viewer == a.Owner || viewer == a.Target || a.Team && mates[a.Owner])
}

// Change is one step of a projection: the memory as it is now, or that it is gone.
type Change struct {
	Document
	Gone bool // only ID counts
}

// Doc is what the index knows of a document beside its terms. Documents are
// numbered in the order in which they came; one that changes gets a new number.
type Doc struct {
	Created int64
	Expires int64
	Said    when.Day
	Space   uint32 // namespace
	Access  uint32
	Session uint32 // none if it belongs to none
	Speaker uint32 // none if nobody said it
	Prev    uint32 // the document before it in its session, none if there is none
	Next    uint32
	Spans   uint32 // where its dates begin in Spans; none if it names none

	id     uint32
	stream uint32
	length uint32 // of the stream, bytes
	title  uint32 // hash of its normal form
	source uint32

	Words    uint16 // capped
	kind     uint16
	Flags    Flags
	Prior    uint8 // 255 × how little of it is short questions
	priority int8
	tier     uint8
}

// hot is what every query asks of every document that it meets, in one place.
type hot struct {
	sight uint32 // who sees it; 0 is nobody
	id    uint32 // as in [Doc]
	Words uint16 // as in [Doc]
}

// sight says who sees a document: all of one are seen, or none.
type sight struct {
	space, access uint32
	expires       bool // not from some time on
}

// None is no document, no session, no speaker.
const None = ^uint32(0)

// Flags are facts about a document.
type Flags uint16

// The flags.
const (
	dead      Flags = 1 << iota
	Asks            // ends with a question mark
	HasNumber       // the type cues
	HasTime
	HasDuration
	HasName
	HasCode // has an identifier
	mayDate // while it is prepared: has a word that dates have
)

// Gate is how much a document takes part in its session: long ones do less.
func (d *Doc) Gate() float32 {
	if d.Words <= gateLength {
		return 1
	}
	return gateLength / float32(d.Words)
}

const gateLength = 60

// Priority is the priority of the memory, within what an int8 can say.
func (d *Doc) Priority() int { return int(d.priority) }
