package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

// candidate is a memory whose id begins as somebody wrote it.
type candidate struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
}

// idError says that an id names no memory, or more than one, and which memories
// may have been meant.
type idError struct {
	answer     *client.Error
	candidates []candidate
}

func (e *idError) Error() string {
	var b strings.Builder
	b.WriteString(e.answer.Message)
	for _, c := range e.candidates {
		fmt.Fprintf(&b, "\n  %s  %s", printable(c.ID), printable(cutTo(c.Title, 60)))
	}
	return b.String()
}

func (e *idError) Unwrap() error { return e.answer }

// noMemory says that there is no memory with an id, and names those whose ids
// begin so.
func noMemory(ctx context.Context, c *client.Client, id string) error {
	e := &idError{answer: &client.Error{Status: http.StatusNotFound, Code: string(client.CodeNotFound), Message: fmt.Sprintf("no memory %q", id)}}
	e.answer.Message += ", or it is not yours to see"
	if e.candidates = candidates(ctx, c, id); len(e.candidates) > 0 {
		e.answer.Message = fmt.Sprintf("no memory %q; ids that begin so:", id)
	}
	return e
}

// manyMemories says that more than one memory has an id that begins so.
func manyMemories(prefix string, list []candidate) error {
	return &idError{
		answer: &client.Error{
			Status: http.StatusBadRequest, Code: string(client.CodeAmbiguousID), Message: fmt.Sprintf("more than one id begins with %q:", prefix),
		},
		candidates: list,
	}
}

const (
	mostCandidates = 10 // that a message names
	mostLooked     = 20 // pages of memories that are looked through for them
)

