package main

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/node"
	"github.com/tallystick/tallystick/internal/setup"
)

func newConfig(a *app) *cobra.Command {
	cmd := parent("config", "The settings of a node: flags, environment, file", newConfigShow(a))
	cmd.Long = configHelp()
	return cmd
}

func newConfigShow(a *app) *cobra.Command {
	var file string
	var origin bool
	cmd := command("show [flags]", "Show the settings that tally serve would run with", argCheck{0, 0}, nil)
	cmd.Long = `Show, as a TOML file, the settings that tally serve would run with if it were
started here with the same flags. Keys are masked. With --origin each line says
where its value comes from.`
	settingFlags(cmd, &file)
	cmd.Flags().BoolVar(&origin, "origin", false, "say where each value comes from")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if file == "" {
			file = a.getenv("TALLY_CONFIG")
		}
		cfg, list, err := effective(cmd.Context(), givenFlags(cmd.Flags()), a.getenv, file)
		if err != nil {
			return err
		}
		if err := validQuorum(cfg); err != nil {
			return err
		}
		return showAll(a, "settings", list, func(w io.Writer) error {
			showSettings(w, list, origin)
			return nil
		})
	}
	return cmd
}

// effect is a setting as it applies.
type effect struct {
	client.Setting // its value is as in the environment

	setting setting
}

const masked = "********"

// effective is nodeConfig, and all settings as they apply, in the order of the table.
func effective(ctx context.Context, flags given, getenv func(string) string, file string) (node.Config, []effect, error) {
	values, origins := map[string][]string{}, map[string]string{}
	cfg, err := nodeConfigNoted(ctx, flags, getenv, file, func(s setting, list []string, origin string) {
		values[s.key], origins[s.key] = list, origin
	})
	if err != nil {
		return cfg, nil, err
	}
	out := make([]effect, 0, len(settings()))
	for _, s := range settings() {
		e := effect{Setting: client.Setting{Key: s.key, Value: values[s.key], Origin: origins[s.key]}, setting: s}
		if e.Origin == "" {
			e.Value, e.Origin = initialOf(s, cfg), "default"
		}
		if s.secret && len(e.Value) > 0 {
			e.Value = []string{masked}
		}
		out = append(out, e)
	}
	return cfg, out, nil
}

// initialOf is the value that s has if nobody sets it; none for one that then
// follows from others.
func initialOf(s setting, cfg node.Config) []string {
	switch s.key {
	case "data":
		return []string{cfg.Data}
	case "node":
		return []string{string(cfg.Node)}
	}
	if s.set(&cfg, []string{s.initial}) != nil || s.initial == "none" {
		return []string{}
	}
	return []string{s.initial}
}

// showSettings writes a TOML file: keys of the top first, as TOML wants it.
func showSettings(w io.Writer, list []effect, origin bool) {
	table := ""
	for _, top := range []bool{true, false} {
		for _, e := range list {
			in, key, nested := strings.Cut(e.Key, ".")
			if !nested {
				key = e.Key
			}
			if top == (nested || e.setting.table) {
				continue
			}
			if !top && in != table {
				table = in
				say(w, "\n%s[%s]%s\n", comment(e.setting.table && len(e.Value) == 0), in, from(e, origin && e.setting.table))
			}
			e.show(w, key, origin)
		}
	}
}

func (e effect) show(w io.Writer, key string, origin bool) {
	if e.setting.table {
		for _, item := range e.Value {
			name, url, _ := strings.Cut(item, "=")
			say(w, "%s = %s\n", strings.TrimSpace(name), setup.Quote(strings.TrimSpace(url)))
		}
		return
	}
	value := make([]string, len(e.Value))
	for i, v := range e.Value {
		value[i] = setup.Quote(v)
		if _, err := strconv.Atoi(v); err == nil && (e.setting.value == "N" || e.setting.value == "W") {
			value[i] = v
		}
	}
	text := strings.Join(value, ", ")
	if e.setting.many {
		text = "[" + text + "]"
	} else if len(e.Value) == 0 {
		text = e.setting.initial
	}
	say(w, "%s%s = %s%s\n", comment(len(e.Value) == 0), key, text, from(e, origin))
}

func comment(unset bool) string {
	if unset {
		return "# "
	}
	return ""
}

func from(e effect, origin bool) string {
	if !origin {
		return ""
	}
	return "  # " + printable(e.Origin)
}
