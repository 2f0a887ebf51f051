//go:build linux || darwin

package main

import "syscall"

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
