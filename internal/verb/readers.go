package verb

import (
	"context"
	"slices"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

// Readers keeps which agents have read which memories on this node.
type Readers interface {
	// Read notes that an agent was given memories, and how. It does not block.
	Read(agent, how string, ids []string)
	// Of lists who has read a memory, who did last first.
	Of(id string) []client.Reader
	// All lists who has read anything, who did last first.
	All() []client.Reader
	// Since is when it began.
	Since() time.Time
}

// noReaders keeps nothing.
type noReaders struct{}

func (noReaders) Read(string, string, []string) {}
func (noReaders) Of(string) []client.Reader     { return []client.Reader{} }
func (noReaders) All() []client.Reader          { return []client.Reader{} }
func (noReaders) Since() time.Time              { return time.Time{} }

// read notes that the caller is shown memories. One without a name leaves none.
func (d *deps) read(c *Call, how string, ids ...string) {
	if !c.Unseen && !c.Agent.Unowned() {
		d.readers.Read(string(c.Agent), how, ids)
	}
}

func idsOf(hits []client.Hit) []string {
	ids := make([]string, len(hits))
	for i := range hits {
		ids[i] = hits[i].ID
	}
	return ids
}

// whoRead says who has read a memory that the caller may see, or anything. Who reads what
// is for the operator to know, and for the reader.
func (d agents) whoRead(ctx context.Context, c *Call, in *client.ReadersInput) (Done, error) {
	v := client.Readers{Since: timeOf(memory.InstantOf(d.readers.Since()))}
	if in.ID == "" {
		v.Readers = d.readers.All()
	} else {
		// In any state: of one that is gone it is asked, too.
		_, rec, err := d.books.Query.History(ctx, c.Agent, in.ID)
		if err != nil {
			return Done{}, err
		}
		v.ID, v.Readers = rec.ID, d.readers.Of(rec.ID)
	}
	if !c.Operator {
		v.Readers = slices.DeleteFunc(v.Readers, func(r client.Reader) bool { return r.AgentID != string(c.Agent) })
	}
	v.Count = len(v.Readers)
	return Done{Body: v}, nil
}
