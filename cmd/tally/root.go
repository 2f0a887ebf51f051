package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/internal/near"
)

const rootHelp = `Tallystick is a federated memory for AI agents. Any node takes a write, every
member of the federation gets it, and the receipt says who holds it on disk.

First steps:

  tally setup                                connect your agents, and start a node
  tally serve                                start a node on this machine
  tally remember "Gate code" "It is 4711."   write a memory
  tally recall "how do I open the gate"      find it again
  tally demo                                 see three nodes survive a kill

All commands but serve, demo and bench speak to a running node, by default at
http://127.0.0.1:9077. Commands that only read take the beginning of an id with …
or ... behind it; those that change something want the whole id.`

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
	}
	var version bool
	root.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case version:
			return runVersion(a)
		case len(args) == 0:
			return cmd.Help()
		}
		return unknown(cmd, args[0])
	}
	root.Flags().BoolVar(&version, "version", false, "show the version of this program")
	root.DisableFlagsInUseLine = true
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return emptyFlag(cmd) }
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%s%s\nsee `%s --help`", flagProblem(err), flagMeant(cmd, err), cmd.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print JSON, one value per line")
	flags.StringVar(&a.server, "server", "", "`URL` of the node (TALLY_SERVER; default http://127.0.0.1:9077)")
	flags.StringVar(&a.apiKey, "api-key", "", "`key` of the agent, or the node's API key (TALLY_API_KEY)")
	flags.StringVar(&a.apiKeyFile, "api-key-file", "", "`file` with that key (TALLY_API_KEY_FILE)")
	flags.StringVar(&a.operatorFile, "operator-key-file", "", "`file` with the operator's key (TALLY_OPERATOR_KEY; found by itself)")
	flags.StringVar(&a.authority, "ca", "", "`file` with the certificates that vouch for an https node (TALLY_CA)")
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
		newRestore(a), newErase(a), newResolve(a), newDuplicates(a), newLink(a), newUnlink(a), newConsolidate(a), newHistory(a),
		newBriefing(a), newHandoff(a))
	for _, b := range byIDs() {
		add(groupMemories, b.command(a))
	}
	add(groupText, newImport(a), newExport(a), newSync(a), newBackup(a), newVerify(a))
	add(groupRules, newNamespace(a), newPending(a), newSubscription(a))
	add(groupNodes, newSetup(a), newHook(a), newServe(a), newStatus(a), newReceipt(a), newMCP(a), newDiff(a), newRepair(a), newScrub(a), newSelftest(a), newParked(a), newDemo(a), newBench(a), newMeasure(a), newEval(a),
		newConfig(a), newDoctor(a), newCluster(a), newJoin(a), newMember(a), newIdentity(a), newCA(a), newAgent(a), newTeam(a), newAudit(a), newPolicy(a), newModel(a))
	add(groupNodes, newLegacy(a))
	add(groupNodes, newConsole(a))
	root.AddCommand(newVersion(a), newMan(a))
	root.AddCommand(
		&cobra.Command{Use: "exit-codes", Short: "How commands end", Long: exitHelp()},
	)
	root.SetHelpCommand(newHelp())
	return root
}

// addCompletion adds the command that cobra makes, which takes a shell that it
// does not know for none. Its output must be set.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args, c.RunE = cobra.ArbitraryArgs, group(nil)
		}
	}
}

// newHelp is the help command; that of cobra takes a topic that there is not for
// no topic at all.
func newHelp() *cobra.Command {
	cmd := command("help [COMMAND | TOPIC]", "Help about any command", argCheck{0, -1}, func(cmd *cobra.Command, args []string) error {
		c, rest, err := cmd.Root().Find(args)
		if err != nil || len(rest) > 0 || c == cmd {
			return unknown(cmd.Root(), args[0])
		}
		return c.Help()
	})
	return cmd
}

// flagProblem is an error of the flag parser without the words of Go's own
// parsers.
func flagProblem(err error) string {
	text := err.Error()
	for _, inner := range []string{": strconv.", ": time: "} {
		if before, after, ok := strings.Cut(text, inner); ok {
			text = before
			if _, why, ok := strings.Cut(after, ": "); ok && inner == ": strconv." {
				_, why, _ = strings.Cut(why, ": ")
				switch why {
				case "invalid syntax":
					text += ": want a number"
				case "value out of range":
					text += ": out of range"
				}
			}
		}
	}
	return text
}

// flagMeant asks which flag was meant by one that is not known.
func flagMeant(cmd *cobra.Command, err error) string {
	missing, is := errors.AsType[*pflag.NotExistError](err)
	if !is || missing.GetSpecifiedShortnames() != "" {
		return ""
	}
	var known []string
	note := func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	}
	cmd.Flags().VisitAll(note)
	cmd.InheritedFlags().VisitAll(note)
	found := near.To(missing.GetSpecifiedName(), known)
	for i := range found {
		found[i] = "--" + found[i]
	}
	return asked(found)
}

// asked is a question behind a text, if there is anything to ask.
func asked(found []string) string {
	if len(found) == 0 {
		return ""
	}
	return "; " + near.Question(found)
}

func unknown(cmd *cobra.Command, name string) error {
	known := make([]string, 0, len(cmd.Commands()))
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, append([]string{c.Name()}, c.Aliases...)...)
		}
	}
	found := near.To(name, known)
	if words := meant()[name]; words != nil && !cmd.HasParent() {
		found = words
	}
	return usage("unknown command %q%s\nsee `%s --help`", name, asked(found), cmd.CommandPath())
}

// mayBeEmpty is the annotation of flags whose empty value means something.
const mayBeEmpty = "tally_may_be_empty"

// emptyFlag refuses a flag that was given without a value, as a script does whose
// variable is not set: it is not the same as no flag. Nor
// is a version that no memory has.
func emptyFlag(cmd *cobra.Command) error {
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		empty := f.Value.Type() == "string" && strings.TrimSpace(f.Value.String()) == ""
		if list, is := f.Value.(pflag.SliceValue); is {
			all := list.GetSlice()
			empty = len(all) == 0 || slices.ContainsFunc(all, func(s string) bool { return strings.TrimSpace(s) == "" })
		}
		_, may := f.Annotations[mayBeEmpty]
		switch {
		case err != nil:
		case empty && !may:
			err = usage("--%s is empty: leave it out, or say which", f.Name)
		case f.Name == "if-version" && strings.TrimLeft(f.Value.String(), "-0") != f.Value.String():
			err = usage("--if-version %s: want 1 or more", f.Value.String())
		}
	})
	return err
}

// parent is a command that groups others. By itself it does what the first of them
// does without flags, if that lists or shows; else it shows its help.
func parent(use, short string, children ...*cobra.Command) *cobra.Command {
	first := children[0]
	if name := first.Name(); name != "list" && name != "show" {
		first = nil
	}
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: group(first)}
	c.AddCommand(children...)
	return c
}

// group is the body of a command that groups others; otherwise is what it does
// if none of them is named, nil shows its help.
func group(otherwise *cobra.Command) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > 0:
			return unknown(cmd, args[0])
		case otherwise == nil:
			return cmd.Help()
		}
		return otherwise.RunE(cmd, args)
	}
}
