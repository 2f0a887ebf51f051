package verb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	familyCore      = "core"
	familyLifecycle = "lifecycle"
	familyPower     = "power"
	familyArchive   = "archive"
)

type memories struct{ *deps }

// recordVerbs are those on single memories.
func recordVerbs(of *deps) []Verb {
	d := memories{of}
	edited := []Answer{Gives(Fine, client.Written{}, client.WrittenMinimal{}, client.Gone{})}
	return []Verb{
		Of(Verb{
			Name: "memory_store", Family: familyCore, Summary: "create a memory", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.Written{}, client.WrittenMinimal{}, client.Gone{})},
			Codes:   []client.Code{client.CodeConflict, client.CodeAttestationFailed},
		}, d.store),
		Of(Verb{
			Name: "memory_store_bulk", Family: familyPower, Summary: "create up to 1000 memories", Access: Change, List: "memories",
			Answers: []Answer{Gives(Fine, client.Bulk{})},
		}, d.bulk),
		Of(Verb{
			Name: "memory_get", Family: familyCore, Summary: "read a memory and its links",
			Answers: []Answer{Gives(Fine, client.Got{})}, Codes: []client.Code{client.CodeAmbiguousID},
		}, d.get),
		Of(Verb{
			Name: "memory_update", Family: familyLifecycle, Summary: "edit a memory", Access: Change, Waits: true, Answers: edited,
			Codes: []client.Code{client.CodeConflict, client.CodeAmbiguousID},
		}, d.update),
		Of(Verb{
			Name: "memory_delete", Family: familyLifecycle, Summary: "delete a memory, or with erase erase it", Access: Change, Waits: true,
			Answers: []Answer{Gives(Fine, client.Deleted{})}, Codes: []client.Code{client.CodeAmbiguousID},
		}, d.remove),
		Of(Verb{
			Name: "memory_promote", Family: familyLifecycle, Summary: "promote a memory to the long tier", Access: Change, Waits: true,
			Answers: []Answer{Gives(Fine, client.Promoted{}, client.Gone{})}, Codes: []client.Code{client.CodeAmbiguousID},
		}, d.promote),
		Of(Verb{
			Name: "memory_erase", Family: familyLifecycle, Summary: "erase a memory for good", Access: Change, Waits: true,
			Answers: []Answer{Gives(Fine, client.Deleted{})}, Codes: []client.Code{client.CodeAmbiguousID},
		}, d.erase),
		Of(Verb{
			Name: "memory_history", Family: familyArchive, Summary: "list the versions of a memory",
			Answers: []Answer{Gives(Fine, client.History{})}, Codes: []client.Code{client.CodeAmbiguousID},
		}, d.history),
		Of(Verb{
			Name: "memory_consolidate", Family: familyPower, Summary: "replace memories by one", Access: Change, Waits: true,
			Answers: []Answer{Gives(Created, client.Consolidated{}, client.Gone{})}, Codes: []client.Code{client.CodeConflict, client.CodeNotFound},
		}, d.consolidate),
		Of(Verb{
			Name: "memory_forget", Family: familyLifecycle, Summary: "archive what matches", Access: Change,
			Answers: []Answer{Gives(Fine, client.Forgotten{})},
		}, d.forget),
	}
}

func (d memories) store(ctx context.Context, c *Call, in *client.StoreInput) (Done, error) {
	draft, err := draftOf(&in.Draft)
	if err != nil {
		return Done{}, err
	}
	var others []string
	if in.DetectConflicts {
		if others, err = d.conflicts(ctx, c, &draft.Memory, in.Force); err != nil {
			return Done{}, err
		}
	}
	out, err := d.books.Records.Create(ctx, c.Caller, draft)
	if err == nil {
		d.meter.Stored(1)
	}
	done, err := record(out, err, Created, in.Prefer)
	switch v := done.Body.(type) {
	case client.Written:
		v.PotentialContradictions = others
		done.Body = v
	case client.WrittenMinimal:
		v.PotentialContradictions = others
		done.Body = v
	}
	return done, err
}

