//go:build linux || darwin

package doctor

import (
	"os"
	"syscall"
)

// permissions says whether file modes keep others out.
const permissions = true

// diskSpace is what an ordinary user may still write where dir is.
func diskSpace(dir string) (free, inodes uint64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil || s.Bsize < 0 {
		return 0, 0, false
	}
	return s.Bavail * uint64(s.Bsize), s.Ffree, true
}

// fileLimit is how many files a process started from here may open.
func fileLimit() (uint64, bool) {
	var r syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r)
	return r.Max, err == nil
}

// SameDisk reports whether two files or directories lie on one file system.
func SameDisk(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	if err != nil {
		return false
	}
	x, known := one.Sys().(*syscall.Stat_t)
	y, both := other.Sys().(*syscall.Stat_t)
	return known && both && x.Dev == y.Dev
}
