package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
)

// ErrDamaged is that the end of a log is not a row of its node: it was changed, or
// the disk has lost more than a part of the last row. Look with [Verify] before the
// file is set aside.
var ErrDamaged = errors.New("the audit log is damaged")

// Log appends to an audit log. It is safe for concurrent use.
type Log struct {
	key identity.Key
	now func() time.Time

	mu   sync.Mutex
	file *os.File
	size int64 // of the rows that are whole
	head Head
	err  error // why nothing can be appended any more
}

// Open opens the log in a file, which is made if there is none. A part of a row at
// its end, which a crash has left, is cut off, and that is the next event. A file
// whose last row was not signed by key is [ErrDamaged].
func Open(path string, key identity.Key, now func() time.Time) (*Log, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // a path of the operator
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	l := &Log{key: key, now: now, file: f}
	if err := l.recover(); err != nil {
		return nil, fmt.Errorf("open the audit log %s: %w", path, errors.Join(err, f.Close()))
	}
	return l, nil
}

// recover finds the last whole row, and makes it the end of the file.
func (l *Log) recover() error {
	end, err := l.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	tail := make([]byte, min(end, 4*MaxRow))
	if _, err := l.file.ReadAt(tail, end-int64(len(tail))); err != nil {
		return err
	}
	whole := bytes.LastIndexByte(tail, '\n') + 1
	rest := tail[whole:]
	if r, err := parse(rest); err == nil && r.signedBy(l.signer(r)) {
		// Only the line feed is missing.
		if _, err := l.file.WriteAt([]byte("\n"), end); err != nil {
			return err
		}
		return l.recover()
	}
	switch {
	case whole > 0:
		err = l.follow(tail[:whole-1])
	case end > int64(len(tail)):
		err = fmt.Errorf("no end of a row in the last %d bytes: %w", len(tail), ErrDamaged)
	}
	if err != nil {
		return err
	}
	l.size = end - int64(len(rest))
	return l.begin(len(rest))
}

// follow goes on behind the last of some rows.
func (l *Log) follow(rows []byte) error {
	last, err := parse(rows[bytes.LastIndexByte(rows, '\n')+1:])
	if err != nil || !last.signedBy(l.signer(last)) {
		return fmt.Errorf("the last row was not signed by this node: %w", ErrDamaged)
	}
	l.head = Head{Seq: last.seq, Hash: last.hash}
	return nil
}

// begin cuts off what a crash has left, and writes what the file must begin or go
// on with.
func (l *Log) begin(torn int) error {
	if torn > 0 {
		if err := errors.Join(l.file.Truncate(l.size), l.file.Sync()); err != nil {
			return err
		}
	}
	if l.head.Seq == 0 {
		if err := l.Append(Event{Kind: Opened, Subject: l.key.Public().String()}); err != nil {
			return err
		}
	}
	if torn > 0 {
		return l.Append(Event{Kind: TornTail, Detail: fmt.Sprintf("%d bytes were cut off", torn)})
	}
	return nil
}

// signer is who must have signed the last row: this node's key, unless the row is
// the very one with which an older key handed over.
func (l *Log) signer(last row) identity.PublicKey {
	if last.event.Kind == SigningKey && last.event.Subject == l.key.Public().String() {
		if old, err := identity.ParsePublicKey(last.event.Actor); err == nil {
			return old
		}
	}
	return l.key.Public()
}

// Append adds events, and returns when they are on the disk. Times that are zero are
// set. After an error nothing can be appended any more: what is on the disk is known
// only when the file is opened again.
func (l *Log) Append(events ...Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	var rows []byte
	head := l.head
	for _, e := range events {
		if e.At.IsZero() {
			e.At = l.now()
		}
		text, err := e.encode()
		if err != nil {
			return err
		}
		line, hash := format(l.key, head.Seq+1, head.Hash, text)
		rows, head = append(rows, line...), Head{Seq: head.Seq + 1, Hash: hash}
	}
	_, err := l.file.WriteAt(rows, l.size)
	if err = errors.Join(err, l.file.Sync()); err != nil {
		l.err = fmt.Errorf("append to the audit log: %w", err)
		return l.err
	}
	l.size, l.head = l.size+int64(len(rows)), head
	return nil
}

// Rotate hands over to another key, which signs from the next event on.
func (l *Log) Rotate(next identity.Key) error {
	if err := l.Append(Event{Kind: SigningKey, Actor: l.key.Public().String(), Subject: next.Public().String()}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.key = next
	return nil
}

// Head returns the end of the log.
func (l *Log) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Close closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = os.ErrClosed
	return l.file.Close()
}