// candidates are the memories, live and archived, whose ids begin with prefix.
func candidates(ctx context.Context, c *client.Client, prefix string) []candidate {
	if prefix == "" {
		return nil
	}
	var out []candidate
	take := func(list []client.Memory) {
		for _, m := range list {
			if strings.HasPrefix(m.ID, prefix) && len(out) < mostCandidates {
				out = append(out, candidate{m.ID, m.Title})
			}
		}
	}
	sel := client.Selection{Limit: maxPage}
	for range mostLooked {
		page, err := c.List(ctx, sel)
		if err != nil {
			break // what is known by now has to do: the error at hand is another one
		}
		take(page.Memories)
		if sel.Cursor = page.Next; sel.Cursor == "" {
			break
		}
	}
	sel = client.Selection{Limit: maxPage}
	for range mostLooked {
		page, err := c.Upkeep().ArchivePage(ctx, sel)
		if err != nil {
			break
		}
		take(page.Memories)
		if sel.Cursor = page.Next; sel.Cursor == "" {
			break
		}
	}
	slices.SortFunc(out, func(a, b candidate) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// wholeID is the id that a command which changes something was given. It takes
// no abbreviations: what is meant today by the beginning of an id may be another
// memory tomorrow.
func wholeID(ctx context.Context, c *client.Client, id string) (string, error) {
	prefix, short := memory.Abbreviated(id)
	switch {
	case prefix == "":
		return "", usage("an id is missing: it is empty")
	case !short:
		return id, nil
	}
	list := candidates(ctx, c, prefix)
	if len(list) == 0 {
		return "", noMemory(ctx, c, prefix)
	}
	return "", &idError{
		answer: &client.Error{
			Status: http.StatusBadRequest, Code: string(client.CodeInvalid),
			Message: fmt.Sprintf("%q is the beginning of an id, and this command wants all of it:", id),
		},
		candidates: list,
	}
}

// wholeIDs is wholeID for each of several.
func wholeIDs(ctx context.Context, c *client.Client, ids []string) ([]string, error) {
	out := make([]string, len(ids))
	for i, id := range ids {
		var err error
		if out[i], err = wholeID(ctx, c, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sighting is a memory in any state but erased.
type sighting struct {
	Memory *client.Memory `json:"memory"`
	Links  []client.Link  `json:"links"`
	State  string         `json:"state"`            // live, archived or deleted
	Reason string         `json:"reason,omitempty"` // of an archive; ttl_expired: by itself
	// Damaged are links, and memories at the ends of links, that the node cannot read.
	Damaged []string `json:"damaged,omitempty"`
}

// look finds a memory by its id or, with … behind it, by the beginning of one.
func look(ctx context.Context, c *client.Client, id string) (*sighting, error) {
	prefix, short := memory.Abbreviated(id)
	if prefix == "" {
		return nil, usage("an id is missing: it is empty")
	}
	m, links, err := c.Graph().Linked(ctx, id)
	switch {
	case err == nil && (short || m.ID == prefix):
		return &sighting{Memory: m, Links: links.Links, State: client.StateLive, Damaged: links.Damaged}, nil
	case err != nil && !client.IsNotFound(err) && !ambiguous(err):
		return nil, err
	}
	if s, err := past(ctx, c, prefix); err == nil || !client.IsNotFound(err) {
		return s, err
	}
	if !short {
		return nil, noMemory(ctx, c, prefix)
	}
	switch list := candidates(ctx, c, prefix); len(list) {
	case 0:
		return nil, noMemory(ctx, c, prefix)
	case 1:
		return past(ctx, c, list[0].ID)
	default:
		return nil, manyMemories(prefix, list)
	}
}

const (
	stateArchived = "archived"
	reasonExpired = "ttl_expired"
)

// past is a memory as its history shows it: it need not be live.
func past(ctx context.Context, c *client.Client, id string) (*sighting, error) {
	h, err := c.Past(ctx, id)
	if err != nil {
		return nil, err
	}
	s := &sighting{State: h.State, Reason: h.Reason, Links: []client.Link{}}
	for _, r := range h.Revisions {
		if r.Current && r.Memory != nil {
			s.Memory = &r.Memory.Memory
		}
	}
	if s.Memory == nil {
		s.Memory = &client.Memory{ID: h.ID}
	}
	s.Memory.Conflicts = h.Conflicts
	return s, nil
}

// missed says more about a memory that a change did not find: that it is not
// live, or which others may have been meant. Other errors stay as they are.
func missed(ctx context.Context, c *client.Client, id string, err error) error {
	if !client.IsNotFound(err) {
		return err
	}
	s, lookErr := past(ctx, c, id)
	if client.IsNotFound(lookErr) {
		return noMemory(ctx, c, id)
	}
	if lookErr != nil || s.State == client.StateLive {
		return err
	}
	state := s.State
	if s.Reason == reasonExpired {
		state = "expired"
	}
	return &client.Error{
		Status: http.StatusNotFound, Code: string(client.CodeNotFound),
		Message: fmt.Sprintf("memory %s is %s, not live; bring it back with: tally restore %s", id, state, id),
	}
}

// missedOne is missed for a change of several memories, whose error does not say
// which of them was not found.
func missedOne(ctx context.Context, c *client.Client, ids []string, err error) error {
	if !client.IsNotFound(err) {
		return err
	}
	for _, id := range ids {
		if named := missed(ctx, c, id, err); named != err { //nolint:errorlint // the same value: nothing is known to be wrong with this one
			return named
		}
	}
	return err
}

// noSuch says what it is that a node does not know. Other errors stay as they are.
func noSuch(err error, format string, args ...any) error {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || !e.NotFound() || e.Code == string(client.CodeUnknownRoute) {
		return err
	}
	named := *e
	named.Message = "no " + fmt.Sprintf(format, args...)
	return &named
}

// isCode reports whether err is a node's answer with a code.
func isCode(err error, code client.Code) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Code == string(code)
}

// ambiguous reports whether err is a node's answer that an id fits several.
func ambiguous(err error) bool {
	return isCode(err, client.CodeAmbiguousID)
}