const (
	// sameText is the share of words in common from which a text is there already.
	sameText = 0.95
	// sameTopic is the share of words in common, of titles or of whole texts, from which
	// two memories are about the same.
	sameTopic = 0.5
	// maxConflicts bounds how many are named.
	maxConflicts = 10
)

// conflicts returns the memories that may contradict one that is to be written. One
// that says nearly the same under another title is an error, unless force is set.
func (d memories) conflicts(ctx context.Context, c *Call, m *memory.Memory, force bool) ([]string, error) {
	ns := cmp.Or(m.Namespace, memory.DefaultNamespace)
	found, err := d.books.Query.Similar(ctx, memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: ns}, m.Title, m.Content)
	if err != nil {
		return nil, err
	}
	var out []string
	for i := range found {
		s := &found[i]
		switch {
		case s.Record.ID == m.ID || s.Title == 1 && s.Similarity == 1:
			// what is written again, or edited
		case s.Similarity >= sameText && !force:
			return nil, &Problem{
				Code: client.CodeConflict, Text: "a memory says nearly the same: " + s.Record.ID + "; force writes this one all the same",
				Extra: map[string]any{"existing_id": s.Record.ID, "existing_title": s.Record.Title, "similarity": toThousandths(s.Similarity)},
			}
		case (s.Title >= sameTopic || s.Similarity >= sameTopic) && s.Record.Memory.Content != m.Content && len(out) < maxConflicts:
			out = append(out, s.Record.ID)
		}
	}
	return out, nil
}

func (d memories) get(ctx context.Context, c *Call, in *client.ByID) (Done, error) {
	if prefix, _ := memory.Abbreviated(in.ID); prefix != "" { // the beginning of an id is not one
		if err := memory.ValidID(prefix); err != nil {
			return Done{}, err
		}
	}
	rec, err := d.books.Query.Get(ctx, c.Agent, in.ID)
	if err != nil {
		return Done{}, err
	}
	ctx, left := memory.WithOmissions(ctx)
	links, err := d.books.Graph.LinksOf(ctx, c.Agent, rec.ID)
	if err != nil {
		return Done{}, err
	}
	d.read(c, client.ReadByID, rec.ID)
	m := ShowMemory(rec)
	done := Done{Body: client.Got{Memory: m, Nested: m, Links: ShowLinks(links), Damaged: omitted(left)}, Version: rec.Version}
	if len(links) > 0 {
		done.Beside, err = json.Marshal(links)
	}
	return done, err
}

func (d memories) update(ctx context.Context, c *Call, in *client.UpdateInput) (Done, error) {
	id, err := idOf(in.ByID)
	if err != nil {
		return Done{}, err
	}
	p, err := patchOf(in, c.Given)
	if err != nil {
		return Done{}, err
	}
	out, err := d.books.Records.Update(ctx, c.Caller, id, p)
	return record(out, err, Fine, in.Prefer)
}

func (d memories) remove(ctx context.Context, c *Call, in *client.DeleteInput) (Done, error) {
	if in.Erase {
		return d.erase(ctx, c, &client.EraseInput{ByID: in.ByID})
	}
	id, err := idOf(in.ByID)
	if err != nil {
		return Done{}, err
	}
	out, err := d.books.Records.Delete(ctx, c.Caller, id)
	return written(out, err, Fine, func() any {
		return client.Deleted{Deleted: true, ID: Subject(out), Receipt: ShowReceipt(out.Receipt)}
	})
}

func (d memories) erase(ctx context.Context, c *Call, in *client.EraseInput) (Done, error) {
	id, err := idOf(in.ByID)
	if err != nil {
		return Done{}, err
	}
	out, err := d.books.Records.Erase(ctx, c.Caller, id)
	if in.Damaged && c.Operator && errors.Is(err, memory.ErrDamaged) {
		as := c.Caller
		as.Operator = true
		out, err = records.EraseDamaged(ctx, d.books.Records, as, id)
	}
	return written(out, err, Fine, func() any {
		return client.Deleted{Deleted: true, Erased: true, ID: Subject(out), Receipt: ShowReceipt(out.Receipt)}
	})
}

