//go:build !unix

package fleet

import (
	"os"
	"syscall"
)

func apart() *syscall.SysProcAttr { return nil }

func alone() *syscall.SysProcAttr { return nil }

// terminate has no gentle form here.
func terminate(p *os.Process) error { return p.Kill() }
