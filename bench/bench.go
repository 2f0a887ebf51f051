package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// measure is one thing that is measured.
type measure struct {
	letter string
	title  string
	run    func(context.Context, *runner) ([]Row, error)
}

func measures() []measure {
	return []measure{
		{"a", "three nodes, W = 2, 128 clients", threeNodes},
		{"b", "three nodes, W = 2, one client", oneClient},
		{"c", "one node, 64 clients", oneNode},
		{"d", "many nodes on one host, 64 clients", manyNodes},
		{"e", "five nodes, one dead and one slow", degraded},
		{"f", "one node with many memories", large},
		{"g", "three nodes, 1, 16 and 128 clients, at one and at all", sweep},
		{"h", "three nodes with and without TLS and signatures", trusted},
		{"i", "one node as it grows, to ten times as many memories at a time", growing},
		{"j", "one node with many memories that is asked, and written to", asking},
		{"k", "three nodes: from a write to a search that finds it, and bytes over the network", network},
	}
}

// runner is a run: the options with their defaults, and where things are.
type runner struct {
	Options
	dir    string // removed at the end
	notes  []string
	count  int // of data directories
	rivals []rival
}

// Run measures, and writes the report to w. It removes what it made, also when
// ctx ends it early.
func Run(ctx context.Context, o Options, w io.Writer) (err error) {
	if err := o.defaults(); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if o.Binary == "" {
		if o.Binary, err = os.Executable(); err != nil {
			return fmt.Errorf("bench: find this program: %w", err)
		}
	}
	dir, err := os.MkdirTemp(o.Dir, "tally-bench-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer func() {
		if e := os.RemoveAll(dir); err == nil {
			err = e
		}
	}()
	r := &runner{Options: o, dir: dir}
	if r.rivals, err = parseRivals(o.Against); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	if o.Profile != "" {
		if err := os.MkdirAll(o.Profile, 0o700); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	return r.report(ctx, measures(), w)
}

// report measures one thing after the other and writes what came out, also where a later
// measure fails or ctx ends.
func (r *runner) report(ctx context.Context, list []measure, w io.Writer) error {
	report, err := r.all(ctx, list)
	if err != nil {
		err = fmt.Errorf("bench: %w", err)
		if report == nil || len(report.Rows) == 0 {
			return err
		}
	}
	write := report.writeTable
	if r.JSON {
		write = report.writeJSON
	}
	return errors.Join(write(w), err)
}

// all returns what was measured, also beside an error.
func (r *runner) all(ctx context.Context, list []measure) (*Report, error) {
	p50, p99, err := fsyncs(r.dir, 300)
	if err != nil {
		return nil, err
	}
	report := &Report{
		Cores: runtime.NumCPU(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Rounds: r.Rounds, Seconds: r.Duration.Seconds(), FsyncP50: micros(p50), FsyncP99: micros(p99),
	}
	for _, m := range list {
		if len(r.Only) > 0 && !slices.Contains(r.Only, m.letter) {
			continue
		}
		r.say("%s: %s", m.letter, m.title)
		rows, err := m.run(ctx, r)
		report.Rows, report.Notes = append(report.Rows, rows...), r.notes
		if err != nil {
			return report, fmt.Errorf("measure %s: %w", m.letter, err)
		}
	}
	return report, nil
}

// say reports progress.
func (r *runner) say(format string, args ...any) {
	fmt.Fprintf(r.Progress, format+"\n", args...) //nolint:errcheck // nobody is served by stopping for it
}

// note adds a line below the table.
func (r *runner) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !slices.Contains(r.notes, line) {
		r.notes = append(r.notes, line)
	}
}

// data makes a new data directory.
func (r *runner) data() (string, error) {
	r.count++
	dir := filepath.Join(r.dir, fmt.Sprintf("data-%d", r.count))
	return dir, os.Mkdir(dir, 0o700)
}

// warm is how long a load runs before it counts.
func (r *runner) warm() time.Duration { return min(r.Duration/5, 2*time.Second) }

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
