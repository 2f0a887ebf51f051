package records

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Create makes a memory, or does what the draft says about a taken title.
func (b *Book) Create(ctx context.Context, c engine.Caller, d Draft) (engine.Outcome, error) {
	h, err := b.create(ctx, c, d)
	if err != nil {
		return engine.Outcome{}, err
	}
	return b.core.Settle(ctx, c, h)
}

// CreateReserved is Create for the requests whose memories are in reserved
// namespaces: subscribing, registering an agent, sending, sharing.
func (b *Book) CreateReserved(ctx context.Context, c engine.Caller, d Draft) (engine.Outcome, error) {
	h, err := b.make(ctx, c, d)
	if err != nil {
		return engine.Outcome{}, err
	}
	return b.core.Settle(ctx, c, h)
}

// create is Create up to the local commit.
func (b *Book) create(ctx context.Context, c engine.Caller, d Draft) (*engine.Held, error) {
	if err := checkReserved(d.Memory.Namespace); err != nil {
		return nil, err
	}
	return b.make(ctx, c, d)
}

func (b *Book) make(ctx context.Context, c engine.Caller, d Draft) (*engine.Held, error) {
	switch d.OnConflict {
	case "", ConflictFail, ConflictMerge, ConflictVersion:
	default:
		return nil, fmt.Errorf("on_conflict %.20q: want error, merge or version: %w", string(d.OnConflict), memory.ErrInvalid)
	}
	c = c.Named()
	d.untagged = d.Memory.Tags == nil
	err := b.Complete(c, &d)
	if err == nil {
		err = b.sign(c, &d)
	}
	if err != nil {
		// A repetition must not fail at what has changed since, such as an expiry that has passed,
		// or how long ago it was signed.
		if h, again := b.core.Replay(ctx, c); h != nil || again != nil {
			return h, again
		}
		return nil, err
	}
	return b.core.Write(ctx, c, func(ctx context.Context) (*engine.Intent, error) { return b.creation(ctx, c, d) })
}

// Limits of a time to live.
const (
	minTTL = time.Second
	maxTTL = 365 * 24 * time.Hour
)

// Complete fills in the defaults of the data model and the owner.
func (b *Book) Complete(c engine.Caller, d *Draft) error {
	m, now := &d.Memory, b.core.Now()
	// Stamps count milliseconds: a memory must not seem older than its creation.
	born := now / memory.Instant(time.Millisecond) * memory.Instant(time.Millisecond)
	m.Tier = cmp.Or(m.Tier, b.tier)
	m.Namespace = cmp.Or(m.Namespace, memory.DefaultNamespace)
	m.Priority = cmp.Or(m.Priority, memory.DefaultPriority)
	m.Confidence = cmp.Or(m.Confidence, memory.DefaultConfidence)
	set(&m.Confidence, d.Confidence)
	m.Source = cmp.Or(m.Source, memory.DefaultSource)
	m.MemoryKind = cmp.Or(m.MemoryKind, memory.DefaultKind)
	m.ConfidenceSource = cmp.Or(m.ConfidenceSource, memory.DefaultConfSource)
	m.CreatedAt = cmp.Or(m.CreatedAt, born)
	m.Version = 1
	switch {
	case m.CreatedAt > now+memory.Instant(memory.DefaultMaxSkew):
		return fmt.Errorf("created_at %s: in the future: %w", m.CreatedAt, memory.ErrInvalid)
	case m.ExpiresAt != 0 && m.ExpiresAt <= now:
		return fmt.Errorf("expires_at %s: in the past: %w", m.ExpiresAt, memory.ErrInvalid)
	case m.ExpiresAt != 0:
	case d.TTL != 0 && (d.TTL < minTTL || d.TTL > maxTTL):
		return fmt.Errorf("time to live %s: want 1 second to 365 days: %w", d.TTL, memory.ErrInvalid)
	case d.TTL != 0:
		m.ExpiresAt = born + memory.Instant(d.TTL)
	case m.Tier.TTL() != 0:
		m.ExpiresAt = born + memory.Instant(m.Tier.TTL())
	}
	var err error
	if d.Embedding != nil {
		if d.Embedding, err = d.Embedding.Normal(); err != nil {
			return err
		}
	}
	m.Metadata, err = claimed(c.Agent, m.Metadata)
	return err
}

