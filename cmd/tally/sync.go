package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/screen"
)

func newSync(a *app) *cobra.Command {
	var o syncOptions
	cmd := command("sync [flags] [PATH…]", "Keep notes in files and memories the same, both ways", argCheck{0, -1}, nil)
	cmd.Long = `Keep the notes that agents write into files and the memories of the node the same:
what was edited on either side since the last time is brought to the other, on every
machine on which this is run. If both were edited, the edits are joined line by line;
where they meet in one place both stay there, and the history has each of them.

  a folder with a MEMORY.md      each Markdown file in it is a memory in notes/PROJECT
  CLAUDE.md, AGENTS.md           what stands between <!-- tally:begin --> and
                                 <!-- tally:end --> is a memory in PROJECT; --block
                                 adds such a block to a file that has none

Without a PATH: the folders of all projects of Claude Code, and the blocks in CLAUDE.md
and AGENTS.md of this folder. A file that is gone, and was not edited elsewhere, goes
to the archive; a memory that is gone takes its file along in the same way.`
	cmd.Example = `  tally --agent claude-code sync
  tally sync AGENTS.md --block
  tally sync ~/.claude/projects/-home-ann-shop/memory --project shop`
	cmd.Annotations = map[string]string{changesState: "yes"}
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, args []string) error { return runSync(ctx, a, c, o, args) })
	flags := cmd.Flags()
	flags.StringVar(&o.project, "project", "", "the `name` of the project (default that of its git remote, or its folder)")
	flags.BoolVar(&o.block, "block", false, "add a block to the files named that have none")
	flags.BoolVar(&o.dryRun, "dry-run", false, "tell what would be done, and do nothing")
	return cmd
}

// syncOptions say how files are kept the same.
type syncOptions struct {
	project       string
	block, dryRun bool
}

// syncRun is one run over some files.
type syncRun struct {
	*app
	syncOptions

	node   *client.Client
	screen *screen.Screen
	report []syncLine
}

// syncLine says what became of one file.
type syncLine struct {
	Path   string `json:"path"`
	Memory string `json:"memory,omitempty"` // its id
	State  string `json:"state"`            // same, sent, written, joined, archived, removed or failed
	Clash  bool   `json:"clash,omitempty"`  // both sides had edited the same place: both edits are there
	Error  string `json:"error,omitempty"`
}

func runSync(ctx context.Context, a *app, c *client.Client, o syncOptions, args []string) error {
	a.leaves("each file is whole, as it was or as it was to be, and the next run goes on from there: run it again")
	if o.dryRun {
		a.leaves(nothingWritten)
	}
	s := &syncRun{app: a, syncOptions: o, node: c, screen: screen.New()}
	if len(args) == 0 {
		args = s.usual()
	}
	for _, path := range args {
		if err := s.path(ctx, path); err != nil {
			return err
		}
	}
	failed := slices.ContainsFunc(s.report, func(l syncLine) bool { return l.Error != "" })
	err := showAll(a, "files", s.report, func(w io.Writer) error {
		for _, l := range s.report {
			switch {
			case l.Error != "":
				say(w, "failed    %s: %s\n", l.Path, l.Error)
			case l.Clash:
				say(w, "%-9s %s  both sides had edited the same place, and both edits stand there: tally history %s\n", l.State, l.Path, l.Memory)
			case l.State != "same":
				say(w, "%-9s %s\n", l.State, l.Path)
			}
		}
		return nil
	})
	if err == nil && failed {
		err = errors.New("some files could not be kept the same")
	}
	return err
}

// usual are the folders of notes of all projects of Claude Code, and the files with
// instructions in this folder that have a block.
func (s *syncRun) usual() []string {
	home := cmp.Or(s.getenv("CLAUDE_CONFIG_DIR"), filepath.Join(s.getenv("HOME"), ".claude"))
	out, _ := filepath.Glob(filepath.Join(home, "projects", "*", "memory")) // the pattern is well-formed
	for _, name := range []string{"CLAUDE.md", "AGENTS.md"} {
		if raw, err := os.ReadFile(name); err == nil { //nolint:gosec // of two names
			if _, _, ok := blockIn(string(raw)); ok {
				out = append(out, name)
			}
		}
	}
	return out
}

