package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const rootHelp = `Tallystick is a federated memory for AI agents. Any node takes a write, every
member of the federation gets it, and the receipt says who holds it on disk.

First steps:

  tally serve                                start a node on this machine
  tally remember "Gate code" "It is 4711."   write a memory
  tally recall "how do I open the gate"      find it again
  tally demo                                 see three nodes survive a kill

All commands but serve, demo and bench speak to a running node, by default at
http://127.0.0.1:9077. An id may be shortened to a prefix that is unique.`

const (
	groupMemories = "memories"
	groupRules    = "rules"
	groupText     = "text"
	groupNodes    = "nodes"
)

// newRoot builds the command tree.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "tally",
		Short:         "A federated memory for AI agents",
		Long:          rootHelp,
		Args:          cobra.ArbitraryArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknown(cmd, args[0])
		},
	}
	root.DisableFlagsInUseLine = true
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v\nsee `%s --help`", err, cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print JSON, one value per line")
	flags.StringVar(&a.server, "server", "", "`URL` of the node (TALLY_SERVER; default http://127.0.0.1:9077)")
	flags.StringVar(&a.apiKey, "api-key", "", "the node's API `key` (TALLY_API_KEY)")
	flags.StringVar(&a.operatorFile, "operator-key-file", "", "`file` with the operator's key (TALLY_OPERATOR_KEY; found by itself)")
	flags.StringVar(&a.agent, "agent", "", "`id` of the agent that asks (TALLY_AGENT; default anonymous)")
	root.AddGroup(
		&cobra.Group{ID: groupMemories, Title: "Memories:"},
		&cobra.Group{ID: groupText, Title: "Text in and out:"},
		&cobra.Group{ID: groupRules, Title: "Rules and approvals:"},
		&cobra.Group{ID: groupNodes, Title: "Nodes:"},
	)
	add := func(group string, list ...*cobra.Command) {
		for _, c := range list {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupMemories, newRemember(a), newRecall(a), newGet(a), newList(a), newUpdate(a), newForget(a), newArchive(a),
		newRestore(a), newErase(a), newLink(a), newUnlink(a), newConsolidate(a), newHistory(a))
	add(groupText, newImport(a), newExport(a))
	add(groupRules, newNamespace(a), newPending(a), newSubscription(a))
	add(groupNodes, newServe(a), newStatus(a), newReceipt(a), newDiff(a), newRepair(a), newSelftest(a), newParked(a), newDemo(a), newBench(a),
		newConfig(a), newDoctor(a))
	root.AddCommand(newVersion(a), newMan(a))
	root.AddCommand(
		&cobra.Command{Use: "exit-codes", Short: "How commands end", Long: exitHelp()},
	)
	return root
}

func unknown(cmd *cobra.Command, name string) error {
	text := fmt.Sprintf("unknown command %q", name)
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage("%s\nsee `%s --help`", text, cmd.CommandPath())
}

// parent is a command that only groups others.
func parent(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknown(cmd, args[0])
		},
	}
	c.AddCommand(children...)
	return c
}
