package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Create makes a memory, or does what the draft says about a taken title.
func (e *Engine) Create(ctx context.Context, c Caller, d Draft) (Outcome, error) {
	h, err := e.create(ctx, c, d)
	if err != nil {
		return Outcome{}, err
	}
	return e.settle(ctx, c, h)
}

// create is Create up to the local commit.
func (e *Engine) create(ctx context.Context, c Caller, d Draft) (*held, error) {
	switch d.OnConflict {
	case "", ConflictFail, ConflictMerge, ConflictVersion:
	default:
		return nil, fmt.Errorf("on_conflict %.20q: want error, merge or version: %w", string(d.OnConflict), memory.ErrInvalid)
	}
	c = c.named()
	if !d.own {
		if err := checkReserved(d.Memory.Namespace); err != nil {
			return nil, err
		}
	}
	if err := e.complete(c, &d); err != nil {
		// A repetition must not fail at what has changed since, such as an expiry that has passed.
		if h, again := e.replay(ctx, c); h != nil || again != nil {
			return h, again
		}
		return nil, err
	}
	return e.write(ctx, c, func(ctx context.Context) (*intent, error) { return e.creation(ctx, c, d) })
}

// named returns c with the anonymous agent in place of none.
func (c Caller) named() Caller {
	if c.Agent == "" {
		c.Agent = memory.Anonymous
	}
	return c
}

// Limits of a time to live.
const (
	minTTL = time.Second
	maxTTL = 365 * 24 * time.Hour
)

// complete fills in the defaults of the data model and the owner.
func (e *Engine) complete(c Caller, d *Draft) error {
	m, now := &d.Memory, e.now()
	// Stamps count milliseconds: a memory must not seem older than its creation.
	born := now / memory.Instant(time.Millisecond) * memory.Instant(time.Millisecond)
	setDefault(&m.Tier, e.cfg.DefaultTier)
	setDefault(&m.Namespace, memory.DefaultNamespace)
	setDefault(&m.Priority, memory.DefaultPriority)
	setDefault(&m.Confidence, memory.DefaultConfidence)
	set(&m.Confidence, d.Confidence)
	setDefault(&m.Source, memory.DefaultSource)
	setDefault(&m.MemoryKind, memory.DefaultKind)
	setDefault(&m.ConfidenceSource, memory.DefaultConfSource)
	setDefault(&m.CreatedAt, born)
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

// claimed returns the metadata of a new memory of agent: with the agent as its
// owner, unless it is anonymous. Metadata that names another owner is refused.
func claimed(agent memory.AgentID, meta memory.Object) (memory.Object, error) {
	if err := memory.ValidObject("metadata", meta); err != nil {
		return nil, err
	}
	var raw json.RawMessage
	if meta.Field(memory.MetaAgent, &raw) && string(raw) != "null" {
		var owner memory.AgentID
		if err := json.Unmarshal(raw, &owner); err != nil {
			return nil, fmt.Errorf("metadata agent_id: want a text: %w", memory.ErrInvalid)
		}
		if owner != agent {
			return nil, &ForbiddenError{Reason: fmt.Sprintf("metadata agent_id names %.140q, the caller is %s", string(owner), agent)}
		}
	}
	if err := checkGovernance(meta); err != nil {
		return nil, err
	}
	if !agent.Unowned() {
		var err error
		if meta, err = with(meta, memory.MetaAgent, agent); err != nil {
			return nil, err
		}
	}
	return meta, memory.ValidScope(meta)
}

// checkGovernance refuses rules that could not be read once they hold.
func checkGovernance(meta memory.Object) error {
	_, err := governanceOf(meta)
	return err
}

func with(meta memory.Object, key string, v any) (memory.Object, error) {
	out, err := meta.With(key, v)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w: %w", err, memory.ErrInvalid)
	}
	return out, nil
}

