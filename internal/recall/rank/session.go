package rank

import (
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// The constants of BM25 over sessions.
const (
	sessionK1 = 1.2
	sessionB  = 0.75
)

func (r *textSearch) inSession(s uint32, count float32) {
	c := &r.sess[s]
	if c.mark != r.epoch {
		c.mark = r.epoch
		c.pool = 0
		r.sessNow = append(r.sessNow, s)
	}
	c.pool += count
}

// dateWord counts a word of a date in the sessions of that date.
func (r *textSearch) dateWord(g *group) {
	day, month, year := when.Piece(string(g.word))
	if day == 0 && month == 0 && year == 0 {
		return
	}
	for s := range uint32(r.AllSessions()) {
		said, n, _ := r.Session(s)
		if said == when.None || n == 0 || !r.InSight(s) {
			continue
		}
		if y, m, d := said.Civil(); d == day || m == month || y == year {
			r.inSession(s, 1)
		}
	}
}

// settleSessions turns the counts of a word into scores of sessions.
func (r *textSearch) settleSessions() {
	if len(r.sessNow) == 0 {
		return
	}
	weight := idf(r.Sessions, len(r.sessNow))
	mean := float32(r.Words) / float32(max(1, r.Sessions))
	for _, s := range r.sessNow {
		c := &r.sess[s]
		if c.seen != r.query {
			c.seen = r.query
			c.score = 0
			r.sessions = append(r.sessions, s)
		}
		_, _, words := r.Session(s)
		norm := float32(sessionK1 * (1 - sessionB + sessionB*float32(words)/mean))
		c.score += weight * c.pool * (sessionK1 + 1) / (c.pool + norm)
	}
}

// closeSessions turns the scores of sessions into what their documents have of them.
func (r *textSearch) closeSessions() {
	for _, s := range r.sessions {
		r.best1 = max(r.best1, r.sess[s].score)
	}
	for _, s := range r.sessions {
		c := &r.sess[s]
		if r.best1 == 0 {
			c.score = 0
			continue
		}
		_, turns, words := r.Session(s)
		c.score, c.gate = r.w.Session*c.score/r.best1, min(1, 60*float32(turns)/float32(words))
	}
}

// session is the part of document n's score that its session has.
func (r *textSearch) session(n uint32) float32 {
	of := r.Turns[n].Session
	if of == index.None {
		return 0
	}
	c := &r.sess[of]
	if c.seen != r.query {
		return 0
	}
	return c.score * r.Gate(n) * c.gate * c.gate
}

// sessionMost is at least session of document n.
func (r *textSearch) sessionMost(n uint32) float32 {
	of := r.Turns[n].Session
	if of == index.None || r.sess[of].seen != r.query {
		return 0
	}
	return r.sess[of].score * r.sess[of].gate * (1 + 1e-6) // the factors are not multiplied in one order
}
