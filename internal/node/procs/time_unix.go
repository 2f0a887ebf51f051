//go:build unix

package procs

import (
	"syscall"
	"time"
)

// cpuTime is how much time of processors this process has taken; false if that is not known.
func cpuTime() (time.Duration, bool) {
	var r syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), err == nil
}
