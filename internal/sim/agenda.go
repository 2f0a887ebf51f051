package sim

import "time"

// appointment is something to be done at a time.
type appointment struct {
	at  time.Duration // since the epoch
	seq uint64
	do  func()
}

func (a appointment) before(b appointment) bool {
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

// agenda is a heap of appointments by time.
type agenda []appointment

func (a *agenda) push(x appointment) {
	h := append(*a, x)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !x.before(h[up]) {
			break
		}
		h[i], i = h[up], up
	}
	h[i] = x
	*a = h
}

// pop takes the first appointment. There must be one.
func (a *agenda) pop() appointment {
	h := *a
	first, n := h[0], len(h)-1
	x := h[n]
	h[n] = appointment{}
	h = h[:n]
	i := 0
	for {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(x) {
			break
		}
		h[i], i = h[down], down
	}
	if n > 0 {
		h[i] = x
	}
	*a = h
	return first
}
