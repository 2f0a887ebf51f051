package doctor

import (
	"time"

	"github.com/tallystick/tallystick/client"
)

const (
	oldBackup     = 7 * 24 * time.Hour
	longUnread    = 30 * 24 * time.Hour // since a backup was read as a whole
	smallUnlogged = 100                 // entries that are worth no new backup for their age
)

// Backup judges the backup that a node makes by itself; lsn is the end of its log.
func Backup(b *client.Backups, lsn uint64, now time.Time) client.Finding {
	const check = "backup"
	var r report
	switch n := len(b.Files); {
	case b.Dir == "":
		r.add(client.FindingOK, check, "this node makes none by itself: backup_dir is not set", "members are copies of each other, and no protection from a mistake: set backup_dir, or run tally backup DIR every night")
	case b.Fault != "":
		r.fail(check, b.Fault, "see that the node may read and write "+b.Dir)
	case n == 0:
		r.warn(check, "there is none yet in "+b.Dir, "make the first one: tally backup").Fix = client.FixBackUp
	case b.Verified != nil && !b.Verified.OK:
		r.fail(check, "it is not whole: "+b.Verified.Error, "name another folder as backup_dir, and make a new one; keep this one until that is verified")
	case b.Taken != nil && !b.Taken.OK:
		r.fail(check, "the last attempt failed: "+b.Taken.Error, "see to that, and run tally backup").Fix = client.FixBackUp
	default:
		r.age(b, &b.Files[n-1], lsn, now)
	}
	return r[0]
}

// age judges a backup that is whole as far as is known.
func (r *report) age(b *client.Backups, last *client.BackupFile, lsn uint64, now time.Time) {
	const check = "backup"
	old := now.Sub(last.TakenAt.Time)
	text := "the newest is " + span(old) + " old"
	switch {
	case old > oldBackup && lsn > last.LSN+smallUnlogged:
		r.warn(check, text+", and more was written since", "run tally backup, every night").Fix = client.FixBackUp
	case b.Verified == nil:
		r.warn(check, text+", and was not read since", "see that it is whole: tally verify").Fix = client.FixVerifyBackup
	case now.Sub(b.Verified.At.Time) > longUnread:
		r.warn(check, text+", and was last read "+span(now.Sub(b.Verified.At.Time))+" ago", "see that it is whole: tally verify").Fix = client.FixVerifyBackup
	default:
		r.well(check, text+", and whole when it was read "+span(now.Sub(b.Verified.At.Time))+" ago")
		if b.SameDisk { // whether it is copied elsewhere is not known here
			(*r)[0].Next = "it lies on the disk of the data directory, and what takes the one takes the other: copy it elsewhere, or name a folder on another disk"
		}
	}
}
