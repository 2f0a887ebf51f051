package verb

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tallystick/tallystick/client"
)

// Readers keeps which agents have read which memories on this node.
type Readers interface {
	// Read notes that an agent was given memories, and how. It waits for no disk.
	Read(agent, how string, ids []string)
	// Of lists who has read a memory, who did last first.
	Of(id string) []client.Reader
	// By lists which memories an agent has read, the last first and at most so many.
	By(agent string, most int) []client.Given
	// All lists who has read anything, who did last first.
	All() []client.Reader
	// Since is when it began; zero if it did not.
	Since() time.Time
}

// noReaders keeps nothing.
type noReaders struct{}

func (noReaders) Read(string, string, []string) {}
func (noReaders) Of(string) []client.Reader     { return []client.Reader{} }
func (noReaders) By(string, int) []client.Given { return []client.Given{} }
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

// whoRead says who has read a memory, or anything. Who reads what is for the operator to
// know, and for the reader.
func (d agents) whoRead(ctx context.Context, c *Call, in *client.ReadersInput) (Done, error) {
	v := client.Readers{Since: client.TimeOf(d.readers.Since())}
	if in.By != "" {
		return d.readBy(ctx, c, in, v)
	}
	if in.ID == "" {
		v.Readers = d.readers.All()
	} else {
		if err := d.mayAsk(ctx, c, in.ID); err != nil {
			return Done{}, err
		}
		v.ID, v.Readers = in.ID, d.readers.Of(in.ID)
	}
	if !c.Operator {
		v.Readers = slices.DeleteFunc(v.Readers, func(r client.Reader) bool { return r.AgentID != string(c.Agent) })
	}
	v.Count = len(v.Readers)
	return Done{Body: v}, nil
}

// readBy says what an agent was given. Whoever is not the operator is told of itself, and
// of what it may still see.
func (d agents) readBy(ctx context.Context, c *Call, in *client.ReadersInput, v client.Readers) (Done, error) {
	if in.ID != "" {
		return Done{}, BadField("by", "by: not with id")
	}
	v.By, v.Readers, v.Read = in.By, []client.Reader{}, d.readers.By(in.By, cmp.Or(in.Limit, 100))
	if !c.Operator {
		if in.By != string(c.Agent) {
			return Done{}, Forbidden("what %.64q was given is for that agent to know, and for the operator of the node", in.By)
		}
		v.Read = slices.DeleteFunc(v.Read, func(g client.Given) bool { return d.mayAsk(ctx, c, g.ID) != nil })
	}
	v.Count = len(v.Read)
	return Done{Body: v}, nil
}

// mayAsk returns an error if a caller may not ask who has read a memory. The operator may
// of all that ever were: of what was erased it is asked, too, and of what is private.
func (d agents) mayAsk(ctx context.Context, c *Call, id string) error {
	if c.Operator {
		return d.books.Query.Known(ctx, id)
	}
	_, _, err := d.books.Query.History(ctx, c.Agent, id)
	return err
}
