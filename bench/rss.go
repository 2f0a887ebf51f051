package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// errNoProc: this system does not tell what a process takes.
var errNoProc = errors.New("no /proc: neither the memory nor the CPU time of processes is measured")

// rss is the resident memory of a process in bytes.
func rss(pid int) (int64, error) { return memoryOf(pid, "status", "VmRSS:") }

// pss is the resident memory of a process in bytes, of which what it shares with others,
// such as the program itself, is divided among them: the sum over all of them is what
// they take of the machine together. See proc_pid_smaps(5).
func pss(pid int) (int64, error) { return memoryOf(pid, "smaps_rollup", "Pss:") }

func memoryOf(pid int, file, field string) (int64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + file) //nolint:gosec // of the system
	if errors.Is(err, os.ErrNotExist) {
		return 0, errNoProc
	}
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(b) {
		rest, ok := bytes.CutPrefix(line, []byte(field))
		if !ok {
			continue
		}
		fields := bytes.Fields(rest)
		if len(fields) != 2 {
			break
		}
		kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read %s %w", field, err)
		}
		return kib << 10, nil
	}
	return 0, errNoProc
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
