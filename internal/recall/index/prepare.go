package index

import (
	"hash/maphash"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/recall/fold"
	"github.com/tallystick/tallystick/internal/recall/text"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// prepared is what can be found out about a document without the index.
type prepared struct {
	Document
	terms   text.Terms // of title, head, body and tags
	hashes  []uint64   // by term: of its key
	heads   int        // terms of the title
	silent  int        // terms behind them that are the speaker and the date: found, not ranked
	body    int        // terms up to the end of the body
	names   []string   // capitalised words inside sentences, folded
	spans   []when.Span
	flags   Flags
	prior   uint8
	words   uint16
	lang    text.Language
	speaker string // "Name" at the beginning of the body, if it may be one
}

// preparer prepares documents, one at a time.
type preparer struct {
	known *lexicon
	dates when.Reader
	votes text.Votes // of the document at hand
	key   []byte
	doc   prepared
	many  *batch // kept, so that it allocates little after the first one
}

// maxTerms bounds the terms of one document.
const maxTerms = 1 << 16

func (p *preparer) prepare(d *Document) *prepared {
	p.into(d, &p.doc)
	return &p.doc
}

// into prepares a document in the memory of one before it.
func (p *preparer) into(d *Document, out *prepared) {
	out.Document, out.hashes, out.names, out.spans, out.flags = *d, out.hashes[:0], out.names[:0], out.spans[:0], 0
	head, body := "", d.Body
	out.speaker = d.Speaker
	if d.Session != "" {
		head, body = out.cutHead(d.Body)
	}
	p.votes = text.Votes{}
	out.terms.Reset()
	out.terms.Add(d.Title)
	out.heads = out.terms.Len()
	out.terms.Add(head)
	out.silent = out.terms.Len()
	p.look(out)
	out.terms.Section()
	out.terms.Add(body)
	out.body = out.terms.Len()
	words, flags := p.look(out)
	out.words, out.flags = uint16(min(max(1, words), 1<<16-1)), flags&^mayDate
	out.cues(body)
	if flags&mayDate != 0 {
		out.spans = p.dates.Told(out.spans, &out.terms, out.Said)
	}
	for _, tag := range d.Tags {
		out.terms.Add(tag)
	}
	p.look(out)
	if lang, ok := text.ParseLanguage(d.Language); ok {
		out.lang = lang
	} else {
		out.lang = p.votes.Language()
	}
	if out.lang == text.English {
		return
	}
	for i := range out.hashes { // they are of the words
		w, _ := out.terms.At(i)
		if p.key = appendKey(p.key[:0], w, out.lang); len(p.key) != len(w) {
			out.hashes[i] = maphash.Bytes(p.known.seed, p.key)
		}
	}
}

// look finds out what there is to know of each term that has come to out: its hash, and
// of which language it is. It returns how many words they are, and what they tell of.
func (p *preparer) look(out *prepared) (words int, tells Flags) {
	for i := len(out.hashes); i < out.terms.Len(); i++ {
		term, kind := out.terms.At(i)
		hash := maphash.Bytes(p.known.seed, term)
		out.hashes = append(out.hashes, hash)
		switch {
		case kind == text.Word:
			words++
			of, cue := p.known.find(term, hash)
			p.votes.Add(term, of)
			tells |= cue
		case kind == text.Whole && len(term) >= 8 && '0' <= term[0] && term[0] <= '9':
			tells |= mayDate // 2026-03-04
		}
	}
	return words, tells
}

// Plain returns what a document says: its title and its body, in a session without
// a title, and without the date and the speaker at the beginning.
func Plain(d *Document) string {
	if d.Session != "" {
		p := prepared{Document: *d}
		_, body := p.cutHead(d.Body)
		return body
	}
	if d.Title == "" || strings.HasPrefix(d.Body, d.Title) {
		return d.Body
	}
	return d.Title + "\n" + d.Body
}

// cutHead cuts the date and the speaker off the beginning of what was said in a
// session, where the record does not name them itself.
func (d *prepared) cutHead(s string) (head, body string) {
	rest := s
	if line, after, ok := strings.Cut(s, "\n"); ok && len(line) <= 40 {
		var t text.Terms
		t.Add(line)
		specs := when.Named(&t)
		if len(specs) == 1 && specs[0].Month == 0 && specs[0].First == specs[0].Last && t.Words() <= 10 {
			if d.Said == when.None {
				d.Said = specs[0].First
			}
			rest = after
		}
	}
	if name, after, ok := strings.Cut(rest, ": "); ok && isName(name) && (d.Speaker == "" || strings.EqualFold(name, d.Speaker)) {
		d.speaker = name
		rest = after
	}
	return s[:len(s)-len(rest)], rest
}

// isName reports whether s may be a person: one to three capitalised words.
func isName(s string) bool {
	if len(s) == 0 || len(s) > 40 || strings.ContainsAny(s, "\n.,;!?/\"`#*") {
		return false
	}
	words := strings.Fields(s)
	if len(words) > 3 {
		return false
	}
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		if !unicode.IsUpper(r) && !isUncased(r) {
			return false
		}
	}
	return strings.ToUpper(s) != s || isUncasedWord(s) // a label, not a person
}

func isUncased(r rune) bool {
	return unicode.IsLetter(r) && !unicode.IsUpper(r) && !unicode.IsLower(r)
}

func isUncasedWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return isUncased(r)
}

// key is the form in which speakers are compared.
func key(s string) string { return fold.Word(strings.TrimSpace(s)) }

const (
	// few are prepared one after the other: they are not worth a second goroutine.
	few = 32
	// chunk is how many documents are prepared ahead of the one that is taken in. The
	// memory for twice as many stays.
	chunk = 64
)

// all calls take with every change in order, and what there is to know of its
// document, which is valid until take returns. Of many, the next ones are prepared
// meanwhile.
func (p *preparer) all(changes []Change, take func(c *Change, doc *prepared)) {
	if len(changes) < few {
		for i := range changes {
			doc := &p.doc
			if !changes[i].Gone {
				doc = p.prepare(&changes[i].Document)
			}
			take(&changes[i], doc)
		}
		return
	}
	b := p.batch()
	b.changes = changes
	defer func() { b.changes = nil }()
	b.start(0)
	for from := 0; from < len(changes); from += chunk {
		b.all.Wait()
		now := from / chunk % 2
		b.start(from + chunk)
		for i := from; i < min(from+chunk, len(changes)); i++ {
			take(&changes[i], &b.slots[now][i-from])
		}
	}
}

func (p *preparer) batch() *batch {
	if p.many == nil {
		p.many = &batch{workers: make([]*preparer, max(1, runtime.GOMAXPROCS(0)))}
		for i := range p.many.workers {
			p.many.workers[i] = &preparer{known: p.known}
		}
	}
	return p.many
}

// batch is changes at work: while one half of the slots is taken in, the other is
// prepared.
type batch struct {
	changes []Change
	workers []*preparer
	slots   [2][chunk]prepared
	all     sync.WaitGroup
}

// start prepares the documents from a place on, as many as there are slots.
func (b *batch) start(from int) {
	if from >= len(b.changes) {
		return
	}
	slots := &b.slots[from/chunk%2]
	part := b.changes[from:min(from+chunk, len(b.changes))]
	for w, p := range b.workers {
		b.all.Go(func() {
			for i := w; i < len(part); i += len(b.workers) {
				if !part[i].Gone {
					p.into(&part[i].Document, &slots[i])
				}
			}
		})
	}
}
