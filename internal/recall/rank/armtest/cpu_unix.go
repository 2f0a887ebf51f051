//go:build unix

package armtest

import (
	"syscall"
	"time"
)

// Used is how much time of processors this process has taken.
func Used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
