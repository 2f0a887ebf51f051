package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDoctorWarnsLongBeforeACertificateEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	_, place := placed(t)
	ok(t, append([]string{"cluster", "init", "--name", "acme", "--node", "a", "--data", dir, "--no-serve"}, place...)...)
	for after, want := range map[time.Duration]verdict{time.Minute: fine, 17 * time.Hour: uneasy, 25 * time.Hour: broken} {
		d := &doctor{data: dir}
		d.checkIdentityAt(time.Now().Add(after))
		if len(d.Checks) != 1 || d.Checks[0].State != want {
			t.Errorf("after %s: %+v, want %v", after, d.Checks, want)
		}
	}
}

func TestDoctorSaysHowLongTheGraceLasts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	_, place := placed(t)
	ok(t, append([]string{"cluster", "init", "--name", "acme", "--node", "a", "--data", dir, "--no-serve"}, place...)...)
	for after, want := range map[time.Duration]string{25 * time.Hour: "expired_grace", 73 * time.Hour: "has ended"} {
		d := &doctor{data: dir}
		d.cfg.ExpiredGrace = 48 * time.Hour
		d.checkIdentityAt(time.Now().Add(after))
		if len(d.Checks) != 1 || d.Checks[0].State != broken || !strings.Contains(d.Checks[0].Text, want) {
			t.Errorf("after %s: %+v, want %q", after, d.Checks, want)
		}
	}
}
