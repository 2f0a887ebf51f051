package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// mcpOptions say what agents are offered.
type mcpOptions struct {
	profile string
	project string
	noStart bool
}

func newMCP(a *app) *cobra.Command {
	var o mcpOptions
	cmd := command("mcp [flags]", "Serve an agent over the Model Context Protocol on stdin and stdout", argCheck{0, 0}, nil)
	cmd.Long = `Speak the Model Context Protocol with the program that started this one, and hand
its messages to the running node. Nothing is kept here: any number of agents may run
at once, and a node that is restarted meanwhile is waited for. If none runs where
tally serve would run one, it is started, and stays when this ends.

Where a memory is written without a namespace, it goes to that of the project: the
name of the git remote, or else of the folder that this was started in.`
	cmd.Example = `  claude mcp add tally -- tally mcp
  tally mcp --profile full --project work/api`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		if err := mcpDefaults(a, &o); err != nil {
			return err
		}
		var start func(context.Context) error
		if !o.noStart {
			start = nodeStarter(ctx, a, c.URL())
		}
		return runMCP(ctx, a, c, o, start)
	})
	cmd.Flags().StringVar(&o.profile, "profile", "", "which tools: core, memory, governance, ops, full, ai-memory, mcp-memory or memory-tool (default $TALLY_PROFILE, core)")
	cmd.Flags().StringVar(&o.project, "project", "", "the `namespace` for memories that name none (default $TALLY_PROJECT, that of the folder's project)")
	cmd.Flags().BoolVar(&o.noStart, "no-start", false, "start no node if none runs")
	return cmd
}

// mcpDefaults fills in what the command line leaves open.
func mcpDefaults(a *app, o *mcpOptions) error {
	if o.profile == "" {
		o.profile = a.getenv("TALLY_PROFILE")
	}
	if o.project == "" {
		o.project = a.getenv("TALLY_PROJECT")
	}
	if o.project != "" {
		return nil
	}
	dir := a.getenv("CLAUDE_PROJECT_DIR") // Claude Code says where the project is, wherever it starts this
	if dir == "" {
		var err error
		if dir, err = os.Getwd(); err != nil {
			return fmt.Errorf("where is the project: %w", err)
		}
	}
	// A home is no project: programs of the desktop start there.
	if strings.TrimRight(dir, "/") != strings.TrimRight(a.getenv("HOME"), "/") {
		o.project = projectOf(dir)
	}
	return nil
}
