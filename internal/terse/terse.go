// Package terse keeps a log from repeating itself without bound.
//
// Much of what goes wrong goes wrong again and again: a disk that is full fails every write,
// a stranger can be refused as often as it likes. [New] wraps a handler so that a warning or
// an error that says what an earlier one said comes after a while only, and ever more rarely
// as it goes on; and so that there is a bound on all that have one message, whatever else
// they say, or, where they name a member, that have one message of one member: members are
// known and few, and that one is away must not hide that another one is. What was left out
// is counted in the next one that comes.
//
// Lines below a warning pass: they are of what has changed, as that a member answers again.
// What was said of that member before may be said again then, so that the last line about
// it is how it is. Only where one message comes with every write, as that a secret was found,
// it is kept to one a second once a thousand have come.
package terse

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// least is how long the second of two equal lines is kept back, and each after that
	// twice as long, up to most. Who reads a log of an hour sees that it still goes on.
	least = 10 * time.Second
	most  = 10 * time.Minute
	// burst is how many lines of one message may come at once, and refill how often one
	// more may.
	burst  = 20
	refill = 30 * time.Second
	// flood is how many lines below a warning of one message may come at once, and drain how
	// often one more may.
	flood = 1000
	drain = time.Second
	// maxMessages and maxLines bound what is remembered: messages, which are constants of the
	// program, and the lines of each. Without some the log is longer than it should be, and
	// nothing else.
	maxMessages = 1024
	maxLines    = 64
)

// Withheld is the key under which a line has how many of its message were left out since
// the last one.
const Withheld = "withheld"

// New returns a handler that hands on what is new to next.
func New(next slog.Handler) slog.Handler {
	return &handler{Handler: next, kept: &kept{messages: map[subject]*message{}, events: map[subject]*message{}}}
}

// handler shares what is known with those that were made of it.
type handler struct {
	slog.Handler

	about  string // what it adds to each line
	member string // whom all its lines name
	kept   *kept
}

// member is the key under which lines name a member.
const member = "member"

type kept struct {
	mu       sync.Mutex
	messages map[subject]*message
	events   map[subject]*message // of lines below a warning
}

// subject is what there is a bound for.
type subject struct{ text, member string }

// line is one that may be repeated.
type line struct {
	next time.Time // when it may come again
	seen time.Time
	wait time.Duration
}

// message is what lines of one text have left.
type message struct {
	lines    map[string]*line
	left     int
	filled   time.Time
	withheld int
}

// Handle implements [slog.Handler].
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	of := subject{text: r.Message, member: h.memberOf(&r)}
	if r.Level < slog.LevelWarn {
		if of.member != "" && h.Enabled(ctx, r.Level) {
			h.kept.changed(of.member)
		}
		if r.Level < slog.LevelInfo {
			return h.Handler.Handle(ctx, r)
		}
		withheld, pass := h.kept.ration(of, r.Time)
		return h.hand(ctx, r, withheld, pass)
	}
	withheld, pass := h.kept.take(of, h.about+textOf(&r), r.Time)
	return h.hand(ctx, r, withheld, pass)
}

// hand hands a line on, if it passes, with how many of its message have not.
func (h *handler) hand(ctx context.Context, r slog.Record, withheld int, pass bool) error {
	if !pass {
		return nil
	}
	if withheld > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int(Withheld, withheld))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	named := h.member
	for _, a := range attrs {
		add(&b, a)
		if a.Key == member {
			named = a.Value.String()
		}
	}
	return &handler{Handler: h.Handler.WithAttrs(attrs), about: h.about + b.String(), member: named, kept: h.kept}
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{Handler: h.Handler.WithGroup(name), about: h.about + "\x00" + name, member: h.member, kept: h.kept}
}

// memberOf is whom a line names, "" for nobody.
func (h *handler) memberOf(r *slog.Record) string {
	named := h.member
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == member {
			named = a.Value.String()
		}
		return true
	})
	return named
}

// textOf is what two equal lines have in common.
func textOf(r *slog.Record) string {
	var b strings.Builder
	b.WriteString(r.Level.String())
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		add(&b, a)
		return true
	})
	return b.String()
}

// add puts an attribute into the text of a line, but for what tells requests apart that are
// otherwise equal.
func add(b *strings.Builder, a slog.Attr) {
	if !slices.Contains([]string{"request_id", "trace_id", "stack"}, a.Key) {
		b.WriteString("\x00" + a.String())
	}
}

// take reports whether a line may come now, and how many of its message have not.
func (k *kept) take(of subject, whole string, now time.Time) (withheld int, pass bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m := known(k.messages, of, maxMessages, &message{lines: map[string]*line{}, left: burst, filled: now})
	m.fill(now, burst, refill)
	l := known(m.lines, whole, maxLines, &line{wait: least})
	if now.Sub(l.seen) > 2*l.wait { // it had ended
		l.wait = least
	}
	l.seen = now
	withheld, pass = m.spend(!now.Before(l.next))
	if pass {
		l.next, l.wait = now.Add(l.wait), min(2*l.wait, most)
	}
	return withheld, pass
}

// ration is take for lines below a warning, whatever else they say.
func (k *kept) ration(of subject, now time.Time) (withheld int, pass bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m := known(k.events, of, maxMessages, &message{left: flood, filled: now})
	m.fill(now, flood, drain)
	return m.spend(true)
}

// spend takes one of the lines that are left, unless it is not due, and says how many were
// withheld before it.
func (m *message) spend(due bool) (withheld int, pass bool) {
	if !due || m.left == 0 {
		m.withheld++
		return 0, false
	}
	m.left--
	withheld, m.withheld = m.withheld, 0
	return withheld, true
}

// fill adds what a message may say since then, up to so much.
func (m *message) fill(now time.Time, most int, every time.Duration) {
	if n := int(now.Sub(m.filled) / every); n > 0 {
		m.left, m.filled = min(most, m.left+n), m.filled.Add(time.Duration(n)*every)
	}
}

// changed lets what was said of a member be said once more.
func (k *kept) changed(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for of, m := range k.messages {
		if of.member == name {
			clear(m.lines)
			m.left = min(burst, m.left+1)
		}
	}
}

// known returns what a map has under a key, which is fresh if it has none.
func known[K comparable, T any](m map[K]*T, key K, most int, fresh *T) *T {
	if v := m[key]; v != nil {
		return v
	}
	if len(m) >= most {
		clear(m)
	}
	m[key] = fresh
	return fresh
}
