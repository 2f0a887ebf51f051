package doctor_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/doctor"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	fine   = client.FindingOK
	uneasy = client.FindingWarn
	broken = client.FindingFail
)

// of is the finding of a check.
func of(list []client.Finding, check string) client.Finding {
	for _, f := range list {
		if f.Check == check {
			return f
		}
	}
	return client.Finding{}
}

func TestMembersAreJudged(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	old, fresh := now.Add(-time.Hour), now.Add(-time.Minute)
	s := &client.Status{StartedAt: client.TimeOf(old), Time: client.TimeOf(now)}
	tests := map[string]struct {
		member client.Member
		check  string
		want   string
	}{
		"well":            {client.Member{State: "ok"}, "member b", fine},
		"behind a router": {client.Member{State: "own_calls"}, "member b", fine},
		"ended just now":  {client.Member{State: "backoff", ProvenEqualAt: client.TimeOf(now)}, "member b", broken},
		"away":            {client.Member{State: "backoff", ProvenEqualAt: client.TimeOf(fresh)}, "member b", broken},
		"stopped":         {client.Member{State: "stopped"}, "member b", broken},
		"far behind":      {client.Member{State: "catching_up", Owed: 5000}, "member b", uneasy},
		"not heard of":    {client.Member{State: "unknown"}, "member b", uneasy},
		"clock off":       {client.Member{ClockSkewMS: -45_000}, "clock of b", uneasy},
		"clock far off":   {client.Member{ClockSkewMS: 90_000}, "clock of b", broken},
		"equal":           {client.Member{ProvenEqualAt: client.TimeOf(fresh)}, "state of b", fine},
		"long unequal":    {client.Member{ProvenEqualAt: client.TimeOf(old)}, "state of b", uneasy},
		"never equal":     {client.Member{}, "state of b", uneasy},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.member.Name = "b"
			s := *s
			s.Members = []client.Member{tc.member}
			if f := of(doctor.Node(&s, time.Minute), tc.check); f.State != tc.want {
				t.Errorf("%+v, want %s", f, tc.want)
			}
		})
	}
}

func TestQuorumsAreJudged(t *testing.T) {
	for _, tc := range []struct {
		w, n int
		want string
	}{{1, 1, fine}, {2, 3, fine}, {3, 5, fine}, {1, 3, uneasy}, {3, 3, uneasy}, {3, 4, uneasy}, {4, 3, broken}} {
		if f := of(doctor.Node(&client.Status{W: tc.w, N: tc.n}, 0), "write quorum"); f.State != tc.want {
			t.Errorf("%d of %d: %+v, want %s", tc.w, tc.n, f, tc.want)
		}
	}
}

func TestIncarnationsThatRunOutAreSaid(t *testing.T) {
	heads := map[string]client.Head{"b.1": {}, "b.2": {}}
	for i := range memory.MaxIncarnations * 4 / 5 {
		heads["a."+strconv.Itoa(i)] = client.Head{}
	}
	list := doctor.Node(&client.Status{W: 1, N: 1, Heads: heads}, 0)
	if of(list, "incarnations of a").State != uneasy || of(list, "incarnations of b").State != "" {
		t.Errorf("%+v", list)
	}
}

