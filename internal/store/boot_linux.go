package store

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// startID returns what tells one start of this machine from another, and one mount of dir:
// after either what was written and not synced may be gone. It is "" where that is not told.
// Before Linux 6.8 mounts have no numbers of their own (statx(2)), and only the machine's
// start counts.
func startID(dir string) string {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id") // random(4)
	if err != nil {
		return ""
	}
	id := strings.TrimSpace(string(raw))
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, dir, 0, unix.STATX_MNT_ID_UNIQUE, &st); err == nil && st.Mask&unix.STATX_MNT_ID_UNIQUE != 0 {
		id += fmt.Sprint(" mount ", st.Mnt_id)
	}
	return id
}
