//go:build !linux && !darwin

package pace

import "net"

// keepLittle bounds all that the system keeps, where it cannot be told what of that counts.
func keepLittle(c *net.TCPConn) { _ = c.SetWriteBuffer(2 * unsent) }
