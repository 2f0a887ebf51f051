package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

func newGet(a *app) *cobra.Command {
	cmd := command("get ID", "Show a memory and its links", argCheck{1, 1}, nil)
	var content bool
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error {
		m, links, err := c.Get(ctx, args[0])
		if err != nil {
			return err
		}
		if content && !a.json {
			_, err := io.WriteString(a.out, m.Content)
			return err
		}
		both := struct {
			Memory *client.Memory `json:"memory"`
			Links  []client.Link  `json:"links"`
		}{m, links}
		return a.show(both, func(w io.Writer) error { return showMemory(w, m, links) })
	})
	cmd.Flags().BoolVar(&content, "content", false, "print the text alone, byte for byte")
	return cmd
}

func showMemory(w io.Writer, m *client.Memory, links []client.Link) error {
	rows := [][]string{
		{"id", m.ID},
		{"title", m.Title},
		{"namespace", m.Namespace},
		{"tier", m.Tier},
		{"priority", decimal(m.Priority)},
		{"version", decimal(m.Version)},
		{"created", stamp(m.CreatedAt)},
		{"updated", stamp(m.UpdatedAt)},
	}
	optional := func(name, value string) {
		if value != "" && value != "-" {
			rows = append(rows, []string{name, value})
		}
	}
	optional("expires", stampOf(m.ExpiresAt))
	optional("tags", strings.Join(m.Tags, ", "))
	optional("source uri", m.SourceURI)
	if len(m.Metadata) > 0 && string(m.Metadata) != "{}" {
		optional("metadata", compact(m.Metadata))
	}
	if m.Conflicts > 0 {
		optional("conflicts", fmt.Sprintf("%d (tally history %s)", m.Conflicts, m.ID))
	}
	for _, l := range links {
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

func compact(raw json.RawMessage) string {
	b, err := json.Marshal(raw)
	if err != nil {
		return string(raw)
	}
	return string(b)
}
