package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/setup"
	"github.com/tallystick/tallystick/internal/setup/machine"
	"github.com/tallystick/tallystick/internal/textmerge"
)

// mirror is a file, or the block in one, and the memory that it is the same as.
type mirror struct {
	run      *syncRun
	path     string
	space    string // namespace
	title    string
	block    bool
	priority int32

	file  string // all of it, if it is a block
	ours  string // the text here
	here  bool
	base  syncBase // what both were the last time
	there *client.Memory
}

// syncBase is what a file and its memory were when they were the same.
type syncBase struct {
	Path   string `json:"path"`
	Memory string `json:"memory"`
	Text   string `json:"text"`
}

// attempts bounds how often an edit is made again because somebody was faster.
const attempts = 4

// settle makes both sides the same.
func (m *mirror) settle(ctx context.Context, line *syncLine) error {
	var err error
	for range attempts {
		if err = m.look(ctx); err != nil {
			return err
		}
		err = m.decide(ctx, line)
		if e, ok := errors.AsType[*client.Error](err); !ok || !e.Conflict() {
			return err
		}
	}
	return err
}

// look reads both sides, and what they were.
func (m *mirror) look(ctx context.Context) error {
	text, there, err := readable(m.path)
	if err != nil {
		return err
	}
	m.ours, m.here = text, there
	if m.block {
		start, end, ok := blockIn(text)
		switch {
		case ok:
		case m.run.block && !m.run.dryRun:
			if text != "" && text[len(text)-1] != '\n' {
				text += "\n"
			}
			text += blockBegin + "\n" + blockEnd + "\n"
			start, end, _ = blockIn(text)
		default:
			return errors.New("it has no block: add one with --block")
		}
		m.file, m.ours, m.here = text, text[start:end], start < end
	}
	m.base, m.there = m.remembered(), nil
	if m.base.Memory != "" {
		got, _, err := m.run.node.Get(ctx, m.base.Memory)
		if err != nil && !client.IsNotFound(err) {
			return err
		}
		m.there = got
		if err != nil {
			m.there = nil
		}
	}
	if m.there != nil {
		return nil
	}
	page, err := m.run.node.List(ctx, client.Selection{Namespace: m.space, Title: m.title, Limit: 1})
	if err == nil && len(page.Memories) > 0 {
		m.there = &page.Memories[0]
	}
	return err
}

// same reports whether the node has a text, as it is or without its secrets.
func (m *mirror) same(text, onNode string) bool {
	return text == onNode || m.run.screen.Masked(text) == onNode
}

// decide says which side has to follow which.
func (m *mirror) decide(ctx context.Context, line *syncLine) error {
	known := m.base.Memory != ""
	line.State = "same"
	if m.there != nil {
		line.Memory = m.there.ID
	}
	switch {
	case m.there == nil && !m.here:
		return m.forget()
	case m.there == nil && known && m.same(m.ours, m.base.Text) && !m.block:
		line.State = "removed"
		return m.unwrite()
	case m.there == nil:
		line.State = "sent"
		return m.create(ctx, line)
	case !m.here && known && m.there.Content == m.base.Text && !m.block:
		line.State = "archived"
		return m.archive(ctx)
	case !m.here:
		line.State = "written"
		return m.write(m.there.Content, m.there.Content)
	case m.same(m.ours, m.there.Content):
		return m.remember(m.there.ID, m.there.Content)
	case known && m.there.Content == m.base.Text:
		line.State = "sent"
		sent, err := m.send(ctx, m.ours)
		if err != nil || !sent {
			return err
		}
		return m.remember(m.there.ID, m.there.Content)
	case known && m.same(m.ours, m.base.Text):
		line.State = "written"
		return m.write(m.there.Content, m.there.Content)
	}
	line.State = "joined"
	text, clash := textmerge.Merge(m.base.Text, m.ours, m.there.Content)
	line.Clash = clash
	if len(text) > maxContent {
		return errors.New("both sides together are larger than a memory can be")
	}
	// What the node has is noted once the file has it, too: else the next run of one that was
	// ended in between would take what the file lacks for what somebody has deleted in it.
	if _, err := m.send(ctx, text); err != nil {
		return err
	}
	return m.write(text, m.there.Content)
}

