package mcp

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	maxWatched = 64                     // resources of one subscription
	settling   = 250 * time.Millisecond // between two looks at a resource: a busy node changes all the time
)

// watch tells one client of changes of the resources that it has subscribed to. A
// resource has changed if the client, with its own rights, reads another text.
type watch struct {
	s      *surface
	server *mcp.Server     // for this client alone
	ctx    context.Context //nolint:containedctx // of the stream: subscriptions last as long as it does

	mu   sync.Mutex // guards ends
	ends map[string]func()
}

func (s *surface) newWatch(ctx context.Context) *watch {
	return &watch{s: s, ctx: ctx, ends: map[string]func(){}}
}

// subscribe begins to watch a resource that the client can read now.
func (w *watch) subscribe(_ context.Context, req *mcp.SubscribeRequest) error { //nolint:contextcheck // a subscription lasts as long as the stream
	uri := req.Params.URI
	if w.s.cfg.Changed == nil {
		return errors.New("this node tells of no changes")
	}
	changed := w.s.cfg.Changed()            // before reading: what comes meanwhile is not missed
	text, err := w.s.read(w.ctx, uri, true) //nolint:contextcheck // the same
	if err != nil {
		return mcp.ResourceNotFoundError(uri)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ends) >= maxWatched {
		return fmt.Errorf("no more than %d resources can be watched at once", maxWatched)
	}
	if w.ends[uri] != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan struct{})
	w.ends[uri] = func() {
		cancel()
		<-done
	}
	go func() {
		defer close(done)
		w.follow(ctx, uri, sha256.Sum256([]byte(text)), changed)
	}()
	return nil
}

// unsubscribe ends a subscription, and waits until nothing more comes of it.
func (w *watch) unsubscribe(_ context.Context, req *mcp.UnsubscribeRequest) error {
	w.mu.Lock()
	end := w.ends[req.Params.URI]
	delete(w.ends, req.Params.URI)
	w.mu.Unlock()
	if end != nil {
		end()
	}
	return nil
}

// follow looks at a resource after changes of the node, and tells if it reads
// otherwise. One that is gone has changed, too.
func (w *watch) follow(ctx context.Context, uri string, last [sha256.Size]byte, changed <-chan struct{}) {
	pause := time.NewTimer(settling)
	defer pause.Stop()
	for {
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		pause.Reset(settling)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		changed = w.s.cfg.Changed()
		text, err := w.s.read(ctx, uri, true)
		if err != nil && !errors.Is(err, errNoResource) {
			continue
		}
		now := sha256.Sum256([]byte(text))
		if now == last || ctx.Err() != nil {
			continue
		}
		last = now
		_ = w.server.ResourceUpdated(ctx, &mcp.ResourceUpdatedNotificationParams{URI: uri}) // who is gone need not know
	}
}
