package verb

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/memory"
)

// metaHandoff is where the memory of a handoff keeps its [client.Handoff].
const metaHandoff = "handoff"

const handoffTTL = 7 * 24 * time.Hour

// handOver writes a handoff. It is a memory of the kind event, because kinds are a
// list that all nodes share; its tag and its metadata say that it is a handoff.
// One that names a recipient is for the two of them, unless the anonymous agent
// hands over.
func (d briefing) handOver(ctx context.Context, c *Call, in *client.HandoffInput) (Done, error) {
	to := memory.AgentID(in.To)
	if to != "" {
		if err := to.Valid(); err != nil {
			return Done{}, BadField("to", "to: %s", err)
		}
	}
	from := cmp.Or(c.Agent, memory.Anonymous)
	h := client.Handoff{From: string(from), To: in.To, Questions: orEmpty(in.Questions), Steps: orEmpty(in.Steps)}
	meta, err := handoffMeta(h, from.Unowned())
	if err != nil {
		return Done{}, err
	}
	out, err := d.books.Records.Create(ctx, c.Caller, records.Draft{
		OnConflict: records.ConflictVersion, TTL: cmp.Or(time.Duration(in.TTL)*time.Second, handoffTTL),
		Memory: memory.Memory{
			Title: in.Title, Content: handoffText(in), Namespace: in.Namespace, Tags: []string{TagHandoff}, MemoryKind: "event", Tier: memory.Mid, Metadata: meta,
		},
	})
	return shown(out, err, Created, func() any {
		v := client.HandedOver{Handoff: h, ID: Subject(out), Title: in.Title, Namespace: in.Namespace, Receipt: ShowReceipt(out.Receipt)}
		if r := out.Record; r != nil {
			v.Title, v.Namespace, v.ExpiresAt = r.Title, r.Namespace, timeOf(r.ExpiresAt)
		}
		return v
	})
}

func handoffMeta(h client.Handoff, unowned bool) (memory.Object, error) {
	raw, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	more := map[string]any{metaHandoff: json.RawMessage(raw), memory.MetaScope: memory.ScopeCollective}
	if h.To != "" {
		more[memory.MetaTarget] = h.To
		if !unowned {
			more[memory.MetaScope] = memory.ScopePrivate
		}
	}
	var meta memory.Object
	for key, v := range more {
		if meta, err = meta.With(key, v); err != nil {
			return nil, err
		}
	}
	return meta, nil
}

// handoffText is a handoff for whoever reads the memory without knowing what it is.
func handoffText(in *client.HandoffInput) string {
	var b strings.Builder
	b.WriteString(linesOf(in.Summary))
	for _, list := range []struct {
		head  string
		items []string
	}{{"Open questions:", in.Questions}, {"Next steps:", in.Steps}} {
		if len(list.items) == 0 {
			continue
		}
		b.WriteString("\n\n" + list.head)
		for _, item := range list.items {
			b.WriteString("\n- " + indented(linesOf(item)))
		}
	}
	return b.String()
}

// handoffs shows those for the caller and those for whoever comes, the newest
// first. Those that the caller has made for somebody else are none of them.
func (d briefing) handoffs(ctx context.Context, c *Call, p *page) error {
	var list []*memory.Record
	err := d.each(ctx, c, p, memory.Filter{Tags: []string{TagHandoff}}, func(rec *memory.Record) {
		if to := rec.Memory.Access().Target; to == "" || to == c.Agent {
			list = append(list, rec)
		}
	})
	slices.SortStableFunc(list, func(a, b *memory.Record) int { return cmp.Compare(b.CreatedAt, a.CreatedAt) })
	for i, rec := range list {
		if i == briefingHandoffs {
			break
		}
		to := ""
		if t := rec.Memory.Access().Target; t != "" {
			to = " to " + string(t)
		}
		p.show(rec, whyHandoff, fmt.Sprintf("- Handoff from %s%s, %s: %s: %s [%s]",
			ownerOf(rec), to, timeOf(rec.CreatedAt).Format(time.DateOnly), oneLine(rec.Title), indented(rec.Memory.Content), rec.ID))
	}
	return err
}
