package verb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb/aimemory"
)

// draftItem reads one draft of several, as strictly as one that comes alone.
func draftItem(raw json.RawMessage, caller memory.AgentID, edit func(*client.Draft) error) (records.Draft, error) {
	t := reflect.TypeFor[client.Draft]()
	a := arguments{typ: t, fields: fieldsOf(t), aliases: aimemory.Aliases()["memory_store"]}
	in, _, _, err := a.read(Args{Body: raw}, caller)
	if err != nil {
		return records.Draft{}, err
	}
	d := in.(*client.Draft) //nolint:forcetypeassert // read made it
	if edit != nil {
		if err := edit(d); err != nil {
			return records.Draft{}, err
		}
	}
	return draftOf(d)
}

func (d memories) bulk(ctx context.Context, c *Call, in *client.BulkInput) (Done, error) {
	rep := &bulkReply{Bulk: client.Bulk{
		Count: len(in.Memories), IDs: []string{}, Errors: []string{}, Details: []client.BulkItem{}, Receipts: []*client.Receipt{},
	}, caller: c.Agent}
	drafts := make([]records.Draft, 0, len(in.Memories))
	places := make([]int, 0, len(in.Memories)) // of drafts in the request
	for i, raw := range in.Memories {
		draft, err := draftItem(raw, c.Agent, nil)
		if err != nil {
			rep.refuse(i, err)
			continue
		}
		draft.OnConflict = cmp.Or(draft.OnConflict, records.ConflictMerge)
		drafts = append(drafts, draft)
		places = append(places, i)
	}
	several, err := engine.Begin(ctx, d.books.Core, c.Caller)
	if err != nil {
		return Done{}, err
	}
	results := d.books.Records.Bulk(ctx, several, drafts)
	for i, r := range results {
		rep.add(places[i], r)
	}
	if err := nothingWritten(results, rep.Created+len(rep.Pending)); err != nil {
		return Done{}, err
	}
	rep.sort()
	d.meter.Stored(rep.Created)
	return Done{Body: rep.Bulk, Replayed: repeats(several, outcomesOf(results))}, nil
}

func outcomesOf(results []records.BulkResult) []engine.Outcome {
	out := make([]engine.Outcome, len(results))
	for i := range results {
		out[i] = results[i].Outcome
	}
	return out
}

// bulkReply is the answer to a bulk create in the making.
type bulkReply struct {
	client.Bulk

	caller  memory.AgentID
	classes map[int]string // ai-memory's wording of what became of an item
}

func (b *bulkReply) add(i int, r records.BulkResult) {
	switch {
	case r.Err != nil:
		b.refuse(i, r.Err)
	case r.Outcome.Pending != nil:
		b.Pending = append(b.Pending, r.Outcome.Pending.ID)
	default:
		b.Created++
		b.Receipt = ShowReceipt(r.Outcome.Receipt)
		b.IDs = append(b.IDs, Subject(r.Outcome))
		b.Receipts = append(b.Receipts, b.Receipt)
	}
}

func (b *bulkReply) refuse(i int, err error) {
	p := ProblemOf(err, b.caller)
	item := client.BulkItem{Index: i, Code: p.Code, Error: p.detail()}
	class := bulkClass(p)
	if e, missed := errors.AsType[*engine.QuorumError](err); missed {
		item.ID, item.Receipt = Subject(e.Outcome), ShowReceipt(e.Outcome.Receipt)
		item.Error = shortText(e)
		class = item.ID + ": " + item.Error
	}
	if b.classes == nil {
		b.classes = map[int]string{}
	}
	b.classes[i] = class
	b.Details = append(b.Details, item)
}

// shortText is what an answer about many says of one that has missed its quorum.
func shortText(e *engine.QuorumError) string {
	return fmt.Sprintf("quorum not met (%d of %d: %s)", e.Got, e.Needed, e.Reason)
}

func (b *bulkReply) sort() {
	slices.SortFunc(b.Details, func(x, y client.BulkItem) int { return cmp.Compare(x.Index, y.Index) })
	for _, item := range b.Details {
		b.Errors = append(b.Errors, b.classes[item.Index])
	}
}

// bulkClass is ai-memory's wording of why an item was refused.
func bulkClass(p *Problem) string {
	row, _ := p.Code.Row()
	switch row.Status {
	case 400:
		return "validation failed"
	case 409:
		return "conflict: already exists"
	case 404:
		return "not found"
	case 403:
		return "forbidden"
	case 503, 429, 507:
		return "replication unavailable"
	}
	return "internal error"
}

// nothingWritten is the error of a bulk create that the node as a whole could
// not take: busy, full or closing. The client must see that as a status.
func nothingWritten(results []records.BulkResult, taken int) error {
	if len(results) == 0 || taken > 0 {
		return nil
	}
	wholly := func(is func(error) bool) bool {
		return !slices.ContainsFunc(results, func(r records.BulkResult) bool { return !is(r.Err) })
	}
	if wholly(func(err error) bool { return memory.PutOff(err) != nil }) {
		return results[0].Err
	}
	for _, why := range []error{memory.ErrFull, memory.ErrClosed, memory.ErrKeyReused} {
		if wholly(func(err error) bool { return errors.Is(err, why) }) {
			return results[0].Err
		}
	}
	return nil
}
