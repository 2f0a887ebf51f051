package node

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity/cluster"
)

// lapsed are two nodes that wake up when their certificates have ended: all clocks
// show an hour more than a certificate lives.
func lapsed(t *testing.T, grace time.Duration) (a, b *running, aCfg Config) {
	t.Helper()
	aCfg = single(t)
	authority, err := Found(aCfg.Data, "acme", placeOf(t, "a"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, err := authority.Invite(time.Hour, 1, cluster.Terms{})
	if err != nil {
		t.Fatal(err)
	}
	first := inProcess(t, aCfg)
	bCfg := single(t, func(c *Config) { c.Node = "b" })
	if _, err := Join(t.Context(), bCfg.Data, authority.Place().URL, line, placeOf(t, "b")); err != nil {
		t.Fatal(err)
	}
	first.stop()
	for _, cfg := range []*Config{&aCfg, &bCfg} {
		cfg.ClockOffset, cfg.ExpiredGrace = 25*time.Hour, grace
	}
	return inProcess(t, aCfg), inProcess(t, bCfg), aCfg
}

func TestAnEndedCertificateIsRenewedWithinTheGrace(t *testing.T) {
	t.Parallel()
	a, b, cfg := lapsed(t, 2*time.Hour)
	waitForMembers(t, a, 2)
	waitForMembers(t, b, 2)
	waitFor(t, 20*time.Second, "a renewed certificate and a memory at both", func() (string, bool) {
		code := write(t, b, "within the grace")
		return strconv.Itoa(code), code == http.StatusCreated || code == http.StatusOK
	})
	text, err := os.ReadFile(filepath.Join(cfg.Data, AuditFile))
	if err != nil || !strings.Contains(string(text), "expired_grace") {
		t.Errorf("the audit log has nothing of it: %v", err)
	}
	if s := fmt.Sprint(accountOf(t, a)["warnings"]); !strings.Contains(s, "member b is believed by grace") {
		t.Errorf("the status says %s", s)
	}
}

func TestAnEndedCertificateIsRefusedWithoutGrace(t *testing.T) {
	t.Parallel()
	a, b, _ := lapsed(t, 0)
	waitFor(t, 20*time.Second, "b to be refused", func() (string, bool) {
		s := fmt.Sprint(accountOf(t, b))
		return s, strings.Contains(s, "certificate_expired") && strings.Contains(s, "members refuse it")
	})
	if s := fmt.Sprint(accountOf(t, a)["warnings"]); strings.Contains(s, "grace") {
		t.Errorf("the status says %s", s)
	}
}
