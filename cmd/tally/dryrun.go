package main

import (
	"context"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// dryRunFlag makes a command that takes something away show what that is, and
// send nothing but questions.
func dryRunFlag(cmd *cobra.Command, on *bool) {
	cmd.Flags().BoolVar(on, "dry-run", false, "show what would change, and stop")
}

// intended is one thing that a command would do.
type intended struct {
	Would string `json:"would"`
	ID    string `json:"id,omitempty"`
	What  string `json:"what,omitempty"`
}

// rehearsal is the answer of a command with --dry-run.
type rehearsal struct {
	Intended []intended `json:"dry_run"`
}

func (a *app) rehearse(list ...intended) error {
	if list == nil {
		list = []intended{}
	}
	return a.show(rehearsal{list}, func(w io.Writer) error {
		if len(list) == 0 {
			say(w, "nothing would change\n")
		}
		rows := make([][]string, len(list))
		for i, d := range list {
			rows[i] = []string{"would " + d.Would, d.ID, cutTo(d.What, 60)}
		}
		return table(w, nil, rows)
	})
}

// intendedOn names what would happen to each of some live memories.
func intendedOn(ctx context.Context, c *client.Client, would string, ids []string) ([]intended, error) {
	list := make([]intended, len(ids))
	for i, id := range ids {
		s, err := look(ctx, c, id)
		if err != nil {
			return nil, err
		}
		if s.State != client.StateLive {
			return nil, missed(ctx, c, id, &client.Error{Status: http.StatusNotFound, Code: string(client.CodeNotFound)})
		}
		list[i] = intended{Would: would, ID: s.Memory.ID, What: s.Memory.Title}
	}
	return list, nil
}

func (a *app) rehearseOn(ctx context.Context, c *client.Client, would string, ids []string) error {
	list, err := intendedOn(ctx, c, would, ids)
	if err != nil {
		return err
	}
	return a.rehearse(list...)
}

// rehearseUnlink names the links that would go.
func rehearseUnlink(ctx context.Context, a *app, c *client.Client, e client.Link) error {
	links, err := c.Graph().Links(ctx, e.Source)
	if err != nil {
		return err
	}
	var list []intended
	for _, l := range links {
		if l.Source == e.Source && l.Target == e.Target && (e.Relation == "" || l.Relation == e.Relation) {
			list = append(list, intended{Would: "unlink", ID: l.Source, What: l.Relation + " → " + l.Target})
		}
	}
	return a.rehearse(list...)
}

// rehearseConsolidate names the memory that would be made, and its sources.
func (a *app) rehearseConsolidate(ctx context.Context, c *client.Client, k client.Consolidation) error {
	list, err := intendedOn(ctx, c, "archive", k.IDs)
	if err != nil {
		return err
	}
	return a.rehearse(append([]intended{{Would: "write", What: k.Title}}, list...)...)
}

// rehearseClear names the standard that would go.
func (a *app) rehearseClear(ctx context.Context, c *client.Client, namespace string) error {
	s, err := c.Governance().Standard(ctx, namespace)
	if err != nil {
		return err
	}
	if s.ID() == "" {
		return a.rehearse()
	}
	return a.rehearse(intended{Would: "clear", ID: s.ID(), What: s.Namespace + " " + compact(s.Governance)})
}
