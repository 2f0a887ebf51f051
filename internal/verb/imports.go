package verb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb/aimemory"
)

type imports struct{ *deps }

// importVerbs take in what other programs have exported.
func importVerbs(of *deps) []Verb {
	d := imports{of}
	return []Verb{
		Of(Verb{
			Name: "memory_import", Family: familyArchive, Summary: "take in an export of ai-memory", Access: Change,
			Answers: []Answer{Gives(Fine, client.Imported{})},
		}, d.importAll),
	}
}

// importing is an import while it goes on.
type importing struct {
	client.Imported

	caller memory.AgentID
	drafts []records.Draft
	names  []string          // of drafts, for errors
	moved  map[string]string // ids that became others, because their titles were taken
	coming map[string]bool   // ids that a trial would have made
}

func (v *importing) refuse(name string, err error) {
	text := ProblemOf(err, v.caller).Text
	if e, missed := errors.AsType[*engine.QuorumError](err); missed {
		text = shortText(e) + "; it is kept and will arrive"
	}
	v.Errors = append(v.Errors, name+": "+text)
}

// importAll creates the memories of an export, each on its own, and then their
// links. They belong to the caller: metadata.imported_from_agent_id says whose
// they were. Titles that are taken are merged.
func (d imports) importAll(ctx context.Context, c *Call, in *client.ImportInput) (Done, error) {
	v := &importing{
		Imported: client.Imported{Count: len(in.Memories), IDs: []string{}, Errors: []string{}, DryRun: in.DryRun},
		caller:   c.Agent, moved: map[string]string{}, coming: map[string]bool{},
	}
	var ignored []string
	for i, raw := range in.Memories {
		ignored = append(ignored, foreign(raw, fmt.Sprintf("memories[%d].", i), exportedFields())...)
		name, draft, err := importDraft(raw, c.Agent)
		name = cmp.Or(name, fmt.Sprintf("memory %d", i))
		if err != nil {
			v.refuse(name, err)
			continue
		}
		v.drafts, v.names = append(v.drafts, draft), append(v.names, name)
	}
	several, err := engine.Begin(ctx, d.books.Core, c.Caller)
	if err != nil {
		return Done{}, err
	}
	results := d.books.Records.Bulk(ctx, several, v.drafts)
	for i, r := range results {
		v.add(i, r)
	}
	if err := nothingWritten(results, v.Imported.Imported+len(v.Pending)); err != nil {
		return Done{}, err
	}
	for i, raw := range in.Links {
		ignored = append(ignored, foreign(raw, fmt.Sprintf("links[%d].", i), linkFields())...)
		if err := d.importLink(ctx, c, raw, v); err != nil {
			v.refuse(fmt.Sprintf("link %d", i), err)
			continue
		}
		v.Links++
	}
	v.Ignored = ignored[:min(len(ignored), maxForeign)]
	return Done{Body: v.Imported, Replayed: repeats(several, outcomesOf(results))}, nil
}

// maxForeign bounds the names of what an import does not know.
const maxForeign = 100

// exportedFields are those of a memory in an export: what creates one, and what the node
// that takes it in keeps by itself.
func exportedFields() map[string]bool {
	return namesOf("memory_store", reflect.TypeFor[client.Draft](), reflect.TypeFor[client.Memory](), reflect.TypeFor[client.ArchivedMemory]())
}

// linkFields are those of a link in an export.
func linkFields() map[string]bool {
	return namesOf("memory_link", reflect.TypeFor[client.LinkInput](), reflect.TypeFor[client.Link]())
}

func namesOf(verb string, types ...reflect.Type) map[string]bool {
	out := map[string]bool{}
	for other := range aimemory.Aliases()[verb] {
		out[other] = true
	}
	for _, t := range types {
		for _, f := range fieldsOf(t) {
			out[f.name] = true
		}
	}
	return out
}

// foreign names the members of an object that are not known. Another program may write
// what this one has never heard of, so they keep nothing from being taken in; but they
// may also be misspelt.
func foreign(raw json.RawMessage, at string, known map[string]bool) (out []string) {
	members(raw, func(key string, _ []byte) {
		if !known[key] {
			out = append(out, at+key)
		}
	})
	return out
}

