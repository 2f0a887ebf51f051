package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
)

// absent is a member that did not hold a write at its deadline.
type absent struct {
	Member string `json:"member"`
	State  string `json:"state"`           // ok and catching_up: it was only too slow
	Owed   uint64 `json:"owed"`            // ops that it lacks by now
	Error  string `json:"error,omitempty"` // of the last call, if that failed
}

// shortError is a missed quorum with what the node says of those that are missing.
type shortError struct {
	answer  *client.Error
	missing []absent
}

func (e *shortError) Error() string {
	lines := []string{e.answer.Error()}
	for _, m := range e.missing {
		lines = append(lines, "  "+printable(m.Member)+": "+m.why())
	}
	return strings.Join(lines, "\n")
}

func (e *shortError) Unwrap() error { return e.answer }

// why says in words why a member is missing.
func (m absent) why() string {
	switch {
	case m.State == "ok" || m.State == "catching_up":
		return "slow, " + count(m.Owed, "op") + " behind"
	case m.State == "stopped":
		return "refuses: " + printable(m.Error)
	case m.Error != "":
		return "unreachable: " + printable(m.Error)
	}
	return "not heard of yet"
}

// withMissing asks the node, after a missed quorum, who is missing and why. All
// else stays as it is.
func withMissing(ctx context.Context, a *app, err error) error {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || !e.QuorumMissed() || e.Receipt == nil {
		return err
	}
	c, connectErr := a.connect(ctx)
	if connectErr != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	s, statusErr := c.Status(ctx)
	if statusErr != nil {
		return err
	}
	short := &shortError{answer: e}
	for _, m := range s.Members {
		if !slices.Contains(e.Receipt.HeldBy, m.Name) {
			short.missing = append(short.missing, absent{Member: m.Name, State: m.State, Owed: m.Owed, Error: m.LastError})
		}
	}
	return short
}
