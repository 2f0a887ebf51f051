package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// tick is the unit in which Linux tells programs of CPU time: USER_HZ is 100 on all that
// Go runs on.
const tick = 10 * time.Millisecond

// cpuTime is what a process has used, in user mode and in the system's.
func cpuTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, os.ErrNotExist) {
		return 0, errNoProc
	}
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // proc(5): utime is the 14th, of which two are before
	if len(fields) < 13 {
		return 0, fmt.Errorf("process %d: %q", pid, b)
	}
	user, err1 := strconv.Atoi(string(fields[11]))
	system, err2 := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// cpuTimes are those of all nodes; nil where the system does not tell.
func (c *cluster) cpuTimes() []time.Duration {
	out := make([]time.Duration, len(c.nodes))
	for i, p := range c.nodes {
		var err error
		if out[i], err = cpuTime(p.PID()); err != nil {
			return nil
		}
	}
	return out
}

// cpuOf is what a write took of a node, in milliseconds.
func (o *result) cpuOf(node int) float64 {
	if node >= len(o.cpu) || o.all == 0 {
		return 0
	}
	return millis(o.cpu[node]) / float64(o.all)
}

// profile writes into the directory of profiles, if there is one, where the CPU of each
// node goes while a load runs: files for go tool pprof.
func (r *runner) profile(ctx context.Context, c *cluster, l load) error {
	if r.Profile == "" {
		return nil
	}
	r.count++
	label := fmt.Sprintf("%03d-%d-clients", r.count, l.clients)
	seconds := max(1, int((l.warm + l.duration).Seconds()))
	var all errgroup.Group
	for _, p := range c.nodes {
		all.Go(func() error {
			return p.profile(ctx, filepath.Join(r.Profile, label+"-"+p.place.Name+".pb.gz"), seconds)
		})
	}
	return all.Wait()
}

func (p *process) profile(ctx context.Context, file string, seconds int) error {
	key, err := os.ReadFile(filepath.Join(p.dir, "operator.key"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL()+"/debug/pprof/profile?seconds="+strconv.Itoa(seconds), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("profile of %s: %s", p.place.Name, res.Status)
	}
	out, err := os.Create(file) //nolint:gosec // in the directory that was asked for
	if err != nil {
		return err
	}
	_, err = io.Copy(out, res.Body)
	return errors.Join(err, out.Close())
}
