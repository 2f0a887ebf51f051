// Package journal keeps what agents were given, in files of the node: a [Journal] of
// each briefing, with the versions of what it showed, and [Readers], which counts who has
// read which memory by whatever way. They hold ids and no texts.
package journal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/client"
)

// DefaultMax is how large a file may become before a new one is begun, in bytes.
const DefaultMax = 8 << 20

// Journal appends a line for each briefing to a file. When that is full it becomes
// the old one, and the old one before it is dropped. It is safe for concurrent use.
type Journal struct {
	path string
	max  int64
	log  *slog.Logger

	mu   sync.Mutex // guards file and size
	file *os.File
	size int64
}

// Open opens the journal in a file, and makes it if it is not there. A file is
// full at max bytes; 0 is [DefaultMax].
func Open(path string, maxSize int64, log *slog.Logger) (*Journal, error) {
	j := &Journal{path: path, max: cmp.Or(maxSize, DefaultMax), log: log}
	return j, j.open()
}

func (j *Journal) open() error {
	f, err := os.OpenFile(j.path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("journal: %w", err), f.Close())
	}
	j.file, j.size = f, info.Size()
	return j.whole()
}

// whole ends a line that a crash has cut, so that the next one is not lost with it.
func (j *Journal) whole() error {
	if j.size == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := j.file.ReadAt(last, j.size-1); err != nil || last[0] == '\n' {
		return err
	}
	j.size++
	_, err := j.file.WriteString("\n")
	return err
}

// Note appends a line. If that fails it says so in the log: whoever is shown
// something need not wait for a disk that is full.
func (j *Journal) Note(ctx context.Context, s client.Shown) {
	line, err := json.Marshal(s)
	if err == nil {
		err = j.append(append(line, '\n'))
	}
	if err != nil {
		j.log.WarnContext(ctx, "what an agent was shown cannot be kept", "err", err)
	}
}

func (j *Journal) append(line []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.size > 0 && j.size+int64(len(line)) > j.max {
		if err := j.turn(); err != nil {
			return err
		}
	}
	n, err := j.file.Write(line)
	j.size += int64(n)
	return err
}

// turn begins a new file.
func (j *Journal) turn() error {
	if err := errors.Join(j.file.Close(), os.Rename(j.path, j.old())); err != nil {
		return err
	}
	return j.open()
}

func (j *Journal) old() string { return j.path + ".1" }

// Shown lists the newest lines first: those of one agent, or all if it is "".
// Lines that a crash has cut are left out.
func (j *Journal) Shown(agent string, limit int) ([]client.Shown, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := []client.Shown{}
	for _, path := range []string{j.path, j.old()} {
		data, err := os.ReadFile(path) //nolint:gosec // of the data directory
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		for _, line := range slices.Backward(bytes.Split(data, []byte("\n"))) {
			var s client.Shown
			if len(out) == limit {
				return out, nil
			}
			if json.Unmarshal(line, &s) == nil && (agent == "" || s.AgentID == agent) {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// Close ends it.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.Close()
}
