package store

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// startID returns what tells one start of this machine from another, and one mount of dir:
// after either what was written and not synced may be gone. It is "" where that is not told.
// Each namespace has mounts of its own; before Linux 6.8 they have no numbers that are not
// used again (statx(2)), and only the machine's start counts.
func startID(dir string) string {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id") // random(4)
	if err != nil {
		return ""
	}
	id := strings.TrimSpace(string(raw))
	var st unix.Statx_t
	err = unix.Statx(unix.AT_FDCWD, dir, 0, unix.STATX_MNT_ID_UNIQUE, &st)
	space, unknown := os.Readlink("/proc/self/ns/mnt")
	if err != nil || unknown != nil || st.Mask&unix.STATX_MNT_ID_UNIQUE == 0 {
		return id
	}
	return fmt.Sprintf("%s mount %d in %s", id, st.Mnt_id, space)
}
