package node

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity/cluster"
)

func withIdentity(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	place := cluster.Place{Name: "a", Node: "a", URL: "https://127.0.0.1:7001"}
	if _, err := cluster.Found(filepath.Join(dir, IdentityDir), "acme", place, time.Now); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheDoctorWarnsLongBeforeACertificateEnds(t *testing.T) {
	dir := withIdentity(t)
	for after, want := range map[time.Duration]string{time.Minute: client.FindingOK, 17 * time.Hour: client.FindingWarn, 25 * time.Hour: client.FindingFail} {
		if got := checkIdentity(dir, 0, time.Now().Add(after)); len(got) != 1 || got[0].State != want {
			t.Errorf("after %s: %+v, want %v", after, got, want)
		}
	}
	if got := checkIdentity(t.TempDir(), 0, time.Now()); len(got) != 0 {
		t.Errorf("without an identity: %+v", got)
	}
}

func TestTheDoctorSaysHowLongTheGraceLasts(t *testing.T) {
	dir := withIdentity(t)
	for after, want := range map[time.Duration]string{25 * time.Hour: "expired_grace", 73 * time.Hour: "has ended"} {
		got := checkIdentity(dir, 48*time.Hour, time.Now().Add(after))
		if len(got) != 1 || got[0].State != client.FindingFail || !strings.Contains(got[0].Text, want) {
			t.Errorf("after %s: %+v, want %q", after, got, want)
		}
	}
}
