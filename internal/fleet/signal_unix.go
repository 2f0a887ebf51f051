//go:build unix

package fleet

import (
	"os"
	"syscall"
)

// apart puts a child into a process group of its own, so that the Ctrl-C of the
// terminal reaches its parent alone, which then takes the nodes down in order.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// alone puts a child into a session of its own: no terminal ends it.
func alone() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