func (m *mirror) create(ctx context.Context, line *syncLine) error {
	if m.run.dryRun || m.ours == "" {
		return nil
	}
	out, err := m.run.node.Create(ctx, client.Draft{
		Title: m.title, Content: m.ours, Namespace: m.space, Tier: "long", Tags: []string{noteTag}, Priority: m.priority, Source: "hook",
	})
	if short, ok := errors.AsType[*client.Error](err); ok && short.QuorumMissed() {
		return nil // it is kept; the next time says what it became
	}
	if err != nil || out.Memory == nil {
		return err
	}
	line.Memory = out.ID
	return m.remember(out.ID, out.Memory.Content)
}

// send edits the memory, if nobody else has since, and reports whether it is known what it has
// become.
func (m *mirror) send(ctx context.Context, text string) (bool, error) {
	if m.run.dryRun {
		return false, nil
	}
	out, err := m.run.node.Update(ctx, m.there.ID, client.Patch{Content: &text, IfVersion: m.there.Version})
	if short, ok := errors.AsType[*client.Error](err); ok && short.QuorumMissed() {
		return false, nil
	}
	if err != nil || out.Memory == nil {
		return false, err
	}
	m.there = out.Memory
	return true, nil
}

// write makes the file what the memory is.
func (m *mirror) write(text, onNode string) error {
	if m.run.dryRun {
		return nil
	}
	whole := text
	if m.block {
		start, end, _ := blockIn(m.file)
		if text != "" && text[len(text)-1] != '\n' {
			text += "\n" // the mark stands on a line of its own
		}
		whole = m.file[:start] + text + m.file[end:]
	}
	if err := replaceFile(m.path, []byte(whole)); err != nil {
		return err
	}
	return m.remember(m.there.ID, onNode)
}

func (m *mirror) archive(ctx context.Context) error {
	if m.run.dryRun {
		return nil
	}
	if _, err := m.run.node.Archive(ctx, []string{m.there.ID}, "file_removed"); err != nil {
		return err
	}
	return m.forget()
}

func (m *mirror) unwrite() error {
	if m.run.dryRun {
		return nil
	}
	if err := os.Remove(m.path); err != nil {
		return err
	}
	return m.forget()
}

// replaceFile writes a file as a whole; a link stays one.
func replaceFile(path string, text []byte) error {
	f := machine.Look(setup.Change{Path: path, Edit: func([]byte) ([]byte, error) { return text, nil }})
	if f.Refused != nil {
		return f.Refused
	}
	if !f.Changed() {
		return nil
	}
	return f.Write()
}

// basePath is where the base of a file is kept.
func (s *syncRun) basePath(path string) string {
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(s.statePath("sync"), hex.EncodeToString(sum[:8])+".json")
}

func (m *mirror) remembered() syncBase {
	var b syncBase
	raw, err := os.ReadFile(m.run.basePath(m.path))
	if err != nil || json.Unmarshal(raw, &b) != nil || b.Path != m.path {
		return syncBase{} // as if it were the first time: nothing is lost by that
	}
	return b
}

func (m *mirror) remember(id, text string) error {
	if m.run.dryRun {
		return nil
	}
	path := m.run.basePath(m.path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	raw, err := json.Marshal(syncBase{Path: m.path, Memory: id, Text: text})
	if err != nil {
		return err
	}
	return replaceFile(path, raw)
}

func (m *mirror) forget() error {
	if m.run.dryRun || m.base.Memory == "" {
		return nil
	}
	return os.Remove(m.run.basePath(m.path))
}

// remembered are the files of a folder that were the same as a memory the last time.
func (s *syncRun) remembered(dir string) []string {
	var out []string
	list, _ := filepath.Glob(filepath.Join(s.statePath("sync"), "*.json")) // the pattern is well-formed
	for _, name := range list {
		var b syncBase
		if raw, err := os.ReadFile(name); err == nil && json.Unmarshal(raw, &b) == nil && filepath.Dir(b.Path) == dir { //nolint:gosec // files of ours
			out = append(out, b.Path)
		}
	}
	return out
}
