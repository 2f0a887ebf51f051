package governance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/policy"
)

// Team is agents that read each other's memories of scope team. It is a memory, so all
// members know of it.
type Team struct {
	Name    string
	Members []memory.AgentID
}

const maxTeamName = 64

// Teams lists the teams, by name.
func (b *Book) Teams(ctx context.Context) ([]Team, error) {
	f := memory.Filter{Namespace: memory.FederationNamespace}
	b.core.Ask(&f)
	recs, err := b.query.Select(ctx, f, query.MaxSelected, func(r *memory.Record) bool { return strings.HasPrefix(r.Title, memory.TeamTitle) })
	if err != nil {
		return nil, err
	}
	out := make([]Team, len(recs))
	for i := range recs {
		out[i] = teamOf(&recs[i])
	}
	slices.SortFunc(out, func(a, b Team) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func teamOf(r *memory.Record) Team {
	t := Team{Name: strings.TrimPrefix(r.Title, memory.TeamTitle), Members: []memory.AgentID{}}
	for _, m := range r.Tags {
		t.Members = append(t.Members, memory.AgentID(m))
	}
	return t
}

// ChangeTeam takes agents into a team, which is made if there is none of that name,
// and others out of it. It is for operators.
func (b *Book) ChangeTeam(ctx context.Context, c engine.Caller, name string, in, out []memory.AgentID) (engine.Outcome, error) {
	if name == "" || len(name) > maxTeamName || memory.ValidNamespace(name) != nil {
		return engine.Outcome{}, fmt.Errorf("team %.80q: want 1 to %d bytes without spaces: %w", name, maxTeamName, memory.ErrInvalid)
	}
	for _, a := range in {
		if err := a.Valid(); err != nil {
			return engine.Outcome{}, err
		}
		if a.Unowned() {
			return engine.Outcome{}, fmt.Errorf("agent id %.140q: who says no name is in no team: %w", string(a), memory.ErrInvalid)
		}
	}
	c = operating(c)
	return b.core.Change(ctx, c, func(ctx context.Context) (*engine.Intent, error) {
		// Of two that make the same team one waits, so that there is one team.
		unlock, err := b.core.Lock(ctx, "federation\x00"+memory.TeamTitle+name)
		if err != nil {
			return nil, err
		}
		change, err := b.changing(ctx, c, memory.TeamTitle+name, in, out)
		if change == nil {
			change = &engine.Intent{}
		}
		change.Release = unlock
		return change, err
	})
}

// changing is the intent to change the team that there is now, or to make it.
func (b *Book) changing(ctx context.Context, c engine.Caller, title string, in, out []memory.AgentID) (*engine.Intent, error) {
	rec, err := b.named(ctx, title)
	if errors.Is(err, memory.ErrNotFound) {
		draft := records.Draft{Memory: membership(title, nil, in, out)}
		if err := b.records.Complete(c, &draft); err != nil {
			return nil, err
		}
		change, clash, err := b.records.Newborn(ctx, c.Agent, draft.Memory, nil)
		if clash != nil { // it came in between: read again
			return nil, memory.ErrStale
		}
		return change, err
	}
	if err != nil {
		return nil, err
	}
	said, m := membership(title, rec.Tags, in, out), rec.Memory
	m.Version = memory.NextVersion(m.Version)
	m.Content, m.Tags = said.Content, said.Tags
	change := records.Editing(rec, m, engine.Seen(rec))
	// As a creation it also takes the lifecycle, from an end that this node has not heard of.
	change.Ops[0].Op.(*memory.Put).Create = true
	return change, nil
}

// membership is the memory of a team with some more agents than it had, and others out of it.
func membership(title string, had []string, in, out []memory.AgentID) memory.Memory {
	tags := slices.Clone(had)
	for _, a := range in {
		if !slices.Contains(tags, string(a)) {
			tags = append(tags, string(a))
		}
	}
	tags = slices.DeleteFunc(tags, func(t string) bool { return slices.Contains(out, memory.AgentID(t)) })
	slices.Sort(tags)
	return statement(title, "in this team: "+strings.Join(tags, ", "), tags)
}

// RemoveTeam ends a team: what was for it is for its owners alone. It is for operators.
func (b *Book) RemoveTeam(ctx context.Context, c engine.Caller, name string) (engine.Outcome, error) {
	c = operating(c)
	if out, again, err := engine.Again(ctx, b.core, c); again || err != nil {
		return out, err
	}
	rec, err := b.named(ctx, memory.TeamTitle+name)
	if err != nil {
		return engine.Outcome{}, err
	}
	return b.records.Delete(ctx, c, rec.ID)
}

// outboundHead is the first line of the memory with the rules about calls.
const outboundHead = "# rules about calls, for all nodes, after those of a node's own configuration"

// Outbound returns the rules about calls that hold on all nodes.
func (b *Book) Outbound(ctx context.Context) ([]string, error) {
	rec, err := b.named(ctx, memory.OutboundTitle)
	if err != nil {
		return nil, engine.UnlessNotFound(err)
	}
	var rules []string
	for line := range strings.Lines(rec.Memory.Content) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			rules = append(rules, line)
		}
	}
	return rules, nil
}

// SetOutbound replaces the rules about calls that hold on all nodes. It is for operators.
func (b *Book) SetOutbound(ctx context.Context, c engine.Caller, rules []string) (engine.Outcome, error) {
	if _, err := policy.ParseOutbound(rules); err != nil {
		return engine.Outcome{}, err
	}
	text := strings.Join(append([]string{outboundHead}, rules...), "\n")
	return b.records.CreateReserved(ctx, operating(c), records.Draft{OnConflict: records.ConflictMerge, Memory: statement(memory.OutboundTitle, text, nil)})
}

// operating is a caller who may change what is said about the whole federation: that
// is nobody's, so that any operator can.
func operating(c engine.Caller) engine.Caller {
	c.Agent, c.Operator = memory.Anonymous, true
	return c
}

// statement is a memory that says something about the federation under a title.
func statement(title, text string, tags []string) memory.Memory {
	return memory.Memory{Namespace: memory.FederationNamespace, Title: title, Content: text, Tags: tags, Tier: memory.Long, Source: "system"}
}

// named returns what is said under a title, or [memory.ErrNotFound].
func (b *Book) named(ctx context.Context, title string) (*memory.Record, error) {
	rec, err := b.records.Titled(ctx, memory.Anonymous, memory.FederationNamespace, title, nil)
	if err == nil && rec == nil {
		err = fmt.Errorf("%.140s: %w", title, memory.ErrNotFound)
	}
	return rec, err
}
