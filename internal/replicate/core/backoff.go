package core

import "time"

// splitmix is Steele, Lea and Flood's SplitMix64: enough randomness to keep
// nodes from marching in step, and repeatable.
type splitmix uint64

func (s *splitmix) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn returns a number from 0 to n-1.
func (s *splitmix) intn(n int) int { return int(s.next() % uint64(n)) }

// jitter returns a duration between three quarters of d and d.
func (s *splitmix) jitter(d time.Duration) time.Duration {
	return d - time.Duration(s.next()%1024)*(d/4096)
}

// backoff returns how long to wait after the attempt-th failure in a row, from 1.
func (c *Core) backoff(attempt int) time.Duration {
	d := c.cfg.BackoffMin
	for range attempt - 1 {
		if d *= 2; d >= c.cfg.BackoffMax {
			d = c.cfg.BackoffMax
			break
		}
	}
	return c.rand.jitter(d)
}
