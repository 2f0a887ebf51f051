//go:build unix

package cluster

import (
	"os"
	"syscall"
)

// lockFile waits until no other process has locked the file, and locks it.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }
