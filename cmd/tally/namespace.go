package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newNamespace(a *app) *cobra.Command {
	cmd := parent("namespace", "List namespaces, and their standards: the memories that state their rules",
		newNamespaceList(a), newNamespaceGet(a), newNamespaceSet(a), newNamespaceClear(a))
	return cmd
}

func newNamespaceList(a *app) *cobra.Command {
	return command("list", "List namespaces and how many memories they have", argCheck{0, 0}, func(cmd *cobra.Command, _ []string) error {
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		list, err := c.Namespaces(cmd.Context())
		if err != nil {
			return err
		}
		return showAll(a, "namespaces", list, func(w io.Writer) error {
			rows := make([][]string, len(list))
			for i, n := range list {
				rows[i] = []string{n.Namespace, decimal(n.Count)}
			}
			return table(w, []string{"NAMESPACE", "MEMORIES"}, rows)
		})
	})
}

func newNamespaceGet(a *app) *cobra.Command {
	var inherit bool
	cmd := command("get [flags] NAMESPACE", "Show the standard of a namespace", argCheck{1, 1}, nil)
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		if inherit {
			chain, err := c.Governance().StandardChain(ctx, args[0])
			if err != nil {
				return err
			}
			return a.show(chain, func(w io.Writer) error { return showStandards(w, chain) })
		}
		s, err := c.Governance().Standard(ctx, args[0])
		if err != nil {
			return err
		}
		if s.ID() == "" {
			return &client.Error{Status: 404, Code: string(client.CodeNotFound), Message: fmt.Sprintf("namespace %s has no standard of its own", args[0])}
		}
		return a.show(s, func(w io.Writer) error { return showStandards(w, []client.Standard{*s}) })
	})
	cmd.Flags().BoolVar(&inherit, "inherit", false, "with those that it inherits, nearest first")
	return cmd
}

func showStandards(w io.Writer, list []client.Standard) error {
	rows := make([][]string, len(list))
	for i, s := range list {
		rows[i] = []string{s.Namespace, s.ID(), s.Title, compact(s.Governance)}
	}
	return table(w, []string{"NAMESPACE", "STANDARD", "TITLE", "RULES"}, rows)
}

func newNamespaceSet(a *app) *cobra.Command {
	var w writeFlags
	var d client.StandardDraft
	var governance string
	cmd := command("set [flags] NAMESPACE [ID]", "Set the standard of a namespace", argCheck{1, 2}, nil)
	cmd.Long = `Make a memory the standard of a namespace; without ID, one is made. The rules are
a JSON object, for example:

  {"write": "approve", "approver": {"consensus": 2}, "write_quorum": 3}

write, promote and delete take any, registered, owner or approve.`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		with, err := w.with(a)
		if err != nil {
			return err
		}
		if d.Governance, err = object("--governance", governance); err != nil {
			return err
		}
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		if len(args) == 2 {
			if d.ID, err = wholeID(cmd.Context(), c, args[1]); err != nil {
				return err
			}
		}
		s, out, err := c.Governance().SetStandard(cmd.Context(), args[0], d, with)
		if err != nil && d.ID != "" {
			return missed(cmd.Context(), c, d.ID, err)
		}
		if err != nil || out.Pending != nil {
			return orPending(a, out, err)
		}
		both := struct {
			*client.Standard
			Receipt *client.Receipt `json:"receipt,omitempty"`
		}{s, out.Receipt}
		return a.show(both, func(w io.Writer) error {
			say(w, "set  %s  %s\n", s.Namespace, s.ID())
			showReceipt(w, out.Receipt)
			return nil
		})
	}
	cmd.Flags().StringVar(&d.Parent, "parent", "", "`namespace` to inherit from (default the path above)")
	cmd.Flags().StringVar(&governance, "governance", "", "the rules as a JSON `object`")
	w.register(cmd)
	return cmd
}

func newNamespaceClear(a *app) *cobra.Command {
	var w writeFlags
	var dryRun bool
	cmd := command("clear [flags] NAMESPACE", "Remove the standard of a namespace; the memory stays", argCheck{1, 1}, nil)
	cmd.RunE = a.writes(&w, func(ctx context.Context, c *client.Client, with client.With, args []string) error {
		if dryRun {
			return a.rehearseClear(ctx, c, args[0])
		}
		cleared, out, err := c.Governance().ClearStandard(ctx, args[0], with)
		if err != nil || out.Pending != nil {
			return orPending(a, out, err)
		}
		both := struct {
			Namespace string          `json:"namespace"`
			Cleared   bool            `json:"cleared"`
			Receipt   *client.Receipt `json:"receipt,omitempty"`
		}{args[0], cleared, out.Receipt}
		return a.show(both, func(w io.Writer) error {
			if !cleared {
				say(w, "there was no standard\n")
				return nil
			}
			say(w, "cleared  %s\n", args[0])
			showReceipt(w, out.Receipt)
			return nil
		})
	})
	dryRunFlag(cmd, &dryRun)
	w.register(cmd)
	return cmd
}