func (v *importing) add(i int, r records.BulkResult) {
	id := v.drafts[i].Memory.ID
	switch {
	case r.Err != nil:
		if e, missed := errors.AsType[*engine.QuorumError](r.Err); missed {
			v.moved[id] = Subject(e.Outcome)
			v.Receipt = ShowReceipt(e.Outcome.Receipt)
		}
		v.refuse(v.names[i], r.Err)
	case r.Outcome.Pending != nil:
		v.Pending = append(v.Pending, r.Outcome.Pending.ID)
	default:
		v.Imported.Imported++
		if v.DryRun {
			v.coming[Subject(r.Outcome)] = true
		} else {
			v.Receipt = ShowReceipt(r.Outcome.Receipt)
		}
		v.IDs = append(v.IDs, Subject(r.Outcome))
		v.moved[id] = Subject(r.Outcome)
	}
}

// importDraft is a memory of an export as the caller would create it.
func importDraft(raw json.RawMessage, caller memory.AgentID) (name string, d records.Draft, err error) {
	d, err = draftItem(onlyDraft(raw), caller, func(in *client.Draft) error {
		name = in.ID
		// Whose it was is not who asks.
		in.AgentID, in.OnConflict = "", string(records.ConflictMerge)
		meta := objectOf(in.Metadata)
		var owner string
		if !meta.Field(memory.MetaAgent, &owner) || owner == string(caller) {
			return nil
		}
		meta, err := meta.With("imported_from_agent_id", owner)
		if err == nil {
			meta, err = meta.With(memory.MetaAgent, nil)
		}
		if err != nil {
			return BadField("metadata", "metadata: want a JSON object")
		}
		in.Metadata = json.RawMessage(meta)
		return nil
	})
	return name, d, err
}

// onlyDraft is raw without what creates no memory: counts and times that the node
// keeps itself.
func onlyDraft(raw json.RawMessage) json.RawMessage {
	all := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &all) != nil {
		return raw // it will be refused for what it is
	}
	known := fieldsOf(reflect.TypeFor[client.Draft]())
	kept := map[string]json.RawMessage{}
	for _, f := range known {
		if v, has := all[f.name]; has && f.name != "agent_id" {
			kept[f.name] = v
		}
	}
	if v, has := all["memory_kind"]; has && kept["kind"] == nil {
		kept["kind"] = v
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return raw
	}
	return b
}

func (d imports) importLink(ctx context.Context, c *Call, raw json.RawMessage, v *importing) error {
	t := reflect.TypeFor[client.LinkInput]()
	a := arguments{typ: t, fields: fieldsOf(t), lenient: true, aliases: aimemory.Aliases()["memory_link"]}
	in, _, _, err := a.read(Args{Body: raw}, c.Agent)
	if err != nil {
		return err
	}
	b := in.(*client.LinkInput) //nolint:forcetypeassert // read made it
	l := memory.Link{Source: cmp.Or(v.moved[b.Source], b.Source), Target: cmp.Or(v.moved[b.Target], b.Target), Relation: cmp.Or(b.Relation, memory.DefaultRelation)}
	if l.ValidFrom, err = instantOf("valid_from", b.ValidFrom); err != nil {
		return err
	}
	if l.ValidUntil, err = instantOf("valid_until", b.ValidUntil); err != nil {
		return err
	}
	if c.DryRun && (v.coming[l.Source] || v.coming[l.Target]) {
		return d.tryLink(ctx, c, &l, v.coming)
	}
	_, err = d.books.Graph.Link(ctx, c.Part("link", l.Source+" "+l.Relation+" "+l.Target), l)
	return err
}

// tryLink judges a link of which an end would have been made just before.
func (d imports) tryLink(ctx context.Context, c *Call, l *memory.Link, coming map[string]bool) error {
	l.CreatedAt = memory.InstantOf(time.Now())
	if err := l.Validate(); err != nil {
		return err
	}
	for _, id := range []string{l.Source, l.Target} {
		if coming[id] {
			continue
		}
		if _, err := d.books.Graph.Links(ctx, c.Agent, id); err != nil {
			return err
		}
	}
	return nil
}
