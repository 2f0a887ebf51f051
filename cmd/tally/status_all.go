package main

import (
	"context"
	"io"

	"github.com/tallystick/tallystick/client"
)

// runStatusAll shows how each member gets on with each other one, as they say it.
func runStatusAll(ctx context.Context, a *app, c *client.Client) error {
	v, err := c.Upkeep().StatusAll(ctx)
	if err != nil {
		return err
	}
	return a.show(v, func(w io.Writer) error { return showAccounts(w, v) })
}

func showAccounts(w io.Writer, v *client.StatusAll) error {
	var nodes, links [][]string
	for i := range v.Members {
		m := &v.Members[i]
		key, until := "-", "-"
		if m.Certificate != nil {
			key, until = m.Certificate.Key, stamp(m.Certificate.Until.Time)
		}
		nodes = append(nodes, []string{m.Node, ago(m.At.Time, v.Time.Time), prefix(m.Digest, 12), m.Version, decimal(m.Parked), key, until})
		for j := range m.Members {
			to := &m.Members[j]
			links = append(links, []string{
				m.Node, to.Name, stateWords(to.State), decimal(to.Owed), ago(to.OldestOwedAt.Time, m.Time.Time), decimal(to.Parked),
				ago(to.LastAckAt.Time, m.Time.Time), ago(to.ProvenEqualAt.Time, m.Time.Time), decimal(to.ClockSkewMS),
			})
		}
	}
	if err := table(w, []string{"NODE", "SAID SO", "DIGEST", "VERSION", "PARKED", "KEY", "CERTIFICATE UNTIL"}, nodes); err != nil {
		return err
	}
	for i := range v.Members {
		if m := &v.Members[i]; m.Error != "" {
			say(w, "  %s says nothing now: %s\n", m.Node, printable(m.Error))
		}
	}
	if len(links) == 0 {
		return nil
	}
	say(w, "\n")
	return table(w, []string{"FROM", "TO", "STATE", "OWED", "OLDEST", "PARKED", "LAST ACK", "PROVEN EQUAL", "CLOCK AHEAD MS"}, links)
}

// prefix is the first n bytes of s, or "-" if there are none.
func prefix(s string, n int) string {
	if s == "" {
		return "-"
	}
	return s[:min(n, len(s))]
}
