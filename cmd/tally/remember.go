package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
)

// memoryFlags are the fields of a memory that remember and update share.
type memoryFlags struct {
	namespace, tier, metadata, sourceURI, expires string
	tags                                          []string
	priority                                      int32
	confidence                                    float64
}

func (f *memoryFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.namespace, "namespace", "n", "", "`path` of the namespace, such as team/ops (default global)")
	cmd.Flags().StringVar(&f.tier, "tier", "", "how long it is meant to live: short (6 h), mid (7 d) or long (default: what the node says, long)")
	cmd.Flags().StringSliceVarP(&f.tags, "tag", "t", nil, "`tag`; may be repeated")
	cmd.Flags().Int32VarP(&f.priority, "priority", "p", 0, "1 to 10 (default 5)")
	cmd.Flags().Float64Var(&f.confidence, "confidence", 1, "0 to 1")
	cmd.Flags().StringVar(&f.metadata, "metadata", "", "JSON `object`")
	cmd.Flags().StringVar(&f.sourceURI, "source-uri", "", "where it comes from: uri:…, doc:… or file:…")
	cmd.Flags().StringVar(&f.expires, "expires", "", "`time` in RFC 3339 after which it is archived")
}

func newRemember(a *app) *cobra.Command {
	var f memoryFlags
	var w writeFlags
	var ttl, scope, kind, onConflict, id, signKey string
	var look, force bool
	cmd := command("remember [flags] [TITLE] TEXT | -", "Write a memory", argCheck{1, 2}, nil)
	cmd.Long = `Write a memory: a title and a text. The text is the second argument, or stdin for "-".
With one argument and nothing piped in that is the text, and its first line the title.

A title is unique in its namespace. If it is taken, nothing is written, unless
--on-conflict says otherwise: merge edits the memory that is there, version
writes a new one with a number behind its title.`
	cmd.Example = `  tally remember "Gate code" "It is 4711." --namespace home --tag keys
  tally remember "The gate code is 4711 since May."
  git log -5 | tally remember "Last changes" -`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		with, err := w.with(a)
		if err != nil {
			return err
		}
		d := client.Draft{
			ID: id, Namespace: f.namespace, Tier: f.tier, Tags: f.tags, Priority: f.priority,
			SourceURI: f.sourceURI, Scope: scope, Kind: kind, OnConflict: onConflict, Source: "cli",
		}
		if cmd.Flags().Changed("priority") && f.priority == 0 {
			return usage("--priority 0: want 1 to 10")
		}
		if d.Metadata, err = object("--metadata", f.metadata); err != nil {
			return err
		}
		if cmd.Flags().Changed("confidence") {
			d.Confidence = &f.confidence
		}
		if err := life(&d, ttl, f.expires); err != nil {
			return err
		}
		if d.Title, d.Content, err = a.titled(args); err != nil {
			return err
		}
		if err := signDraft(&d, signKey, a.speaker(), time.Now()); err != nil {
			return err
		}
		c, err := a.connect(cmd.Context())
		if err != nil {
			return err
		}
		out, err := c.Store(cmd.Context(), client.StoreInput{Draft: d, DetectConflicts: look || force, Force: force}, with)
		if err != nil {
			return err
		}
		return a.showOutcome("remembered", out)
	}
	f.register(cmd)
	cmd.Flags().StringVar(&ttl, "ttl", "", "archive it after this `time`, such as 90m or 30d")
	cmd.Flags().StringVar(&scope, "scope", "", "who may read it: private (the agent alone), team (who is in a team with it) or collective (everybody); unit and org are private as long as there are none")
	cmd.Flags().StringVar(&kind, "kind", "", "observation, event, decision, … (default observation)")
	cmd.Flags().StringVar(&onConflict, "on-conflict", "", "if the title is taken: error, merge or version (default error)")
	cmd.Flags().BoolVar(&look, "detect-conflicts", false, "do not write what is there in nearly the same words, and name what may contradict it")
	cmd.Flags().BoolVar(&force, "force", false, "with --detect-conflicts: write it, whatever is there")
	cmd.Flags().StringVar(&id, "id", "", "`id` of the memory (default: made from namespace and title)")
	cmd.Flags().StringVar(&signKey, "sign-key", "", "sign it with the Ed25519 key in this PEM `file`, of which the node knows the public half (tally agent add --public-key)")
	w.register(cmd)
	return cmd
}

// titled is the title and the text of a memory: two arguments, of which the second
// may be "-" for stdin. One alone is the title of what is piped in or, if nothing is,
// or if it is "-", the text, which then names itself.
func (a *app) titled(args []string) (title, text string, err error) {
	switch {
	case len(args) == 2:
		text, err = a.text(args[1])
		return args[0], text, err
	case args[0] != "-" && !terminal(a.in):
		text, err = a.text("-")
		return args[0], text, err
	}
	text, err = a.text(args[0])
	if err == nil && strings.TrimSpace(text) == "" {
		err = usage("the text is empty: give a title and a text, or - to read the text from stdin")
	}
	return importer.Headline(text), text, err
}

func life(d *client.Draft, ttl, expires string) error {
	if ttl != "" {
		life, err := duration(ttl)
		if err != nil || life < time.Second {
			return usage("--ttl %q: want a time such as 90m or 30d", ttl)
		}
		d.TTL = int64(life / time.Second)
	}
	if expires != "" {
		at, err := time.Parse(time.RFC3339Nano, expires)
		if err != nil {
			return usage("--expires %q: want RFC 3339, such as 2026-01-31T12:00:00Z", expires)
		}
		d.ExpiresAt = client.When(at)
	}
	return nil
}
