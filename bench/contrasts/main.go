// Command contrasts tries what loses or splits data in a federation of memories,
// and prints what a user gets: on nodes of ours, on nodes of ai-memory 0.7.1, and on
// a federation of both. It starts the nodes on loopback, in a temporary directory, or
// takes the URLs of three that run; then what needs a node to die is left out.
//
//	contrasts -tally bin/tally -ai-memory PATH -layouts ttt,rtt,rrt,rrr
//	contrasts -urls http://10.0.0.1:9077,http://10.0.0.2:9077,http://10.0.0.3:9077
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/fleet"
)

// options are what the command line says.
type options struct {
	tally, real string // programs
	layouts     string
	urls        string
	cases       string
	report      string
	watch       time.Duration
	load        time.Duration
	keep        bool
}

func main() {
	var o options
	flag.StringVar(&o.tally, "tally", "bin/tally", "the tally `program`")
	flag.StringVar(&o.real, "ai-memory", "", "the ai-memory 0.7.1 `program`; without it, layouts with r are left out")
	flag.StringVar(&o.layouts, "layouts", "ttt,rtt,rrt", "federations of three: t is a node of ours, r one of ai-memory, l one of ours that is\ntold of the others as of nodes of ai-memory, and they of it; +keys, +cred and +chain have them\nsign, and +embed gives those of ai-memory a model")
	flag.StringVar(&o.urls, "urls", "", "`URLs` of three nodes that run, in the place of layouts")
	flag.StringVar(&o.cases, "cases", "", "letters of the cases, such as acj; all if empty")
	flag.StringVar(&o.report, "report", "", "write the Markdown to this `file` too")
	flag.DurationVar(&o.watch, "watch", 20*time.Second, "how long to wait for what should come")
	flag.DurationVar(&o.load, "load", 0, "measure acknowledged writes for this long each, and the calls of fsync, in the place of the\ncases; layouts may have one letter then")
	flag.BoolVar(&o.keep, "keep", false, "keep the directory of the nodes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "contrasts:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	out, file := io.Writer(os.Stdout), io.Discard
	if o.report != "" {
		f, err := os.Create(o.report)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		file, out = f, io.MultiWriter(out, f)
	}
	if o.urls != "" {
		f := &federation{layout: "urls", watch: o.watch}
		for i, u := range strings.Split(o.urls, ",") {
			f.nodes = append(f.nodes, &node{name: string(rune('A' + i)), url: strings.TrimRight(u, "/")})
		}
		if len(f.nodes) != 3 {
			return errors.New("-urls: want three")
		}
		return writeTable(out, []string{"these nodes"}, []map[string]string{f.cases(ctx, o.cases)})
	}
	dir, err := os.MkdirTemp("", "contrasts")
	if err != nil {
		return err
	}
	if !o.keep {
		defer func() { _ = os.RemoveAll(dir) }()
	}
	if o.load > 0 {
		return measureAll(ctx, o, dir, out)
	}
	var names []string
	var results []map[string]string
	for layout := range strings.SplitSeq(o.layouts, ",") {
		if o.lacks(layout) {
			continue
		}
		got, err := runLayout(ctx, o, layout, filepath.Join(dir, layout))
		if err != nil {
			return fmt.Errorf("%s: %w", layout, err)
		}
		names, results = append(names, layout), append(results, got)
	}
	if len(names) == 0 {
		return nil
	}
	if _, err := fmt.Fprintf(file, page, time.Now().UTC().Format(time.DateOnly), o.watch); err != nil {
		return err
	}
	return writeTable(out, names, results)
}

// page is what stands above the table of a report.
const page = `# Evidence: a mesh of ours and ai-memory 0.7.1

Runs of bench/contrasts with the published program ai-memory 0.7.1, with its default features, on
%s, loopback. Its nodes catch up every 5 s; those that sign nothing believe their
peers. Things were waited for %s. "make mesh AI_MEMORY=path/to/ai-memory" makes the
runs again and writes this page.

A, B and C are three nodes, of which "t" is one of ours and "r" one of ai-memory. "Kept 1 / 2 / 2"
is on A, B and C. In bold what a user would not expect; [why](../mixed-mesh.md#what-is-lost). With
"keys" every node has enrolled the keys of the others and takes nothing unsigned, with "chain" they
show credentials of an authority below a root; with "embed" the nodes of ai-memory have a model.

Case k writes in every way on every node: store, update, rename, lower a priority, merge, link,
archive, restore, delete, consolidate, set a standard, bulk, notify, register. Case l then kills
each node in turn, changes what there is on the other two, starts it again, and compares every
memory, link, rule and message.

`

// lacks reports, and says, that there is no program for a layout.
func (o options) lacks(layout string) bool {
	if !strings.Contains(layout, "r") || o.real != "" {
		return false
	}
	fmt.Fprintf(os.Stderr, "%s: left out, there is no ai-memory program (-ai-memory)\n", layout)
	return true
}

func measureAll(ctx context.Context, o options, dir string, out io.Writer) error {
	var list []*figures
	for layout := range strings.SplitSeq(o.layouts, ",") {
		if o.lacks(layout) {
			continue
		}
		got, err := measure(ctx, o, layout, filepath.Join(dir, layout))
		if err != nil {
			return fmt.Errorf("%s: %w", layout, err)
		}
		list = append(list, got)
	}
	if len(list) == 0 {
		return nil
	}
	return writeFigures(out, list)
}

func runLayout(ctx context.Context, o options, layout, dir string) (map[string]string, error) {
	var family fleet.Family
	defer family.Kill()
	f, err := newFederation(ctx, &family, o, layout, dir)
	if err != nil {
		return nil, err
	}
	return f.cases(ctx, o.cases), nil
}

// writeTable prints one row for each case and one column for each federation.
func writeTable(w io.Writer, names []string, results []map[string]string) error {
	if _, err := fmt.Fprintf(w, "| Case | %s |\n|--|%s\n", strings.Join(names, " | "), strings.Repeat("--|", len(names))); err != nil {
		return err
	}
	for _, c := range allCases() {
		row := []string{"(" + c.letter + ") " + c.what}
		some := false
		for _, r := range results {
			row = append(row, r[c.letter])
			some = some || r[c.letter] != ""
		}
		if !some {
			continue
		}
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | ")); err != nil {
			return err
		}
	}
	return nil
}
