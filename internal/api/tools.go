package api

import (
	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// listTools is the answer to /tools/list: the verbs, with the first route of each.
func (a *API) toolList() []client.Tool {
	first := map[string]route{}
	for _, rt := range a.routes {
		if _, has := first[rt.verb]; !has && rt.verb != "" {
			first[rt.verb] = rt
		}
	}
	out := []client.Tool{}
	for _, v := range verb.ByFamily(a.verbs) {
		rt := first[v.Name]
		out = append(out, client.Tool{Name: v.Name, Family: v.Family, Method: rt.method, Path: rt.shownPath(), Description: v.Summary})
	}
	return out
}

func (a *API) tools(*request) (reply, error) {
	list := a.toolList()
	return ok(client.Tools{Tools: list, Count: len(list)})
}
