package node

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/internal/replicate"
)

// notify tells the service manager that started this process how the node
// stands: once it serves clients, when it begins to drain, and in between, if
// the manager watches, that it is alive. It speaks sd_notify(3): datagrams to
// the socket that NOTIFY_SOCKET names. Without that variable it does nothing,
// and a manager that does not listen is no reason to stop a node.
func (n *node) notify(ctx context.Context) error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unixgram", socket)
	if err != nil {
		n.log.WarnContext(ctx, "service manager not reached", "err", err)
		return nil
	}
	defer conn.Close() //nolint:errcheck // each datagram stands for itself
	tell := func(state string) {
		if _, err := conn.Write([]byte(state)); err != nil {
			n.log.WarnContext(ctx, "service manager not told", "state", state, "err", err)
		}
	}
	select {
	case <-n.open:
	case <-ctx.Done():
	}
	if ctx.Err() == nil {
		tell("READY=1\nSTATUS=serving")
	}
	n.beat(ctx, watchdog(os.Getenv), func() { tell("WATCHDOG=1") })
	tell("STOPPING=1\nSTATUS=draining")
	return nil
}

// beat calls alive twice per interval until ctx is done; without an interval it
// only waits for that. Each time a read of the storage must have come back
// before: a node that hangs falls silent. What the read says does not matter,
// because a full disk or a broken file does not go away by a restart.
func (n *node) beat(ctx context.Context, interval time.Duration, alive func()) {
	if interval <= 0 {
		<-ctx.Done()
		return
	}
	ticker := time.NewTicker(max(interval/2, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := n.books.Core.Ready(ctx); err != nil && ctx.Err() == nil {
				n.log.WarnContext(ctx, "storage does not answer a read", "err", err)
			}
			alive()
		}
	}
}

// watchdog is how often at least the service manager wants to hear of this
// process, 0 if it does not.
func watchdog(getenv func(string) string) time.Duration {
	if pid := getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0 // meant for another process that shares our environment
	}
	const bits = 52 // as many microseconds fit into a Duration
	usec, err := strconv.ParseUint(getenv("WATCHDOG_USEC"), 10, bits)
	if err != nil {
		return 0
	}
	return time.Duration(usec) * time.Microsecond
}

// catchUp tells whoever wants to know how far this node has caught up.
func (n *node) catchUp(ctx context.Context) {
	if n.parts.CatchingUp == nil {
		return
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		held, known := replicate.Gap(n.fed)
		if known > 0 {
			n.parts.CatchingUp(held, known)
		}
		if known > 0 && held == known {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
