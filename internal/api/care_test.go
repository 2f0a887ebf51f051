package api_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/api"
)

// A node without a folder for backups says what to set, and which command does without.
func TestANodeWithoutAFolderSaysHowToHaveOne(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.Care = nil }}).operated()
	for _, path := range []string{"/api/v1/backups", "/api/v1/backups/verify"} {
		a := n.call("POST", path, "").want(400)
		if a.body["code"] != "NOT_SUPPORTED" || !strings.Contains(a.raw, "backup_dir") || !strings.Contains(a.raw, "tally backup DIR") {
			t.Errorf("%s: %s", path, a.raw)
		}
	}
	for _, path := range []string{"/api/v1/backups", "/api/v1/measurement", "/api/v1/checkup"} {
		n.call("GET", path, "").want(200)
	}
}

func TestCareIsForTheOperator(t *testing.T) {
	n := alone(t)
	for _, path := range []string{"GET /api/v1/checkup", "GET /api/v1/backups", "POST /api/v1/backups", "POST /api/v1/backups/verify", "GET /api/v1/measurement", "POST /api/v1/measurement"} {
		method, path, _ := strings.Cut(path, " ")
		n.call(method, path, "", agent("alice")...).want(403)
	}
}
