package api

import (
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// Bounds of what bodies take together, and of how slowly they may come.
const (
	maxBodies  = 64 << 20         // bytes of all bodies that are held at once
	freeBody   = 16 << 10         // bytes of each that are not counted, so that small ones always find room
	slowest    = 16 << 10         // bytes a second that a body must come at, but for
	patience   = 10 * time.Second // how long any body may take
	firstPiece = 4 << 10
)

// room is the memory that request bodies share. It is taken as bytes come, and
// not as they are announced: a claim costs nothing.
type room struct{ free *semaphore.Weighted }

func newRoom() room { return room{semaphore.NewWeighted(maxBodies)} }

// read reads a body into memory, of which taken bytes are to be given back when
// it is no longer needed, whatever err is.
func (r room) read(w http.ResponseWriter, body io.Reader, announced int64, longest time.Duration) (b []byte, taken int64, err error) {
	control, began := http.NewResponseController(w), time.Now()
	size := firstPiece
	if announced >= 0 && announced < freeBody {
		size = int(announced) + 1 // and a byte to find the end with
	}
	b = make([]byte, 0, size)
	for {
		if len(b) == cap(b) {
			grown := max(2*cap(b), firstPiece)
			if more := int64(grown) - max(int64(cap(b)), freeBody); more > 0 {
				if !r.free.TryAcquire(more) {
					return nil, taken, &verb.Problem{Code: client.CodeBusy, Text: "too many large request bodies are coming in; nothing was written", Retry: 1}
				}
				taken += more
			}
			b = append(make([]byte, 0, grown), b...)
		}
		// Where it cannot be set, the server's own deadline holds.
		_ = control.SetReadDeadline(began.Add(min(longest, patience+time.Duration(len(b)/slowest)*time.Second)))
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF { //nolint:errorlint // a Reader says so
			return b, taken, nil
		}
		if err != nil {
			return nil, taken, err
		}
	}
}

// leave gives back what a body took.
func (r room) leave(taken int64) {
	if taken > 0 {
		r.free.Release(taken)
	}
}