// without returns meta without a key.
func without(meta memory.Object, key string) (memory.Object, error) {
	if len(meta) == 0 {
		return nil, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(meta, &m); err != nil {
		return nil, fmt.Errorf("metadata: %w: %w", err, memory.ErrInvalid)
	}
	if _, ok := m[key]; !ok {
		return meta, nil
	}
	delete(m, key)
	if len(m) == 0 {
		return nil, nil
	}
	return json.Marshal(m)
}

// keepOwner returns the metadata that replaces old: with the owner of old,
// whatever it says itself.
func keepOwner(meta, old memory.Object) (memory.Object, error) {
	var owner json.RawMessage
	if old.Field(memory.MetaAgent, &owner) {
		return with(meta, memory.MetaAgent, owner)
	}
	return without(meta, memory.MetaAgent)
}

// creation is the intent of a create, under a lock on the title.
func (e *Engine) creation(ctx context.Context, c Caller, d Draft) (*intent, error) {
	base := d.Memory.Title
	for n := 2; ; n++ {
		unlock, err := e.lockTitle(ctx, d.Memory.Namespace, d.Memory.Title)
		if err != nil {
			return nil, err
		}
		in, clash, err := e.newborn(ctx, c.Agent, d.Memory, nil)
		switch {
		case err != nil:
		case clash == nil:
			in.ops[0].Embedding = d.Embedding
		case d.OnConflict == ConflictMerge:
			in, err = e.merging(clash, d)
		case d.OnConflict != ConflictVersion || n > maxSuffix:
			err = &ConflictError{ID: clash.ID, Current: clash.Version}
		}
		if in != nil || err != nil {
			if in == nil {
				in = &intent{}
			}
			in.release = unlock
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
func (e *Engine) lockTitle(ctx context.Context, namespace, title string) (func(), error) {
	return e.locks.lock(ctx, "title\x00"+namespace+"\x00"+title)
}

// newborn is the intent to create m, with the id that it gets, or the live
// record that has its title. freed are ids that the same op takes out of the way.
// The caller holds the lock on the title.
func (e *Engine) newborn(ctx context.Context, agent memory.AgentID, m memory.Memory, freed []string) (*intent, *memory.Record, error) {
	clash, err := e.titled(ctx, agent, m.Namespace, m.Title, freed)
	if clash != nil || err != nil {
		return nil, clash, err
	}
	given := m.ID != ""
	if !given {
		m.ID = memory.IdentityOf(m)
	}
	in := &intent{subjects: []policy.Subject{{Namespace: m.Namespace, New: true}}}
	rec, err := e.store.Record(ctx, m.ID)
	if err != nil && !errors.Is(err, memory.ErrNotFound) {
		return nil, nil, err
	}
	var seen memory.Record // the zero versions of a record that never was
	if rec != nil {
		life, _ := rec.Stands(e.now())
		switch {
		case given && life == memory.Live:
			return nil, nil, &ConflictError{ID: rec.ID, Current: rec.Version}
		case life != memory.Erased && life != memory.Live && (given || mayReturn(rec, agent, m)):
			// The record lives on, and with it its history.
			m.Version = rec.Version + 1
			in.subjects = append(in.subjects, policy.Subject{Namespace: m.Namespace, Access: rec.Access()})
			seen = *rec
		default:
			id, err := uuid.NewV7()
			if err != nil {
				return nil, nil, fmt.Errorf("new id: %w", err)
			}
			m.ID = id.String()
		}
	}
	in.expect = []memory.Expect{
		{Key: memory.ContentKey(m.ID), Version: seen.Content},
		{Key: memory.LifeKey(m.ID), Version: seen.LifeAt},
	}
	in.ops = []memory.NewOp{{Op: &memory.Put{Memory: m, Create: true}, Prev: prev(&seen)}}
	return in, nil, nil
}

// mayReturn reports whether a create of m brings rec back: it is the same
// title, and not somebody else's.
func mayReturn(rec *memory.Record, agent memory.AgentID, m memory.Memory) bool {
	owner := rec.Access().Owner
	return rec.Namespace == m.Namespace && rec.Title == m.Title && (owner == "" || owner == agent)
}

// prev is what an op on the content of rec has seen.
func prev(rec *memory.Record) []memory.Dot {
	if rec.Content.IsZero() {
		return nil
	}
	return []memory.Dot{rec.Content.Dot}
}

// titled returns the live record with a title among those that agent may see, nil
// if there is none but those in except. What agent may not see does not stand in
// its way: it would tell that it is there.
func (e *Engine) titled(ctx context.Context, agent memory.AgentID, namespace, title string, except []string) (*memory.Record, error) {
	rec, err := e.store.ByTitle(ctx, agent, namespace, title)
	if errors.Is(err, memory.ErrNotFound) {
		return nil, nil //nolint:nilnil // the title is free
	}
	if err != nil {
		return nil, err
	}
	if life, _ := rec.Stands(e.now()); life != memory.Live || slices.Contains(except, rec.ID) {
		return nil, nil //nolint:nilnil // the title is free
	}
	return rec, nil
}

// merging is the intent of a create that finds its title taken and edits the
// record that is there.
func (e *Engine) merging(rec *memory.Record, d Draft) (*intent, error) {
	m, err := merged(rec.Memory, d.Memory)
	if err != nil {
		return nil, err
	}
	in := e.editing(rec, m, prev(rec))
	// Who asks for an upsert asks that the memory be there: it also takes the
	// lifecycle, from a delete that this node has not heard of.
	in.ops[0].Op = &memory.Put{Memory: m, Create: true}
	in.ops[0].Embedding = d.Embedding
	return in, nil
}

// merged is old as an upsert of m leaves it: the text of m, the identity of old,
// and the higher of what is ordered.
func merged(old, m memory.Memory) (memory.Memory, error) {
	out := old
	out.Version = old.Version + 1
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
	if out.Metadata, err = keepOwner(m.Metadata, old.Metadata); err != nil {
		return out, err
	}
	return out, memory.ValidScope(out.Metadata)
}

func higher(a, b memory.Tier) memory.Tier {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}

// editing is the intent to replace the content of rec, which is live, by m.
func (e *Engine) editing(rec *memory.Record, m memory.Memory, seen []memory.Dot) *intent {
	in := &intent{
		ops:      []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: seen}},
		expect:   unchanged(rec),
		subjects: []policy.Subject{subject(rec)},
	}
	if m.Namespace != rec.Namespace {
		in.subjects = append(in.subjects, policy.Subject{Namespace: m.Namespace, Access: rec.Access()})
	}
	return in
}

// unchanged expects rec to be as it was read.
func unchanged(rec *memory.Record) []memory.Expect {
	return []memory.Expect{
		{Key: memory.ContentKey(rec.ID), Version: rec.Content},
		{Key: memory.LifeKey(rec.ID), Version: rec.LifeAt},
	}
}

func subject(rec *memory.Record) policy.Subject {
	return policy.Subject{Namespace: rec.Namespace, Access: rec.Access()}
}
