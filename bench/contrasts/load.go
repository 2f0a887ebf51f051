package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/internal/fleet"
)

// figures are what was measured of one federation.
type figures struct {
	layout string
	rates  []rate
	fsyncs string // of the first node, for fsyncWrites writes of one client
}

// rate is how many writes were acknowledged.
type rate struct {
	clients  int
	perSec   float64
	p50, p99 time.Duration
	failed   int64
}

// fsyncWrites is how many writes the calls of fsync are counted for.
const fsyncWrites = 200

// measure loads node A of a layout with several numbers of clients, each for a time.
func measure(ctx context.Context, o options, layout, dir string) (*figures, error) {
	var family fleet.Family
	defer family.Kill()
	f, err := newFederation(ctx, &family, o, layout, dir)
	if err != nil {
		return nil, err
	}
	out := &figures{layout: layout}
	if out.fsyncs, err = f.fsyncs(ctx, &family, filepath.Join(dir, "strace")); err != nil {
		out.fsyncs = "not counted: " + err.Error()
	}
	for _, clients := range []int{1, 16, 128} {
		out.rates = append(out.rates, f.load(ctx, clients, o.load))
	}
	return out, nil
}

// load writes unique memories of 1 KiB on node A, from so many clients, for a time.
func (f *federation) load(ctx context.Context, clients int, d time.Duration) rate {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var mu sync.Mutex
	var took []time.Duration
	var failed, next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				title := fmt.Sprintf("load %d of %d clients", next.Add(1), clients)
				start := time.Now()
				_, status := f.nodes[0].store(ctx, "load", title, title+strings.Repeat(" x", 512), nil)
				if ctx.Err() != nil {
					return
				}
				if status != http.StatusCreated {
					failed.Add(1)
					continue
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	r := rate{clients: clients, perSec: float64(len(took)) / time.Since(began).Seconds(), failed: failed.Load()}
	if len(took) > 0 {
		r.p50, r.p99 = took[len(took)/2], took[len(took)*99/100]
	}
	return r
}

// fsyncs counts, by strace, how often node A asks its disk to keep something while one
// client writes.
func (f *federation) fsyncs(ctx context.Context, family *fleet.Family, file string) (string, error) {
	tracer := family.Node(fleet.Config{
		Name: "strace", Program: "strace", Log: file + ".log",
		Args: []string{"-f", "-c", "-e", "trace=fsync,fdatasync", "-o", file, "-p", strconv.Itoa(f.nodes[0].process.PID())},
	})
	if err := tracer.Spawn(); err != nil {
		return "", err
	}
	const attached = 10 * time.Second
	if !wait(ctx, attached, func() bool { return strings.Contains(tracer.Logs(), "attached") }) {
		tracer.Kill()
		return "", fmt.Errorf("strace does not attach: %.200s", tracer.Logs())
	}
	acked := 0
	for i := range fsyncWrites {
		title := fmt.Sprintf("counted %d", i)
		if _, status := f.nodes[0].store(ctx, "fsync", title, title, nil); status == http.StatusCreated {
			acked++
		}
	}
	if err := tracer.Signal(syscall.SIGINT); err != nil {
		return "", err
	}
	tracer.Wait()
	data, err := os.ReadFile(file) //nolint:gosec // in the directory of this run
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d for %d acknowledged writes", callsIn(string(data)), acked), nil
}

// callsIn sums the calls that a summary of strace has.
func callsIn(summary string) int {
	n := 0
	for _, m := range regexp.MustCompile(`(?m)^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?f(?:data)?sync$`).FindAllStringSubmatch(summary, -1) {
		calls, err := strconv.Atoi(m[1])
		if err == nil {
			n += calls
		}
	}
	return n
}

// writeFigures prints one row for each number of clients, and one for the disk.
func writeFigures(w io.Writer, list []*figures) error {
	head, line := []string{"Clients"}, []string{"--"}
	for _, f := range list {
		head, line = append(head, f.layout), append(line, "--")
	}
	rows := [][]string{head, line}
	for i, r := range list[0].rates {
		row := []string{strconv.Itoa(r.clients)}
		for _, f := range list {
			r := f.rates[i]
			text := fmt.Sprintf("%.0f · %.1f/%.1f", r.perSec, float64(r.p50.Microseconds())/1000, float64(r.p99.Microseconds())/1000)
			if r.failed > 0 {
				text += fmt.Sprintf(" (%d failed)", r.failed)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	last := []string{"fsync"}
	for _, f := range list {
		last = append(last, f.fsyncs)
	}
	for _, row := range append(rows, last) {
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | ")); err != nil {
			return err
		}
	}
	return nil
}
