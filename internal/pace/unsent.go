//go:build linux || darwin

package pace

import (
	"net"

	"golang.org/x/sys/unix"
)

// keepLittle bounds what the system keeps of what it could not send yet.
func keepLittle(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsent)
	})
}
