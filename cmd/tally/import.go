package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
	"github.com/tallystick/tallystick/internal/carry"
	"github.com/tallystick/tallystick/internal/memory"
)

func newImport(a *app) *cobra.Command {
	var w writeFlags
	var o importer.Options
	var servers []string
	var concurrency int
	var dryRun bool
	cmd := command("import [flags] PATH | -", "Write memories from files of ours and of other programs", argCheck{1, 1}, nil)
	cmd.Long = `Write memories from a file or a folder. What it holds is told by what is in it:

  folder, .md, .txt   Markdown, cut into sections by headings; one memory per
                      section, titled "path › heading"
  .jsonl, -           one JSON object per line, as tally export writes them, or
                      bare: {"title": "…", "content": "…", "namespace": "…"}
  .json               conversations in the format of LoCoMo, one memory per turn;
                      or memories in one document
  complete export     of tally export --complete: the log of a node, byte for byte
  other programs      databases and exports of ai-memory; the MCP memory server; mem0,
                      OpenMemory; Engram; folders of basic-memory and of Claude; chats of
                      ChatGPT and Claude; sessions of Claude Code, Codex, Cursor, Gemini

Archives (.zip, .gz) need not be unpacked. Import is idempotent: run it again, and
what has not changed is left alone, what has changed is edited. A busy node is
waited for. With several --server the writes go round among the nodes. What a
source has and a memory has no place for is reported, by reason, with examples.
Archived memories of an export of our own are skipped, unless it is complete.`
	cmd.Example = `  tally import ~/notes --namespace notes
  tally import ~/.ai-memory/memory.db --dry-run
  tally --agent codex import ~/.codex
  tally import backup.jsonl --server http://10.0.0.1:9077 --server http://10.0.0.2:9077`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		with, err := w.with(a)
		if err != nil {
			return err
		}
		if err := checkImport(&o, concurrency); err != nil {
			return err
		}
		if len(servers) == 0 {
			servers = []string{a.address()}
		}
		src, err := a.source(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		defer func() { _ = src.Close() }()
		if src.Format == importer.Complete {
			return a.importComplete(cmd.Context(), args[0], src, servers[0], dryRun)
		}
		nodes := make([]*client.Client, len(servers))
		for i, url := range servers {
			if nodes[i], err = a.connectTo(url); err != nil {
				return err
			}
		}
		o.Agent = a.speaker()
		bar := newProgress(a.err, "memories written")
		way := wayOf(a, bar, carry.Options{Nodes: nodes, With: with, Concurrency: concurrency, Dry: dryRun})
		if dryRun {
			return a.importPlan(cmd.Context(), way, bar, args[0], src, o)
		}
		return importAll(cmd.Context(), a, way, bar, args[0], src, o)
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.Namespace, "namespace", "n", "", "write everything to this namespace; conversations each below it (default what the source says, else global)")
	flags.StringVar(&o.Tier, "tier", "long", "tier of what names none itself: short, mid or long")
	flags.StringArrayVar(&servers, "server", nil, "`URL` of a node; may be repeated (TALLY_SERVER; default http://127.0.0.1:9077)")
	flags.IntVar(&concurrency, "concurrency", 16, "writes at the same time")
	flags.BoolVar(&dryRun, "dry-run", false, "tell what would be written, and write nothing")
	flags.StringVar(&w.durability, "durability", "", "wait until it is on disk at: local (this node), quorum or all (default quorum)")
	flags.StringVar(&w.whenShort, "when-short", "", "if too few members hold something in time: fail, or local, which is success with what the node keeps (TALLY_WHEN_SHORT; default fail)")
	return cmd
}

// checkImport refuses before anything is read what no memory can have.
func checkImport(o *importer.Options, concurrency int) error {
	if err := checkTier(o.Tier); err != nil {
		return err
	}
	if o.Namespace != "" {
		if err := memory.ValidNamespace(o.Namespace); err != nil {
			return usage("--namespace %q: %v", o.Namespace, err)
		}
	}
	if concurrency < 1 || concurrency > 1024 {
		return usage("--concurrency %d: want 1 to 1024", concurrency)
	}
	return nil
}

// wayOf adds to how an import goes who writes, and who is told of it.
func wayOf(a *app, bar *progress, way carry.Options) carry.Options {
	way.As, way.Agent = a.connectAs, a.speaker()
	way.Progress = func(memories int) { bar.at(memories, 0) }
	way.Complain = func(line string) {
		bar.done()
		say(a.err, "%s\n", line)
	}
	return way
}

// importAll writes what there is in a source.
func importAll(ctx context.Context, a *app, way carry.Options, bar *progress, name string, src *importer.Source, o importer.Options) error {
	a.leaves("what was written is there: run it again, and that is left alone")
	report, err := carry.Run(ctx, src.Items(o), way)
	bar.done()
	return a.showImport(report, name, err)
}

// heeding reads from somebody who may not say anything any more, until ctx is done: what was
// put into a file of what has come by then is removed in time.
func heeding(ctx context.Context, in io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		_ = w.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
	return r
}

// closed closes a source, if there is one.
func closed(src *importer.Source) error {
	if src == nil {
		return nil
	}
	return src.Close()
}

// source opens what is to be imported.
func (a *app) source(ctx context.Context, name string) (*importer.Source, error) {
	a.leaves(nothingWritten)
	in := a.in
	if name == "-" {
		in = heeding(ctx, in)
	}
	src, err := importer.Open(name, in)
	if ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), closed(src))
	}
	if bad, is := errors.AsType[*fs.PathError](err); is {
		return nil, usage("import: %s: %v", bad.Path, bad.Err)
	}
	if err != nil {
		return nil, usage("import: %v", err)
	}
	return src, nil
}

func (a *app) showImport(r *carry.Report, name string, failed error) error {
	if failed != nil && r.Read == 0 {
		return failed
	}
	if failed == nil {
		a.nothing(r, name)
	}
	err := a.show(r, func(w io.Writer) error {
		rows := [][]string{
			{"read", decimal(r.Read)},
			{"written", fmt.Sprintf("%d (%d of them edits)", r.Written, r.Updated)},
			{"unchanged", decimal(r.Unchanged)},
			{"failed", decimal(r.Failed)},
		}
		for name, n := range map[string]int{"skipped": r.Skipped, "pending": r.Pending, "links": r.Links, "links unchanged": r.LinksUnchanged, "retried": r.Retried, "standards": r.Standards, "archived": r.Archived} {
			if n > 0 {
				rows = append(rows, []string{name, decimal(n)})
			}
		}
		slices.SortFunc(rows[4:], slices.Compare)
		for _, level := range slices.Sorted(maps.Keys(r.Durability)) {
			rows = append(rows, []string{"held by " + level, decimal(r.Durability[level])})
		}
		rows = append(rows, []string{"time", fmt.Sprintf("%.1f s", r.Seconds)})
		if err := table(w, nil, rows); err != nil {
			return err
		}
		showLosses(w, r.Lost)
		return nil
	})
	if failed != nil {
		return failed
	}
	return errors.Join(err, unwritten(r))
}
