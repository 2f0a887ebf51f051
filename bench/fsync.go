package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// fsyncs appends n pages to a file in dir, each made durable, and returns the
// median and the 99th percentile of the time that takes: the price of one
// commit, below which no store can go.
func fsyncs(dir string, n int) (p50, p99 time.Duration, err error) {
	f, err := os.Create(filepath.Join(dir, "fsync")) //nolint:gosec // a directory made for this run
	if err != nil {
		return 0, 0, err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // the directory goes at the end
	defer f.Close()           //nolint:errcheck // every write was synced
	page := make([]byte, 4096)
	took := make([]time.Duration, n)
	for i := range took {
		begun := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, 0, fmt.Errorf("measure fsync: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, 0, fmt.Errorf("measure fsync: %w", err)
		}
		took[i] = time.Since(begun)
	}
	slices.Sort(took)
	return quantile(took, 0.5), quantile(took, 0.99), nil
}

// quantile reads sorted values; 0 if there are none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