// path keeps a folder of notes, or the block in a file, the same.
func (s *syncRun) path(ctx context.Context, path string) error {
	full, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(full)
	switch {
	case err != nil:
		return usage("sync: %v", err)
	case !info.IsDir():
		return s.one(ctx, &mirror{
			path: full, space: cmp.Or(s.project, projectOf(filepath.Dir(full))), title: filepath.Base(full), block: true, priority: 8,
		})
	}
	return s.folder(ctx, full)
}

// folder keeps the notes of a project the same: those in the folder, and those that
// other machines have.
func (s *syncRun) folder(ctx context.Context, dir string) error {
	space := "notes/" + cmp.Or(s.project, projectOfNotes(dir))
	names, err := s.notesOf(ctx, space)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && isNote(e.Name()) {
			names = append(names, e.Name())
		}
	}
	for _, path := range s.remembered(dir) {
		names = append(names, filepath.Base(path))
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := s.one(ctx, &mirror{path: filepath.Join(dir, name), space: space, title: name, priority: 5}); err != nil {
			return err
		}
	}
	return nil
}

// notesOf are the names of the notes that the node has of a project.
func (s *syncRun) notesOf(ctx context.Context, space string) ([]string, error) {
	var names []string
	for at := ""; ; {
		page, err := s.node.List(ctx, client.Selection{Namespace: space, Tag: noteTag, Limit: 1000, Cursor: at})
		if err != nil {
			return nil, err
		}
		for i := range page.Memories {
			if isNote(page.Memories[i].Title) {
				names = append(names, page.Memories[i].Title)
			}
		}
		if at = page.Next; at == "" {
			return names, nil
		}
	}
}

// isNote reports whether a name is one of a note, and leads nowhere else.
func isNote(name string) bool {
	return name == filepath.Base(name) && filepath.Ext(name) == ".md" && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, "/\\\x00")
}

// noteTag is on the memories that are files.
const noteTag = "file"

// projectOfNotes is the name of the project whose notes Claude Code keeps in a
// folder: by where its sessions were, because the folder has another name on each
// machine.
func projectOfNotes(dir string) string {
	parent := filepath.Dir(dir)
	list, _ := filepath.Glob(filepath.Join(parent, "*.jsonl")) // the pattern is well-formed
	for _, name := range list {
		if cwd := workedIn(name); cwd != "" {
			return projectOf(cwd)
		}
	}
	return segment(strings.Trim(filepath.Base(parent), "-"))
}

// workedIn is the folder that the first lines of a transcript name.
func workedIn(transcript string) string {
	f, err := os.Open(transcript) //nolint:gosec // beside the folder that was named
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	head, err := io.ReadAll(io.LimitReader(f, 256<<10))
	if err != nil {
		return ""
	}
	_, after, ok := strings.Cut(string(head), `"cwd":"`)
	if !ok {
		_, after, ok = strings.Cut(string(head), `"cwd": "`)
	}
	cwd, _, ended := strings.Cut(after, `"`)
	if !ok || !ended {
		return ""
	}
	return strings.ReplaceAll(cwd, `\\`, `\`)
}

// one keeps one file the same, and reports it. The error is one that ends the run.
func (s *syncRun) one(ctx context.Context, m *mirror) error {
	m.run = s
	line := syncLine{Path: m.path}
	err := m.settle(ctx, &line)
	if _, gone := errors.AsType[*client.UnreachableError](err); gone || ctx.Err() != nil {
		return err
	}
	if err != nil {
		line.State, line.Error = "failed", err.Error()
	}
	s.report = append(s.report, line)
	return nil
}

const (
	blockBegin = "<!-- tally:begin -->"
	blockEnd   = "<!-- tally:end -->"
)

// blockIn is where the text of the block in a file begins and ends.
func blockIn(text string) (start, end int, ok bool) {
	at := strings.Index(text, blockBegin)
	if at < 0 {
		return 0, 0, false
	}
	start = at + len(blockBegin)
	if strings.HasPrefix(text[start:], "\n") {
		start++
	}
	n := strings.Index(text[start:], blockEnd)
	if n < 0 {
		return 0, 0, false
	}
	return start, start + n, true
}

// readable reads a file of notes; one that is not there is no error.
func readable(path string) (text string, there bool, err error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the person named it, or its folder
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", false, nil
	case err != nil:
		return "", false, err
	case len(raw) > maxContent:
		return "", true, fmt.Errorf("larger than a memory can be: %d KiB", maxContent>>10)
	}
	return string(raw), true, nil
}
