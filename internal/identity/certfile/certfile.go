// Package certfile reads a certificate and its key from files that somebody else
// replaces, such as a tool for certificates.
package certfile

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
)

// Pair is the files of a certificate and its key. It is safe for concurrent use.
type Pair struct {
	Cert, Key string // names

	mu     sync.Mutex
	pair   *tls.Certificate
	stated [2]os.FileInfo
}

// Current returns what is in the files now. If that is no pair it returns the last one
// that was, with the error.
func (p *Pair) Current() (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var now [2]os.FileInfo
	changed := p.pair == nil
	for i, name := range []string{p.Cert, p.Key} {
		info, err := os.Stat(name)
		if err != nil {
			return p.pair, fmt.Errorf("TLS: %w", err)
		}
		now[i], changed = info, changed || !unchanged(p.stated[i], info)
	}
	if !changed {
		return p.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(p.Cert, p.Key)
	if err != nil {
		return p.pair, fmt.Errorf("TLS: %w", err)
	}
	p.pair, p.stated = &pair, now
	return p.pair, nil
}

// unchanged reports whether a file that is replaced as a whole is the same one.
func unchanged(last, now os.FileInfo) bool {
	return last != nil && os.SameFile(last, now) && last.ModTime().Equal(now.ModTime()) && last.Size() == now.Size()
}
