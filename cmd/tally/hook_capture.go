package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/importer"
	"github.com/tallystick/tallystick/internal/carry"
)

// How many of the last exchanges of a session are looked at: all that have come since
// the last time, and, where something may have been missed, many.
const (
	lastTurns = 2
	manyTurns = 200

	maxTranscript = 64 << 20 // bytes
	maxHookLog    = 256 << 10
)

// capture keeps the last exchanges of a session, as an import of its transcript
// would: what is there and equal is left alone.
func (h *hookRun) capture(ctx context.Context, most int) error {
	path := h.in.Transcript
	if path == "" {
		return errors.New("the program says of no transcript: nothing was kept")
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file", path)
	case info.Size() > maxTranscript:
		return fmt.Errorf("%s is larger than %d MiB: import it", path, maxTranscript>>20)
	}
	ctx, cancel := context.WithTimeout(ctx, captureWithin)
	defer cancel()
	src, err := importer.Open(path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	if !importer.IsTranscript(src.Format) {
		return fmt.Errorf("%s is no transcript that is known here", path)
	}
	var list []importer.Item
	for item, err := range src.Items(importer.Options{Tier: "long", Agent: h.speaker()}) {
		if err == nil && item.Draft.Kind == "conversation" {
			list = append(list, item)
		}
	}
	list = list[max(0, len(list)-most):]
	c, err := h.connect(ctx)
	if err != nil {
		return err
	}
	items := func(yield func(importer.Item, error) bool) {
		for _, item := range list {
			if !yield(item, nil) {
				return
			}
		}
	}
	report, err := carry.Run(ctx, items, carry.Options{
		Nodes: []*client.Client{c}, As: h.connectAs, Agent: h.speaker(), With: client.With{Durability: client.Local}, Concurrency: 4,
	})
	if err == nil && report.Failed > 0 {
		err = fmt.Errorf("%d of %d exchanges were not kept", report.Failed, len(list))
	}
	return err
}

// log writes one line about what went wrong. If it cannot, nobody is told: the
// client must not be bothered.
func (h *hookRun) log(start time.Time, event string, failure error) {
	path := h.statePath("hooks.log")
	if path == "" || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	if info, err := os.Stat(path); err == nil && info.Size() > maxHookLog {
		_ = os.Rename(path, path+".old")
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // a file of ours
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	say(f, "%s %s %s %s: %s\n", start.UTC().Format(time.RFC3339), h.client, event, time.Since(start).Round(time.Millisecond), printable(failure.Error()))
}

// statePath is a file that this program keeps for the person, "" if there is no home.
func (s stdio) statePath(name string) string {
	state := s.getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home := s.getenv("HOME")
		if home == "" {
			var err error
			if home, err = os.UserHomeDir(); err != nil {
				return ""
			}
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "tallystick", name)
}
