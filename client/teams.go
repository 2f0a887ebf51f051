package client

import (
	"context"
	"net/http"
	"net/url"
)

// Team is agents that read each other's memories of scope team.
type Team struct {
	Name    string   `json:"name" doc:"The name of the team." example:"ops"`
	Members []string `json:"members" doc:"The agents that are in it." example:"[\"alice\", \"bob\"]"`
}

// Teams is all teams.
type Teams struct {
	Count int    `json:"count" doc:"How many there are."`
	Teams []Team `json:"teams" doc:"By name."`
}

// TeamInput is a change of a team.
type TeamInput struct {
	Name   string   `json:"name" need:"true" in:"path" doc:"The name of the team; one that is not there is made." maxlen:"64" example:"ops"`
	Add    []string `json:"add,omitempty" doc:"Agents to take in; a team has at most 50." maxitems:"50" example:"[\"alice\"]"`
	Remove []string `json:"remove,omitempty" doc:"Agents to take out." maxitems:"50" example:"[\"bob\"]"`
}

// TeamNamed names a team.
type TeamNamed struct {
	Name string `json:"name" need:"true" in:"path" doc:"The name of the team." maxlen:"64" example:"ops"`
}

// TeamChanged is a team after a change.
type TeamChanged struct {
	Team

	Receipt *Receipt `json:"receipt" doc:"Who holds the change on disk."`
}

// OutboundInput is rules about calls.
type OutboundInput struct {
	Rules []string `json:"rules" doc:"Required; an empty list takes them away. They are written as in a node's configuration: the first that matches says. They come after a node's own." maxitems:"256" example:"[\"deny webhook http://*\"]"`
}

// OutboundRules is the rules about calls that hold on all nodes.
type OutboundRules struct {
	Rules   []string `json:"rules" doc:"In their order." example:"[\"deny webhook http://*\"]"`
	Receipt *Receipt `json:"receipt,omitempty" doc:"After a change: who holds it on disk."`
}

// Teams returns the teams.
func (g GovernanceAPI) Teams(ctx context.Context) (*Teams, error) {
	return read[Teams](ctx, g.c, http.MethodGet, "/teams", nil)
}

// ChangeTeam takes agents into the team of a name, which is made if need be, and others
// out of it.
func (g GovernanceAPI) ChangeTeam(ctx context.Context, name string, add, remove []string, with ...With) (*TeamChanged, error) {
	out, _, err := change[TeamChanged](ctx, g.c, http.MethodPost, "/teams/"+url.PathEscape(name), map[string][]string{"add": add, "remove": remove}, with)
	return out, err
}

// RemoveTeam ends a team: what was for it is for its owners alone.
func (g GovernanceAPI) RemoveTeam(ctx context.Context, name string, with ...With) (*TeamChanged, error) {
	out, _, err := change[TeamChanged](ctx, g.c, http.MethodDelete, "/teams/"+url.PathEscape(name), nil, with)
	return out, err
}

// Outbound returns the rules about calls of all nodes.
func (g GovernanceAPI) Outbound(ctx context.Context) (*OutboundRules, error) {
	return read[OutboundRules](ctx, g.c, http.MethodGet, "/outbound", nil)
}

// SetOutbound replaces the rules about calls of all nodes.
func (g GovernanceAPI) SetOutbound(ctx context.Context, in OutboundInput, with ...With) (*OutboundRules, error) {
	out, _, err := change[OutboundRules](ctx, g.c, http.MethodPost, "/outbound", in, with)
	return out, err
}