// creation is the intent of a create, under a lock on the title.
func (b *Book) creation(ctx context.Context, c engine.Caller, d Draft) (*engine.Intent, error) {
	base := d.Memory.Title
	for n := 2; ; n++ {
		unlock, err := b.lockTitle(ctx, d.Memory.Namespace, d.Memory.Title)
		if err != nil {
			return nil, err
		}
		in, clash, err := b.Newborn(ctx, c.Agent, d.Memory, nil)
		switch {
		case err != nil:
		case clash == nil:
			in.Ops[0].Embedding = d.Embedding
		case d.OnConflict == ConflictMerge:
			in, err = merging(clash, d)
		case d.OnConflict != ConflictVersion || n > maxSuffix:
			err = &engine.ConflictError{ID: clash.ID, Current: clash.Version}
		}
		if in != nil || err != nil {
			if in == nil {
				in = &engine.Intent{}
			}
			in.Release = unlock
			return in, err
		}
		unlock()
		d.Memory.Title = suffixed(base, n)
	}
}

// maxSuffix bounds the search for a free title.
const maxSuffix = 1000

// suffixed returns "title (n)", shortened so that it stays a title.
func suffixed(title string, n int) string {
	suffix := fmt.Sprintf(" (%d)", n)
	if r := []rune(title); len(r)+len(suffix) > memory.MaxTitle {
		title = string(r[:memory.MaxTitle-len(suffix)])
	}
	return title + suffix
}

// lockTitle keeps other writes of this node from taking a title of a namespace.
func (b *Book) lockTitle(ctx context.Context, namespace, title string) (func(), error) {
	return b.core.Lock(ctx, "title\x00"+namespace+"\x00"+title)
}

// Newborn is the intent to create m, with the id that it gets, or the live
// record that has its title. freed are ids that the same op takes out of the way.
// The caller holds the lock on the title.
func (b *Book) Newborn(ctx context.Context, agent memory.AgentID, m memory.Memory, freed []string) (*engine.Intent, *memory.Record, error) {
	clash, err := b.Titled(ctx, agent, m.Namespace, m.Title, freed)
	if clash != nil || err != nil {
		return nil, clash, err
	}
	given := m.ID != ""
	if !given {
		m.ID = memory.IdentityOf(m)
	}
	in := &engine.Intent{Subjects: []policy.Subject{{Namespace: m.Namespace, New: true}}}
	rec, err := b.store.Record(ctx, m.ID)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return nil, nil, err
	}
	var seen memory.Record // the zero versions of a record that never was
	if rec != nil {
		life, _ := rec.Stands(b.core.Now())
		switch {
		case given && life == memory.Live:
			return nil, nil, &engine.ConflictError{ID: rec.ID, Current: rec.Version}
		case life != memory.Erased && life != memory.Live && (given || mayReturn(rec, agent, m)):
			// The record lives on, and with it its history.
			m.Version = memory.NextVersion(rec.Version)
			in.Subjects = append(in.Subjects, policy.Subject{Namespace: m.Namespace, Access: rec.Access()})
			seen = *rec
		default:
			id, err := uuid.NewV7()
			if err != nil {
				return nil, nil, fmt.Errorf("new id: %w", err)
			}
			m.ID = id.String()
		}
	}
	in.Expect = []memory.Expect{
		{Key: memory.ContentKey(m.ID), Version: seen.Content},
		{Key: memory.LifeKey(m.ID), Version: seen.LifeAt},
	}
	in.Ops = []memory.NewOp{{Op: &memory.Put{Memory: m, Create: true}, Prev: engine.Seen(&seen)}}
	return in, nil, nil
}

// mayReturn reports whether a create of m brings rec back: it is the same
// title, and not somebody else's.
func mayReturn(rec *memory.Record, agent memory.AgentID, m memory.Memory) bool {
	owner := rec.Access().Owner
	return rec.Namespace == m.Namespace && rec.Title == m.Title && (owner == "" || owner == agent)
}

