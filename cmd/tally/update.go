package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newUpdate(a *app) *cobra.Command {
	var f memoryFlags
	var w writeFlags
	var title, text string
	var resolve bool
	var version int64
	cmd := command("update [flags] ID [TEXT | -]", "Edit a memory", argCheck{1, 2}, nil)
	cmd.Long = `Edit a memory. What no flag names stays as it is. The new text is the second
argument, or stdin for "-". --tag replaces all tags; --tag "" removes them.
With --if-version the edit fails if somebody else was faster.`
	cmd.Example = `  tally update 019ea94a-dc7b-8aae-a873-6fb6aeb22ff6 "It is 4712 now." --if-version 1
  tally update 019ea94a-dc7b-8aae-a873-6fb6aeb22ff6 --tier long --expires never`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		with, err := w.with(a)
		if err != nil {
			return err
		}
		if len(args) == 2 {
			if text, err = a.text(args[1]); err != nil {
				return err
			}
		}
		p, err := f.patch(cmd, len(args) == 2, title, text)
		if err != nil {
			return err
		}
		p.IfVersion, p.Resolve = version, resolve
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		id, err := wholeID(cmd.Context(), c, args[0])
		if err != nil {
			return err
		}
		out, err := c.Update(cmd.Context(), id, p, with)
		if err != nil {
			return missed(cmd.Context(), c, id, err)
		}
		return a.showOutcome("updated", out)
	}
	f.register(cmd)
	for _, name := range []string{"tag", "source-uri"} {
		_ = cmd.Flags().SetAnnotation(name, mayBeEmpty, nil)
	}
	cmd.Flags().StringVar(&title, "title", "", "new title; the id stays")
	cmd.Flags().Int64Var(&version, "if-version", 0, "only if this is the current version")
	cmd.Flags().BoolVar(&resolve, "resolve-conflicts", false, "settle the versions in conflict: this edit has seen them")
	w.register(cmd)
	return cmd
}

// patch holds the fields whose flags were given.
func (f *memoryFlags) patch(cmd *cobra.Command, hasText bool, title, text string) (client.Patch, error) {
	var p client.Patch
	given := false
	has := func(name string) bool {
		on := cmd.Flags().Changed(name)
		given = given || on
		return on
	}
	if has("title") {
		p.Title = &title
	}
	if has("namespace") {
		p.Namespace = &f.namespace
	}
	if has("tier") {
		p.Tier = &f.tier
	}
	if has("tag") {
		tags := f.tags
		if len(tags) == 0 || strings.TrimSpace(strings.Join(tags, "")) == "" {
			tags = []string{}
		}
		p.Tags = &tags
	}
	if has("priority") {
		p.Priority = &f.priority
	}
	if has("confidence") {
		p.Confidence = &f.confidence
	}
	if has("source-uri") {
		p.SourceURI = &f.sourceURI
	}
	if has("expires") {
		if f.expires == "never" {
			f.expires = "null"
		}
		p.ExpiresAt = &f.expires
	}
	if has("metadata") {
		var err error
		if p.Metadata, err = object("--metadata", f.metadata); err != nil {
			return p, err
		}
	}
	if hasText {
		p.Content = &text
	} else if !given {
		return p, usage("update: nothing to change: give a new text, or a flag such as --title or --tag")
	}
	return p, nil
}
