//go:build !linux && !darwin

package doctor

// permissions says whether file modes keep others out.
const permissions = false

func diskSpace(string) (free, inodes uint64, ok bool) { return 0, 0, false }

func fileLimit() (uint64, bool) { return 0, false }

// SameDisk reports whether two files or directories are known to lie on one file system.
func SameDisk(string, string) bool { return false }