func TestLegacyPeersAreJudged(t *testing.T) {
	for name, tt := range map[string]struct {
		peer client.LegacyPeer
		want string
		next string
	}{
		"well":       {client.LegacyPeer{State: "ok"}, fine, ""},
		"only calls": {client.LegacyPeer{State: "only_calls"}, fine, ""},
		"failing":    {client.LegacyPeer{State: "failing", LastError: "connection refused"}, uneasy, "legacy check"},
		"expired":    {client.LegacyPeer{State: "expired"}, uneasy, "legacy add"},
		"far behind": {client.LegacyPeer{State: "owed", Owed: 5000}, uneasy, "tally status"},
		"other ids":  {client.LegacyPeer{State: "ok", Drift: 2}, uneasy, "tally parked"},
	} {
		tt.peer.Name = "old"
		got := of(doctor.Node(&client.Status{Legacy: []client.LegacyPeer{tt.peer}}, 0), "legacy peer old")
		if got.State != tt.want || !strings.Contains(got.Next, tt.next) {
			t.Errorf("%s: %+v", name, got)
		}
		if takes := tt.peer.State == "ok" && tt.want == fine; strings.Contains(got.Text, "takes what") != takes {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestBackupsAreJudged(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(ago time.Duration) client.Time { return client.TimeOf(now.Add(-ago)) }
	files := func(ago time.Duration) []client.BackupFile {
		return []client.BackupFile{{File: "000001-base.jsonl", TakenAt: at(ago), LSN: 10}}
	}
	whole := &client.BackupOutcome{At: at(time.Hour), OK: true}
	day := 24 * time.Hour
	for name, tc := range map[string]struct {
		backups client.Backups
		lsn     uint64
		want    string
		says    string
		fix     string
	}{
		"none asked for":    {client.Backups{}, 10, fine, "backup_dir", ""},
		"none yet":          {client.Backups{Dir: "/b"}, 10, uneasy, "tally backup", client.FixBackUp},
		"cannot be read":    {client.Backups{Dir: "/b", Fault: "permission denied"}, 10, broken, "/b", ""},
		"well":              {client.Backups{Dir: "/b", Files: files(time.Hour), Verified: whole}, 10, fine, "", ""},
		"on the same disk":  {client.Backups{Dir: "/b", Files: files(time.Hour), Verified: whole, SameDisk: true}, 10, fine, "copy it elsewhere", ""},
		"old, nothing new":  {client.Backups{Dir: "/b", Files: files(9 * day), Verified: whole}, 11, fine, "", ""},
		"old":               {client.Backups{Dir: "/b", Files: files(9 * day), Verified: whole}, 1000, uneasy, "every night", client.FixBackUp},
		"never read":        {client.Backups{Dir: "/b", Files: files(time.Hour)}, 10, uneasy, "tally verify", client.FixVerifyBackup},
		"not read for long": {client.Backups{Dir: "/b", Files: files(time.Hour), Verified: &client.BackupOutcome{At: at(40 * day), OK: true}}, 10, uneasy, "tally verify", client.FixVerifyBackup},
		"damaged":           {client.Backups{Dir: "/b", Files: files(time.Hour), Verified: &client.BackupOutcome{At: at(time.Hour), Error: "x"}}, 10, broken, "another folder", ""},
		"the last failed":   {client.Backups{Dir: "/b", Files: files(time.Hour), Verified: whole, Taken: &client.BackupOutcome{Error: "no space left"}}, 10, broken, "tally backup", client.FixBackUp},
	} {
		got := doctor.Backup(&tc.backups, tc.lsn, now)
		if got.State != tc.want || !strings.Contains(got.Next, tc.says) || got.Fix != tc.fix {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatOthersCanReadIsClosed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	files := doctor.DataDirectory(dir, "here")
	if f := of(files.Findings, "permissions"); f.State != uneasy || f.Fix != client.FixCloseFiles || files.Open() != 1 {
		t.Errorf("%+v", files)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	files = doctor.DataDirectory(dir, "here")
	if f := of(files.Findings, "permissions"); f.State != fine || files.Open() != 0 {
		t.Errorf("closed: %+v", files)
	}
	files = doctor.DataDirectory(filepath.Join(dir, "none"), "here")
	if f := of(files.Findings, "data directory"); f.State != broken || doctor.OK(files.Findings) {
		t.Errorf("none: %+v", files)
	}
}

func TestListeningIsJudged(t *testing.T) {
	for _, tc := range []struct {
		listen   string
		insecure bool
		want     string
	}{{"127.0.0.1:9077", true, fine}, {"localhost:9077", true, fine}, {"[::1]:9077", true, fine}, {"0.0.0.0:9077", false, fine}, {"0.0.0.0:9077", true, uneasy}} {
		if f := doctor.Listening(tc.listen, tc.insecure); f.State != tc.want {
			t.Errorf("%s, %t: %+v", tc.listen, tc.insecure, f)
		}
	}
}

func TestADatabaseThatCannotBeReadIsAFinding(t *testing.T) {
	if f := of(doctor.Node(&client.Status{Warnings: []string{client.WarningBroken}}, 0), "database"); f.State != broken || !strings.Contains(f.Next, "backup") {
		t.Errorf("%+v, want that it says what to do", f)
	}
	if f := of(doctor.Node(&client.Status{}, 0), "database"); f.State != "" {
		t.Errorf("%+v of a whole one", f)
	}
}
