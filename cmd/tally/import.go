package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/cmd/tally/internal/corpus"
)

func newImport(a *app) *cobra.Command {
	var w writeFlags
	var o corpus.Options
	var servers []string
	var concurrency int
	var dryRun bool
	cmd := command("import [flags] PATH | -", "Write memories from Markdown, JSONL or LoCoMo files", argCheck{1, 1}, nil)
	cmd.Long = `Write memories from a file or a folder. What it holds is told by its extension,
or by its first character:

  folder, .md, .txt   Markdown, cut into sections by headings; one memory per
                      section, titled "path › heading"
  .jsonl, -           one JSON object per line, as tally export writes them, or
                      bare: {"title": "…", "content": "…", "namespace": "…"}
  .json               conversations in the format of LoCoMo, one memory per turn;
                      or memories in one document

Import is idempotent: run it again, and what has not changed is left alone, what
has changed is edited. A busy node is waited for. With several --server the
writes go round among the nodes. Archived memories of an export are skipped.`
	cmd.Example = `  tally import ~/notes --namespace notes
  tally import backup.jsonl --server http://10.0.0.1:9077 --server http://10.0.0.2:9077`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		with, err := w.with()
		if err != nil {
			return err
		}
		if concurrency < 1 || concurrency > 1024 {
			return usage("--concurrency %d: want 1 to 1024", concurrency)
		}
		if len(servers) == 0 {
			servers = []string{a.address()}
		}
		if a.completeExport(args[0]) {
			return a.importComplete(cmd.Context(), args[0], servers[0], dryRun)
		}
		src, err := corpus.Open(args[0], a.in)
		if err != nil {
			return usage("import: %v", err)
		}
		if dryRun {
			return a.importPlan(src, o)
		}
		nodes := make([]*client.Client, len(servers))
		for i, url := range servers {
			if nodes[i], err = a.connectTo(url); err != nil {
				return err
			}
		}
		im := &importer{nodes: nodes, with: with, concurrency: concurrency, progress: newProgress(a.err, "memories written"), complain: a.err}
		report, err := im.run(cmd.Context(), src.Items(o))
		return a.showImport(report, err)
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.Namespace, "namespace", "n", "", "write everything to this namespace; conversations each below it (default what the source says, else global)")
	flags.StringVar(&o.Tier, "tier", "long", "tier of what names none itself: short, mid or long")
	flags.StringArrayVar(&servers, "server", nil, "`URL` of a node; may be repeated (TALLY_SERVER; default http://127.0.0.1:9077)")
	flags.IntVar(&concurrency, "concurrency", 16, "writes at the same time")
	flags.BoolVar(&dryRun, "dry-run", false, "read and count only")
	flags.StringVar(&w.durability, "durability", "", "wait until it is on disk at: local (this node), quorum or all (default quorum)")
	return cmd
}

// importReport says what became of an import.
type importReport struct {
	Read       int            `json:"read"`
	Written    int            `json:"written"` // created or edited
	Updated    int            `json:"updated"` // of those: edited
	Unchanged  int            `json:"unchanged"`
	Pending    int            `json:"pending"` // wait for approval
	Skipped    int            `json:"skipped"` // archived memories of an export
	Failed     int            `json:"failed"`
	Links      int            `json:"links"`
	Retried    int            `json:"retried"`    // attempts that had to be repeated
	Durability map[string]int `json:"durability"` // receipts, by how far they reached in time
	Seconds    float64        `json:"seconds"`
}

func (a *app) showImport(r *importReport, failed error) error {
	if failed != nil && r.Read == 0 {
		return failed
	}
	err := a.show(r, func(w io.Writer) error {
		rows := [][]string{
			{"read", decimal(r.Read)},
			{"written", fmt.Sprintf("%d (%d of them edits)", r.Written, r.Updated)},
			{"unchanged", decimal(r.Unchanged)},
			{"failed", decimal(r.Failed)},
		}
		for name, n := range map[string]int{"skipped": r.Skipped, "pending": r.Pending, "links": r.Links, "retried": r.Retried} {
			if n > 0 {
				rows = append(rows, []string{name, decimal(n)})
			}
		}
		slices.SortFunc(rows[4:], slices.Compare)
		for _, level := range slices.Sorted(maps.Keys(r.Durability)) {
			rows = append(rows, []string{"held by " + level, decimal(r.Durability[level])})
		}
		rows = append(rows, []string{"time", fmt.Sprintf("%.1f s", r.Seconds)})
		return table(w, nil, rows)
	})
	if failed != nil {
		return failed
	}
	if err == nil && r.Failed > 0 {
		return fmt.Errorf("import: %d of %d were not written", r.Failed, r.Read)
	}
	return err
}

// importPlan reads the source and counts, without a node.
func (a *app) importPlan(src *corpus.Source, o corpus.Options) error {
	plan := struct {
		Format     corpus.Format  `json:"format"`
		Memories   int            `json:"memories"`
		Links      int            `json:"links"`
		Unreadable int            `json:"unreadable"`
		Bytes      int            `json:"bytes"`
		Namespaces map[string]int `json:"namespaces"`
	}{Format: src.Format, Namespaces: map[string]int{}}
	for item, err := range src.Items(o) {
		if bad, ok := errors.AsType[*corpus.ItemError](err); ok {
			say(a.err, "unreadable: %v\n", bad)
			plan.Unreadable++
			continue
		}
		if err != nil {
			return err
		}
		if item.Link != nil {
			plan.Links++
			continue
		}
		ns := item.Draft.Namespace
		if ns == "" {
			ns = "global"
		}
		plan.Memories++
		plan.Bytes += len(item.Draft.Content)
		plan.Namespaces[ns]++
	}
	return a.show(plan, func(w io.Writer) error {
		say(w, "%s: %d memories, %d links, %.1f KiB of text, %d unreadable; nothing was written\n",
			plan.Format, plan.Memories, plan.Links, float64(plan.Bytes)/1024, plan.Unreadable)
		rows := [][]string{}
		for _, ns := range slices.Sorted(maps.Keys(plan.Namespaces)) {
			rows = append(rows, []string{ns, decimal(plan.Namespaces[ns])})
		}
		return table(w, []string{"NAMESPACE", "MEMORIES"}, rows)
	})
}

func (r *importReport) receipt(receipt *client.Receipt) {
	if receipt != nil {
		r.Durability[receipt.Durability]++
	}
}

func since(start time.Time) float64 { return time.Since(start).Round(time.Millisecond).Seconds() }
