package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/node"
)

// configOf adds the settings of a node to a command, and returns what makes of them
// the configuration that tally serve would run with.
func configOf(cmd *cobra.Command, a *app) func(context.Context) (node.Config, error) {
	var file string
	settingFlags(cmd, &file)
	return func(ctx context.Context) (node.Config, error) {
		flags, path := givenFlags(cmd.Flags()), cmp.Or(file, a.getenv("TALLY_CONFIG"))
		cfg, list, err := effective(ctx, flags, a.getenv, path)
		for _, e := range list {
			cfg.Settings = append(cfg.Settings, e.Setting)
		}
		return cfg, err
	}
}

// nodeConfig is resolve for a node that is to run: one whose directory has data
// goes on under its own name, unless another is given.
func nodeConfig(ctx context.Context, flags given, getenv func(string) string, file string) (node.Config, error) {
	return nodeConfigNoted(ctx, flags, getenv, file, unnoted)
}

func nodeConfigNoted(ctx context.Context, flags given, getenv func(string) string, file string, note noted) (node.Config, error) {
	named := false
	cfg, err := resolveNoted(flags, getenv, file, func(s setting, list []string, origin string) {
		named = named || s.flag == flagNode
		note(s, list, origin)
	})
	if err != nil || named {
		return cfg, err
	}
	if name := node.NameIn(ctx, cfg.Data); name != "" {
		cfg.Node = name
		for _, s := range settings() {
			if s.flag == flagNode {
				note(s, []string{string(name)}, "data directory")
			}
		}
	}
	return cfg, nil
}

// validQuorum refuses a write quorum that the node could not start with.
func validQuorum(cfg node.Config) error {
	if err := cfg.ValidQuorum(); err != nil {
		return usage("%v", err)
	}
	return nil
}

const flagNode = "node"

// keyFile reads a key from a file that has nothing else in it.
func keyFile(name string) (string, error) {
	raw, err := os.ReadFile(name) //nolint:gosec // the user names this file
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(raw))
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("%s: want one line, the key", name)
	}
	return key, nil
}

// setDefaultTier is for the tier of memories that name none.
func setDefaultTier(c *node.Config, s string) error {
	if !slices.Contains([]string{"short", "mid", "long"}, s) {
		return fmt.Errorf("%q: want short, mid or long", s)
	}
	setText(&c.DefaultTier, s)
	return nil
}

func setText[T ~string](dst *T, s string) { *dst = T(s) }
