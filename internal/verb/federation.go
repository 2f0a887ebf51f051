package verb

import (
	"context"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/governance"
	"github.com/tallystick/tallystick/internal/memory"
)

type federation struct{ *deps }

// federationVerbs are those about what holds on all nodes: who is in a team with whom,
// and whom nodes may call.
func federationVerbs(of *deps) []Verb {
	d := federation{of}
	const people = "it is for operators, not for agents"
	return []Verb{
		Of(Verb{Name: "team_list", Summary: "list the teams", OnlyHTTP: people, Answers: []Answer{Gives(Fine, client.Teams{})}}, d.teams),
		Of(Verb{
			Name: "team_change", Summary: "take agents into a team, which is made if need be, and out of it", Access: Operator, Writes: true, OnlyHTTP: people,
			Answers: []Answer{Gives(Fine, client.TeamChanged{}, client.Gone{})},
		}, d.changeTeam),
		Of(Verb{
			Name: "team_remove", Summary: "end a team", Access: Operator, Writes: true, OnlyHTTP: people,
			Answers: []Answer{Gives(Fine, client.TeamChanged{})}, Codes: []client.Code{client.CodeNotFound},
		}, d.removeTeam),
		Of(Verb{Name: "outbound_list", Summary: "list the rules about calls of all nodes", OnlyHTTP: people, Answers: []Answer{Gives(Fine, client.OutboundRules{})}}, d.outbound),
		Of(Verb{
			Name: "outbound_set", Summary: "replace the rules about calls of all nodes", Access: Operator, Writes: true, OnlyHTTP: people,
			Answers: []Answer{Gives(Fine, client.OutboundRules{})},
		}, d.setOutbound),
	}
}

func showTeam(t governance.Team) client.Team {
	return client.Team{Name: t.Name, Members: texts(t.Members)}
}

func (d federation) teams(ctx context.Context, _ *Call, _ *client.NoInput) (Done, error) {
	list, err := d.books.Governance.Teams(ctx)
	if err != nil {
		return Done{}, err
	}
	v := client.Teams{Count: len(list), Teams: make([]client.Team, len(list))}
	for i, t := range list {
		v.Teams[i] = showTeam(t)
	}
	return Done{Body: v}, nil
}

func agentIDs(list []string) []memory.AgentID {
	out := make([]memory.AgentID, len(list))
	for i, s := range list {
		out[i] = memory.AgentID(s)
	}
	return out
}

func (d federation) changeTeam(ctx context.Context, c *Call, in *client.TeamInput) (Done, error) {
	out, err := d.books.Governance.ChangeTeam(ctx, c.Caller, in.Name, agentIDs(in.Add), agentIDs(in.Remove))
	return shown(out, err, Fine, func() any {
		v := client.TeamChanged{Team: client.Team{Name: in.Name, Members: []string{}}, Receipt: ShowReceipt(out.Receipt)}
		if out.Record != nil {
			v.Members = orEmpty(out.Record.Tags)
		}
		return v
	})
}

func (d federation) removeTeam(ctx context.Context, c *Call, in *client.TeamNamed) (Done, error) {
	out, err := d.books.Governance.RemoveTeam(ctx, c.Caller, in.Name)
	return written(out, err, Fine, func() any {
		return client.TeamChanged{Team: client.Team{Name: in.Name, Members: []string{}}, Receipt: ShowReceipt(out.Receipt)}
	})
}

func (d federation) outbound(ctx context.Context, _ *Call, _ *client.NoInput) (Done, error) {
	rules, err := d.books.Governance.Outbound(ctx)
	return Done{Body: client.OutboundRules{Rules: orEmpty(rules)}}, err
}

func (d federation) setOutbound(ctx context.Context, c *Call, in *client.OutboundInput) (Done, error) {
	if in.Rules == nil {
		return Done{}, Missing("rules")
	}
	out, err := d.books.Governance.SetOutbound(ctx, c.Caller, in.Rules)
	return written(out, err, Fine, func() any {
		return client.OutboundRules{Rules: orEmpty(in.Rules), Receipt: ShowReceipt(out.Receipt)}
	})
}