func (d memories) promote(ctx context.Context, c *Call, in *client.ChangeInput) (Done, error) {
	id, err := idOf(in.ByID)
	if err != nil {
		return Done{}, err
	}
	out, err := d.books.Records.Promote(ctx, c.Caller, id)
	return shown(out, err, Fine, func() any {
		v := client.Promoted{Promoted: true, Whole: showNow(out), Receipt: ShowReceipt(out.Receipt)}
		if v.Whole != nil {
			v.Memory = *v.Whole
		}
		v.ID, v.Tier = Subject(out), string(memory.Long)
		return v
	})
}

func (d memories) history(ctx context.Context, c *Call, in *client.ByID) (Done, error) {
	id, err := idOf(*in)
	if err != nil {
		return Done{}, err
	}
	ctx, left := memory.WithOmissions(ctx)
	revs, rec, err := d.books.Query.History(ctx, c.Agent, id)
	if err != nil {
		return Done{}, err
	}
	life, reason := rec.Stands(d.now())
	return Done{Body: client.History{
		ID: rec.ID, State: life.String(), Reason: reason, StateDot: rec.LifeAt.Dot.String(), Conflicts: rec.Conflicts, Count: len(revs), Revisions: showRevisions(revs), Damaged: omitted(left),
	}}, nil
}

func showRevisions(revs []memory.Revision) []client.Revision {
	out := make([]client.Revision, len(revs))
	for i, r := range revs {
		e := r.Entry
		v := client.Revision{
			Dot: e.Dot.String(), Origin: string(e.Dot.Origin), At: timeOf(e.Stamp.Instant()), Actor: string(e.Actor), Kind: e.Op.Kind().String(),
			Digest: e.Digest.String(), Previous: make([]string, len(e.Prev)), Current: r.Winner, Conflict: r.Conflict,
		}
		for j, dot := range e.Prev {
			v.Previous[j] = dot.String()
		}
		if !e.Hollow.IsZero() {
			v.Superseded = e.Hollow.String()
		}
		if m, has := e.Content(); has {
			v.Memory = &client.Content{Memory: showContent(m)}
		}
		out[i] = v
	}
	return out
}

func (d memories) consolidate(ctx context.Context, c *Call, in *client.ConsolidateInput) (Done, error) {
	if err := memory.ValidTitle(in.Title); err != nil {
		return Done{}, err
	}
	out, err := d.books.Records.Consolidate(ctx, c.Caller, records.Consolidation{
		IDs: in.IDs, Title: in.Title, Summary: linesOf(in.Summary), Namespace: in.Namespace, Tier: memory.Tier(in.Tier),
	})
	return shown(out, err, Created, func() any {
		v := client.Consolidated{ID: Subject(out), Consolidated: len(in.IDs), Memory: showNow(out), Receipt: ShowReceipt(out.Receipt)}
		if r := out.Record; r != nil {
			v.Summary, v.Content = r.Memory.Content, r.Memory.Content
		}
		return v
	})
}

func (d memories) forget(ctx context.Context, c *Call, in *client.ForgetInput) (Done, error) {
	if in.Namespace == "" && in.Pattern == "" && in.Tier == "" {
		return Done{}, Bad("forget: want at least one of namespace, pattern and tier")
	}
	f := memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: in.Namespace, Tier: memory.Tier(in.Tier)}
	if err := validFilter(f); err != nil {
		return Done{}, err
	}
	ctx, left := memory.WithOmissions(ctx)
	n, again, err := d.books.Records.Forget(ctx, c.Caller, f, in.Pattern)
	if err != nil {
		return Done{}, err
	}
	return Done{Body: client.Forgotten{Deleted: n, Archived: n, Damaged: omitted(left)}, Replayed: again}, nil
}
