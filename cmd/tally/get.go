package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newGet(a *app) *cobra.Command {
	cmd := command("get ID", "Show a memory and its links", argCheck{1, 1}, nil)
	cmd.Long = `Show a memory and its links. One that is archived, expired or deleted is shown
too, and how to bring it back. The beginning of an id will do with … or ... behind
it, if it fits one memory only: tally get 019ea94a…`
	var content bool
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		return runGet(ctx, a, c, args[0], content)
	})
	cmd.Flags().BoolVar(&content, "content", false, "print the text alone; to a pipe or a file, byte for byte")
	return cmd
}

func runGet(ctx context.Context, a *app, c *client.Client, id string, content bool) error {
	s, err := look(ctx, c, id)
	if err != nil {
		return err
	}
	if content && !a.json {
		text := s.Memory.Content
		if terminal(a.out) {
			text = safe(text)
		}
		_, err := io.WriteString(a.out, text)
		return err
	}
	leftOut(a.err, s.Damaged)
	return a.show(s, func(w io.Writer) error { return showMemory(w, s) })
}

func showMemory(w io.Writer, s *sighting) error {
	m := s.Memory
	rows := [][]string{
		{"id", m.ID},
		{"title", m.Title},
		{"namespace", m.Namespace},
		{"tier", m.Tier},
		{"priority", decimal(m.Priority)},
		{"version", decimal(m.Version)},
		{"created", stamp(m.CreatedAt.Time)},
	}
	optional := func(name, value string) {
		if value != "" && value != "-" {
			rows = append(rows, []string{name, value})
		}
	}
	optional("updated", stamp(m.UpdatedAt.Time))
	if s.State == client.StateLive {
		optional("expires", strings.TrimPrefix(expiry(m, time.Now()), "expires "))
	} else {
		optional("state", s.stateInWords()+"; bring it back: tally restore "+m.ID)
	}
	switch m.Signature {
	case client.SignatureValid:
		optional("signature", "valid: signed by "+m.SignedBy+" at "+m.SignedAt)
	case client.SignatureInvalid:
		optional("signature", "invalid: "+m.SignedBy+" has signed another text")
	}
	optional("tags", strings.Join(m.Tags, ", "))
	optional("source uri", m.SourceURI)
	if len(m.Metadata) > 0 && string(m.Metadata) != "{}" {
		optional("metadata", compact(m.Metadata))
	}
	if m.Conflicts > 0 {
		optional("conflicts", count(m.Conflicts, "version")+" beside this one: tally history "+m.ID+", then tally resolve "+m.ID)
	}
	for _, l := range s.Links {
		if l.Source == m.ID {
			optional("link", l.Relation+" → "+l.Target)
		} else {
			optional("link", l.Source+" → "+l.Relation)
		}
	}
	if err := table(w, nil, rows); err != nil {
		return err
	}
	say(w, "\n%s\n", strings.TrimRight(safe(m.Content), "\n"))
	return nil
}

// stateInWords is the state of a memory in words.
func (s *sighting) stateInWords() string {
	switch {
	case s.Reason == reasonExpired && !s.Memory.ExpiresAt.IsZero():
		return "expired " + stamp(s.Memory.ExpiresAt.Time)
	case s.Reason != "" && s.Reason != "archive":
		return s.State + " (" + s.Reason + ")"
	}
	return s.State
}

func compact(raw json.RawMessage) string {
	b, err := json.Marshal(raw)
	if err != nil {
		return string(raw)
	}
	return string(b)
}
