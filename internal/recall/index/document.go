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
	Speaker uint32 // none if nobody said it
	Spans   uint32 // where its dates begin; none if it names none

	stream uint32
	title  uint32 // hash of its normal form
	source uint32
}

// hot is what every query asks of every document that it meets, in one place.
type hot struct {
	sight    uint32 // where it is and who sees it; 0 is nobody, once it is gone
	id       uint32
	words    uint16 // capped
	kind     uint16
	flags    Flags // and the tier
	prior    uint8 // 255 × how little of it is short questions
	priority int8
}

// Turn is the place of a document in its session.
type Turn struct {
	Session uint32 // none if it belongs to none: then there is nothing beside it
	Prev    uint32 // the document before it, none if there is none
	Next    uint32
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

// tierShift is where the tier is among the flags of a document: it has the last of them.
const (
	tierShift = 14
	tierFlags = 3 << tierShift
)

func (h *hot) tier() uint8 { return uint8(h.flags >> tierShift) }