// Titled returns the live record with a title among those that agent may see, nil
// if there is none but those in except. What agent may not see does not stand in
// its way: it would tell that it is there.
func (b *Book) Titled(ctx context.Context, agent memory.AgentID, namespace, title string, except []string) (*memory.Record, error) {
	rec, err := b.store.ByTitle(ctx, agent, namespace, title)
	if errors.Is(err, memory.ErrNotFound) {
		return nil, nil //nolint:nilnil // the title is free
	}
	if err != nil {
		return nil, err
	}
	if life, _ := rec.Stands(b.core.Now()); life != memory.Live || slices.Contains(except, rec.ID) {
		return nil, nil //nolint:nilnil // the title is free
	}
	return rec, nil
}

// merging is the intent of a create that finds its title taken and edits the
// record that is there.
func merging(rec *memory.Record, d Draft) (*engine.Intent, error) {
	if d.untagged {
		d.Memory.Tags = rec.Tags
	}
	m, err := merged(rec.Memory, d.Memory)
	if err != nil {
		return nil, err
	}
	in := Editing(rec, m, engine.Seen(rec))
	// Who asks for an upsert asks that the memory be there: it also takes the
	// lifecycle, from a delete that this node has not heard of.
	in.Ops[0].Op = &memory.Put{Memory: m, Create: true}
	in.Ops[0].Embedding = d.Embedding
	return in, nil
}

// merged is old as an upsert of m leaves it: the text of m, the identity of old,
// and the higher of what is ordered.
func merged(old, m memory.Memory) (memory.Memory, error) {
	out := old
	out.Version = memory.NextVersion(old.Version)
	out.Content, out.Tags, out.Source = m.Content, m.Tags, m.Source
	out.Priority = max(old.Priority, m.Priority)
	out.Confidence = max(old.Confidence, m.Confidence)
	out.ReflectionDepth = max(old.ReflectionDepth, m.ReflectionDepth)
	out.Tier = higher(old.Tier, m.Tier)
	switch {
	case out.Tier == memory.Long:
		out.ExpiresAt = 0
	case m.ExpiresAt != 0:
		out.ExpiresAt = m.ExpiresAt
	}
	if old.MemoryKind != "reflection" && old.MemoryKind != "persona" {
		out.MemoryKind = m.MemoryKind
	}
	if old.EntityID == "" {
		out.EntityID = m.EntityID
	}
	if old.PersonaVersion == nil {
		out.PersonaVersion = m.PersonaVersion
	}
	if len(m.Citations) > 0 {
		out.Citations = m.Citations
	}
	if m.SourceURI != "" {
		out.SourceURI = m.SourceURI
	}
	if m.SourceSpan != nil {
		out.SourceSpan = m.SourceSpan
	}
	if m.ConfidenceSource != memory.DefaultConfSource {
		out.ConfidenceSource, out.ConfidenceSignals, out.ConfidenceDecayed = m.ConfidenceSource, m.ConfidenceSignals, m.ConfidenceDecayed
	}
	var err error
	if out.Metadata, err = restated(m.Metadata, old.Metadata); err != nil {
		return out, err
	}
	if out.Metadata, err = keepOwner(out.Metadata, old.Metadata); err != nil {
		return out, err
	}
	return out.Keeping(m.Signature), memory.ValidScope(out.Metadata)
}

// restated is the metadata of old as one who writes meta leaves it. Who says nothing, or
// only who may read it, leaves the rest; and who may read it is never changed by silence.
func restated(meta, old memory.Object) (memory.Object, error) {
	more, err := meta.Without(memory.MetaAgent, memory.MetaScope)
	if err != nil {
		return nil, err
	}
	if more == nil {
		return meta.Over(old)
	}
	var scope string
	if meta.Field(memory.MetaScope, &scope) || !old.Field(memory.MetaScope, &scope) {
		return meta, nil
	}
	return meta.With(memory.MetaScope, scope)
}

// Editing is the intent to replace the content of rec, which is live, by m.
func Editing(rec *memory.Record, m memory.Memory, seen []memory.Dot) *engine.Intent {
	m = m.Keeping(m.Signature)
	in := &engine.Intent{
		Ops:      []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: seen}},
		Expect:   engine.Unchanged(rec),
		Subjects: []policy.Subject{engine.SubjectOf(rec)},
	}
	if m.Namespace != rec.Namespace {
		in.Subjects = append(in.Subjects, policy.Subject{Namespace: m.Namespace, Access: rec.Access()})
	}
	return in
}
