package verb

import (
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/book"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb/aimemory"
)

// Deps is what verbs are made of.
type Deps struct {
	Books *book.Books
	Now   func() time.Time // the clock of the books
	Meter Meter            // nil: nobody counts

	// Journal keeps what agents were shown; nil keeps nothing.
	Journal Journal
	// Readers keeps who has read what; nil keeps nothing.
	Readers Readers
	// Care is what the node does for itself; nil does nothing.
	Care Care

	Version string // of the program
	MaxBody int64  // bytes of a request
}

// Meter is told of what is worth counting.
type Meter interface {
	Stored(n int)             // so many memories were created
	Recalled(t time.Duration) // a question was answered
}

// deps is [Deps] with helpers for verbs.
type deps struct {
	books *book.Books
	clock func() time.Time
	meter Meter

	journal Journal
	readers Readers
	care    Care

	version string
	maxBody int64
}

func (d *deps) now() memory.Instant { return memory.InstantOf(d.clock()) }

// noMeter counts nothing.
type noMeter struct{}

func (noMeter) Stored(int)             {}
func (noMeter) Recalled(time.Duration) {}

// Table lists every verb, in the order of documents.
func Table(of Deps) []Verb {
	d := &deps{books: of.Books, clock: of.Now, meter: of.Meter, journal: of.Journal, readers: of.Readers, care: of.Care, version: of.Version, maxBody: of.MaxBody}
	if d.clock == nil {
		d.clock = time.Now
	}
	if d.meter == nil {
		d.meter = noMeter{}
	}
	if d.journal == nil {
		d.journal = noJournal{}
	}
	if d.readers == nil {
		d.readers = noReaders{}
	}
	if d.care == nil {
		d.care = noCare{}
	}
	table := slices.Concat(
		recordVerbs(d), findVerbs(d), linkVerbs(d), graphVerbs(d), likenessVerbs(d), archiveVerbs(d), governanceVerbs(d), agentVerbs(d),
		familyVerbs(d), subscriptionVerbs(d), federationVerbs(d), nodeVerbs(d), careVerbs(d), importVerbs(d), briefingVerbs(d),
	)
	for name, aliases := range aimemory.Aliases() {
		v := Find(table, name)
		if v == nil {
			panic("ai-memory has other names for fields of " + name + ", which is no verb")
		}
		v.Aliases, v.args.aliases = aliases, aliases
	}
	return table
}

// Find returns the verb of that name, nil if there is none.
func Find(table []Verb, name string) *Verb {
	for i := range table {
		if table[i].Name == name {
			return &table[i]
		}
	}
	return nil
}
