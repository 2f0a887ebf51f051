//go:build unix

package filelock

import (
	"os"
	"syscall"
)

// Try locks a file until it is closed, and is an error if another process has locked it.
func Try(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// Wait locks a file until it is closed, as soon as no other process has it.
func Wait(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }
