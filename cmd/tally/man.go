package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newMan(a *app) *cobra.Command {
	cmd := command("man DIR", "Write the manual pages to a directory", argCheck{1, 1}, nil)
	cmd.Long = `Write a manual page for each command to DIR, which is made if it is not there.
Read them with: man -l DIR/tally.1`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // manual pages are for everybody
			return err
		}
		pages := []string{}
		for _, c := range commandTree(cmd.Root()) {
			name := filepath.Join(args[0], pageName(c)+".1")
			if err := os.WriteFile(name, []byte(manPage(c)), 0o644); err != nil { //nolint:gosec // likewise
				return err
			}
			pages = append(pages, name)
		}
		return a.show(map[string][]string{"pages": pages}, func(w io.Writer) error {
			say(w, "%d pages written to %s\n", len(pages), args[0])
			return nil
		})
	}
	return cmd
}

// commandTree is root with all commands below it that help shows.
func commandTree(root *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{root}
	for i := 0; i < len(list); i++ {
		for _, c := range list[i].Commands() {
			if !c.Hidden && c.Name() != "help" {
				list = append(list, c)
			}
		}
	}
	return list
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manPage renders the help of a command in the man macros of troff.
func manPage(c *cobra.Command) string {
	var b strings.Builder
	say(&b, ".TH %s 1 \"\" Tallystick \"Tallystick manual\"\n", troffArg(strings.ToUpper(pageName(c))))
	say(&b, ".SH NAME\n%s \\- %s\n", troff(pageName(c)), troff(c.Short))
	if c.Runnable() {
		say(&b, ".SH SYNOPSIS\n.B %s\n", troff(c.UseLine()))
	}
	if c.Long != "" {
		say(&b, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", troff(strings.TrimSpace(c.Long)))
	}
	manFlags(&b, "OPTIONS", c.NonInheritedFlags())
	manFlags(&b, "GLOBAL OPTIONS", c.InheritedFlags())
	if c.Example != "" {
		say(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", troff(c.Example))
	}
	var others []string
	if c.HasParent() {
		others = append(others, pageName(c.Parent()))
	}
	for _, sub := range commandTree(c)[1:] {
		if sub.Parent() == c {
			others = append(others, pageName(sub))
		}
	}
	if len(others) > 0 {
		b.WriteString(".SH SEE ALSO\n")
		for i, o := range others {
			end := ","
			if i == len(others)-1 {
				end = ""
			}
			say(&b, ".BR %s (1)%s\n", troffArg(o), end)
		}
	}
	return b.String()
}

func manFlags(w io.Writer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	say(w, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, help := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = fmt.Sprintf("-%s, --%s", f.Shorthand, f.Name)
		}
		say(w, ".TP\n\\fB%s\\fR", troff(name))
		if value != "" {
			say(w, " \\fI%s\\fR", troff(value))
		}
		say(w, "\n%s\n", troff(help))
	})
}

// troff writes text so that troff shows it as it is.
func troff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	s = strings.NewReplacer("…", `\[u2026]`, "→", `\[u2192]`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// troffArg is troff for one argument of a macro.
func troffArg(s string) string { return `"` + strings.ReplaceAll(troff(s), `"`, `\(dq`) + `"` }
