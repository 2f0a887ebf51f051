package client

// Finding is the outcome of one check of a node.
type Finding struct {
	Check  string `json:"check" doc:"What was looked at." example:"disk"`
	State  string `json:"state" doc:"How it is: well, worth a look, or broken." enum:"ok,warn,fail"`
	Text   string `json:"text" doc:"What was found." example:"12.0 GiB and 70000 inodes free"`
	Next   string `json:"next,omitempty" doc:"What to do about it; absent where nothing needs to be done." example:"make room"`
	Fix    string `json:"fix,omitempty" doc:"What a program can do about it without harm; absent where that is nothing." enum:"repair,retry_parked,close_files,back_up,verify_backup"`
	Member string `json:"member,omitempty" doc:"The other member that it is about." example:"east"`
}

// States of a [Finding].
const (
	FindingOK   = "ok"
	FindingWarn = "warn"
	FindingFail = "fail"
)

// What a program can do about a [Finding].
const (
	FixRepair       = "repair"        // fetch from the member what differs
	FixRetryParked  = "retry_parked"  // offer refused ops again
	FixCloseFiles   = "close_files"   // take files of the data directory away from everybody but their owner
	FixBackUp       = "back_up"       // add to the backup
	FixVerifyBackup = "verify_backup" // read the whole backup
)

// Checkup is what a node finds when it looks at itself.
type Checkup struct {
	Node   string    `json:"node" doc:"The node that was asked." example:"north"`
	At     Time      `json:"at" doc:"When it looked."`
	OK     bool      `json:"ok" doc:"Nothing is broken; there may be what is worth a look."`
	Checks []Finding `json:"checks" doc:"What it found, one for each check."`
	Count  int       `json:"count" doc:"How many there are."`
}

// BackUpInput says how a backup goes on.
type BackUpInput struct {
	Base bool `json:"base,omitempty" doc:"Begin anew with the whole log, instead of adding what was logged since."`
}

// Backups are what is in the folder that a node makes its backups in.
type Backups struct {
	Dir      string         `json:"dir" doc:"The folder, backup_dir in the settings; empty: there is none, and the node makes no backups." example:"/var/backups/tally"`
	Files    []BackupFile   `json:"files" doc:"What is there, the oldest first. Each base begins anew; what follows it adds to it."`
	Count    int            `json:"count" doc:"How many there are."`
	Bytes    int64          `json:"bytes" doc:"The size of all of them."`
	Fault    string         `json:"fault,omitempty" doc:"Why the folder cannot be read." example:"permission denied"`
	SameDisk bool           `json:"same_disk,omitempty" doc:"The folder lies on the disk of the data directory: what takes the one takes the other."`
	Running  *BackupJob     `json:"running,omitempty" doc:"What is being done now."`
	Taken    *BackupOutcome `json:"taken,omitempty" doc:"How the last attempt ended to add to it, since the start of the node."`
	Verified *BackupOutcome `json:"verified,omitempty" doc:"How it ended when all of it was read last."`
}

// BackupFile is a file of a backup.
type BackupFile struct {
	File     string `json:"file" doc:"Its name in the folder." example:"000001-base-9f2c1d7a3b4e.jsonl"`
	Base     bool   `json:"base" doc:"It holds the whole log; others hold what was logged since the one before."`
	TakenAt  Time   `json:"taken_at" doc:"When it was taken."`
	Entries  int    `json:"entries" doc:"How many entries it holds."`
	Bytes    int64  `json:"bytes" doc:"Its size."`
	SHA256   string `json:"sha256" doc:"Digest of the file." pattern:"^[0-9a-f]{64}$"`
	Digest   string `json:"digest" doc:"Digest of the state that it leads to." pattern:"^[0-9a-f]{64}$"`
	LSN      uint64 `json:"lsn" doc:"Up to where in the node's log it goes."`
	Verified bool   `json:"verified" doc:"It was read since, and was whole."`
}

// BackupJob is something long that a node does with its backup.
type BackupJob struct {
	What    string `json:"what" doc:"What is done." enum:"back_up,verify"`
	Since   Time   `json:"since" doc:"Since when."`
	Entries int    `json:"entries" doc:"How many entries are done."`
	Of      int    `json:"of" doc:"How many there are; 0 as long as that is not known."`
}

// BackupOutcome is how such a thing ended.
type BackupOutcome struct {
	At      Time   `json:"at" doc:"When it ended."`
	TookMS  int64  `json:"took_ms" doc:"How long it took."`
	OK      bool   `json:"ok" doc:"It was done, and all was well."`
	Added   string `json:"added,omitempty" doc:"What was added." enum:"base,increment,nothing"`
	File    string `json:"file,omitempty" doc:"The file that was added." example:"000002-increment-1b2c3d4e5f60.jsonl"`
	Files   int    `json:"files,omitempty" doc:"How many files were read."`
	Entries int    `json:"entries" doc:"How many entries were written, or a restore would read."`
	Error   string `json:"error,omitempty" doc:"What went wrong." example:"no space left on device"`
	Why     string `json:"why,omitempty" doc:"Why a base was made although an increment might have done." example:"it does not continue this backup, as after a restore"`
}

// Measurements are what a node has measured of itself.
type Measurements struct {
	Last   *Measurement `json:"last,omitempty" doc:"The last one; absent: it has not measured yet."`
	Before *Measurement `json:"before,omitempty" doc:"The one before it."`
}

// Measurement is how fast a node was, by itself: without the network and its callers.
type Measurement struct {
	At        Time    `json:"at" doc:"When."`
	Version   string  `json:"version" doc:"Of the program." example:"v1.0.0"`
	TookMS    int64   `json:"took_ms" doc:"How long it took."`
	Memories  int64   `json:"memories" doc:"Live memories there were."`
	Syncs     int     `json:"syncs" doc:"How many pages were written to the disk of the data, each made durable."`
	SyncP50   float64 `json:"sync_p50_ms" doc:"Half of them took at most so many milliseconds: the price of a commit."`
	SyncP99   float64 `json:"sync_p99_ms" doc:"99 of 100 took at most so many milliseconds."`
	Recalls   int     `json:"recalls" doc:"How many questions were asked: the titles of memories that there are. Nobody is told that these were read."`
	RecallP50 float64 `json:"recall_p50_ms" doc:"Half of them were answered within so many milliseconds."`
	RecallP95 float64 `json:"recall_p95_ms" doc:"95 of 100 were answered within so many milliseconds."`
	Lists     int     `json:"lists" doc:"How many pages of 50 memories were read."`
	ListP50   float64 `json:"list_p50_ms" doc:"Half of them took at most so many milliseconds."`
	ListP95   float64 `json:"list_p95_ms" doc:"95 of 100 took at most so many milliseconds."`
	Writes    uint64  `json:"writes" doc:"How many single memories clients have written since the start of the node."`
	WriteP50  float64 `json:"write_p50_ms" doc:"Half of those were answered, quorum included, within about so many milliseconds; 0: there were none."`
	WriteP95  float64 `json:"write_p95_ms" doc:"95 of 100 of those, about."`
}
