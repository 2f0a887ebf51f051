package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
)

// BenchmarkTheWayOfAnAgent measures what the proxy adds to a recall among 10,000
// memories, in two arms that take turns, how long a proxy takes from its start to its
// first answer, and the memory that it takes:
//
//	make build && TALLY=$PWD/bin/tally go test ./cmd/tally -run '^$' -bench TheWayOfAnAgent -benchtime 500x
//
// TALLY names the program; without it, the test binary is measured, which is larger.
func BenchmarkTheWayOfAnAgent(b *testing.B) {
	program := os.Getenv("TALLY")
	if program == "" {
		program, _ = os.Executable()
	}
	env := append(programEnv(), "HOME="+b.TempDir())
	var family fleet.Family
	node := family.Node(fleet.Config{
		Name: "node", Program: program, Args: []string{"serve", "--node", "a", "--listen", "127.0.0.1:0", "--data", b.TempDir(), "--log-level", "error"},
		Env: env, Log: filepath.Join(b.TempDir(), "log"),
	})
	if err := node.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = node.Stop() }()
	c, err := client.New(client.Options{URL: node.URL()})
	if err != nil {
		b.Fatal(err)
	}
	const memories, batch = 10_000, 500
	for i := 0; i < memories; i += batch {
		drafts := make([]client.Draft, batch)
		for j := range drafts {
			n := i + j
			drafts[j] = client.Draft{Title: fmt.Sprintf("Note %d", n), Content: fmt.Sprintf("The gate %d of the house %d opens with code %d when the %d bells ring.", n%97, n%89, n, n%83)}
		}
		if _, err := c.CreateAll(b.Context(), drafts); err != nil {
			b.Fatal(err)
		}
	}
	question := func(i int) string { return fmt.Sprintf("what opens gate %d of house %d", i%97, i%89) }
	start := func() (*exec.Cmd, func(id int, text string) error, time.Duration) {
		began := time.Now()
		p := proxyOf(b, program, append(env, "TALLY_SERVER="+node.URL()))
		ask := func(id int, text string) error {
			if reply, ok := p.ask(id, "recall", fmt.Sprintf(`{"context":%q}`, text)); !ok || reply.Result.Failed {
				return fmt.Errorf("recall: %+v", reply)
			}
			return nil
		}
		if _, err := fmt.Fprintln(p.in, `{"jsonrpc":"2.0","id":0,"method":"ping"}`); err != nil || !p.lines.Scan() {
			b.Fatalf("ping: %v", err)
		}
		return p.cmd, ask, time.Since(began)
	}
	var cold, nothing []time.Duration
	for range 20 {
		began := time.Now()
		if err := exec.Command(program, "version").Run(); err != nil && os.Getenv("TALLY") != "" {
			b.Fatal(err)
		}
		nothing = append(nothing, time.Since(began))
		cmd, _, took := start()
		cold = append(cold, took)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	cmd, ask, _ := start()
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	var bare, through []time.Duration
	b.ResetTimer()
	for i := range b.N {
		began := time.Now()
		if _, err := c.Recall(b.Context(), question(i), client.Selection{}); err != nil {
			b.Fatal(err)
		}
		bare = append(bare, time.Since(began))
		began = time.Now()
		if err := ask(i, question(i)); err != nil {
			b.Fatal(err)
		}
		through = append(through, time.Since(began))
	}
	b.StopTimer()
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(median(bare)), "bare_p50_ms")
	b.ReportMetric(ms(median(through)), "proxy_p50_ms")
	b.ReportMetric(ms(median(through)-median(bare)), "added_p50_ms")
	b.ReportMetric(ms(median(cold)), "cold_p50_ms")
	b.ReportMetric(ms(median(nothing)), "version_p50_ms") // a process that starts, says its version, and ends
	b.ReportMetric(float64(peakMemory(cmd.Process.Pid))/1024, "proxy_peak_MiB")
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

// peakMemory is the most that a process has had resident, in KiB; 0 where the system
// does not say.
func peakMemory(pid int) int {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if text, is := strings.CutPrefix(line, "VmHWM:"); is {
			n, _ := strconv.Atoi(strings.Fields(text)[0]) // then the system does not say
			return n
		}
	}
	return 0
}
