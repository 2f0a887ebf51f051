package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress tells on stderr how far long work is: a line that is overwritten on a
// terminal, now and then a plain line elsewhere. It is safe for concurrent use.
type progress struct {
	w        io.Writer
	what     string // such as "memories written"
	every    time.Duration
	terminal bool

	mu    sync.Mutex
	start time.Time
	last  time.Time
	width int
}

func newProgress(w io.Writer, what string) *progress {
	now := time.Now()
	p := &progress{w: w, what: what, every: 5 * time.Second, terminal: terminal(w), start: now, last: now}
	if p.terminal {
		p.every = 200 * time.Millisecond
	}
	return p
}

// at reports that n are done, of total if that is known (not 0).
func (p *progress) at(n, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.last) < p.every {
		return
	}
	p.last = now
	line := fmt.Sprintf("%d %s", n, p.what)
	if total > 0 {
		line = fmt.Sprintf("%d of %d %s", n, total, p.what)
	}
	if took := now.Sub(p.start).Seconds(); took > 0 {
		line += fmt.Sprintf(", %.0f/s", float64(n)/took)
	}
	if !p.terminal {
		say(p.w, "%s\n", line)
		return
	}
	say(p.w, "\r%-*s", p.width, line)
	p.width = len(line)
}

// done removes the line that a terminal still shows.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal && p.width > 0 {
		say(p.w, "\r%*s\r", p.width, "")
		p.width = 0
	}
}
