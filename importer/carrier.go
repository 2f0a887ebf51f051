package importer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tallystick/tallystick/client"
)

// carrier makes what a reader has found fit the data model, and says what it
// cannot make fit. Readers hand it memories, links and losses in the order of
// their source.
type carrier struct {
	Options

	yield  func(Item, error) bool
	format Format
	ended  bool // the reader of the items wants no more
	held   int  // bytes of the source that a reader keeps until it has seen all of it
	now    time.Time
	room   string // stands before refs that are names: those of one part of the source are not those of another

	titles map[string]bool   // by namespace and title: taken in this source
	seen   map[string]bool   // what tells a memory, or a link, from others
	owners map[string]string // by ref: who wrote it
	spaces map[string]string // by namespace of the source: what it was made to be
}

func newCarrier(f Format, o Options, yield func(Item, error) bool) *carrier {
	return &carrier{
		Options: o, yield: yield, format: f, now: time.Now(),
		titles: map[string]bool{}, seen: map[string]bool{}, owners: map[string]string{}, spaces: map[string]string{},
	}
}

func (c *carrier) put(it Item, err error) bool {
	if !c.ended {
		c.ended = !c.yield(it, err)
	}
	return !c.ended
}

// lose reports what cannot be carried over, or not as it is.
func (c *carrier) lose(where, reason, detail string) {
	c.put(Item{Where: where, Loss: &Loss{Reason: reason, Detail: excerpt(oneLine(clean(detail)))}}, nil)
}

// excerpt is as much of a detail as a report can do with.
func excerpt(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// bad reports what cannot be read.
func (c *carrier) bad(where string, err error) {
	c.put(Item{}, &ItemError{Where: where, Err: err})
}

const maxHeld = 64 << 20 // bytes

var errTooMuch = errors.New("more than 64 MiB that have to be looked at together: split it")

// hold notes that a reader keeps raw until it has seen all of its source, and
// returns an error if that becomes too much.
func (c *carrier) hold(raw []byte) error {
	if c.held += len(raw); c.held > maxHeld {
		return errTooMuch
	}
	return nil
}

// once reports whether key has not been there before in this source.
func (c *carrier) once(key string) bool {
	if c.seen[key] {
		return false
	}
	c.seen[key] = true
	return true
}

// link yields a link between two memories of the source, named by their refs.
func (c *carrier) link(source, target, relation, where string) {
	if source == target {
		c.lose(where, "a link of a memory with itself", source)
		return
	}
	l := client.Link{Source: source, Target: target, Relation: relation}
	if !slices.Contains(relations(), relation) {
		l.Relation = relations()[0]
	}
	if !c.once("link\x00" + source + "\x00" + target + "\x00" + l.Relation) {
		return // there are no two of them
	}
	c.put(Item{Where: where, Link: &l, Owner: c.owners[source], Loose: true}, nil)
}

// found is a memory as its source has it.
type found struct {
	client.Draft

	ref      string // "": the id
	owner    string
	archive  string // why it was archived
	created  time.Time
	expires  time.Time
	meta     fields
	imported map[string]any // facts that have no field of their own
	where    string
	vague    bool // the title was made up, or is often the same: the id says what is the same
	own      bool // written by us, or for us: it says of itself what it is
}

// memory yields f, cut into as many memories as its text needs.
func (c *carrier) memory(f *found) bool {
	text := c.cleaned(f, "text", f.Content)
	if strings.TrimSpace(text) == "" {
		c.lose(f.where, "a memory without text", cmp.Or(f.Title, f.ref, f.ID))
		return !c.ended
	}
	title := c.heading(f, text)
	if !c.owned(f) || !c.first(f, title, text) {
		return !c.ended
	}
	d := c.draft(f, title)
	if f.ID == "" && f.archive != "" {
		// An archived memory is found again by its id alone.
		f.ID = string(c.format) + ":" + short(d.Namespace+"\x00"+title+"\x00"+f.owner) + short(text)
	}
	ref := cmp.Or(f.ref, c.id(f.ID, 0))
	c.owners[ref] = f.owner
	parts := []string{text}
	if len(text) > maxContent || !f.own {
		parts = pieces(strings.Trim(text, "\n"), maxContent)
	}
	if len(parts) > 1 {
		c.lose(f.where, "a text over 64 KiB, which becomes several memories", fmt.Sprintf("%s: %d parts", title, len(parts)))
	}
	for i, p := range parts {
		it := Item{Draft: d, Where: f.where, Owner: f.owner, Archive: f.archive}
		it.Draft.Content = p
		suffix := ""
		if i == 0 {
			it.Ref = ref
		}
		if len(parts) > 1 {
			suffix = fmt.Sprintf(" (part %d)", i+1)
		}
		it.Draft.ID = c.id(f.ID, i)
		it.Draft.Title = c.title(d.Namespace, title, suffix, f)
		if f.ID != "" && (f.vague || f.archive != "") {
			it.Otherwise = fit(title, mark(f.ID)+suffix)
		}
		if !c.put(it, nil) {
			return false
		}
	}
	return true
}

// heading is the title of a memory, within the limit.
func (c *carrier) heading(f *found, text string) string {
	title := oneLine(c.cleaned(f, "title", f.Title))
	if title == "" {
		title = Headline(text)
	}
	if fit(title, "") != title {
		c.lose(f.where, "a title over 512 characters, which is cut", title)
	}
	return title
}

// first reports whether f is in the source for the first time; else it says so.
func (c *carrier) first(f *found, title, text string) bool {
	var key string
	switch {
	case f.ID != "":
		key = "id\x00" + f.ID
	case f.ref != "":
		return true
	case f.own:
		key = "title\x00" + cmp.Or(c.Namespace, f.Namespace, "global") + "\x00" + title + "\x00" + f.owner
	default:
		key = "text\x00" + f.Namespace + "\x00" + title + "\x00" + hash(text)
	}
	if c.once(key) {
		return true
	}
	c.lose(f.where, "a duplicate in the source: the first one counts", cmp.Or(f.ID, title))
	return false
}

// title makes a title that the source has once: a second one gets a suffix that
// does not depend on the order of the source, where there is one.
func (c *carrier) title(namespace, title, suffix string, f *found) string {
	taken := func(s string) bool { return c.titles[namespace+"\x00"+f.owner+"\x00"+s] }
	full := fit(title, suffix)
	for n := 2; taken(full); n++ {
		after := fmt.Sprintf(" (%d)", n)
		if id := cmp.Or(f.ID, f.ref); id != "" && n == 2 {
			after = mark(id)
		}
		full = fit(title, after+suffix)
	}
	c.titles[namespace+"\x00"+f.owner+"\x00"+full] = true
	return full
}

// id is the id of part n of a memory: that of the source where it can be one.
func (c *carrier) id(id string, n int) string {
	if id == "" {
		return ""
	}
	if !validID(id) || len(id) > 120 {
		sum := sha256.Sum256([]byte(string(c.format) + "\x00" + id))
		id = string(c.format) + ":" + hex.EncodeToString(sum[:16])
	}
	if n > 0 {
		id += fmt.Sprintf(":%d", n+1)
	}
	return id
}

// mark tells a memory from others of the same title.
func mark(id string) string { return " · " + short(id) }

func validID(id string) bool {
	return !strings.Contains(id, "..") && !strings.ContainsFunc(id, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_:.@-", r)
	})
}

// short is enough of an id to tell two memories apart.
func short(id string) string { return hash(id)[:8] }

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
