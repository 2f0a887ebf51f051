package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRulesAboutCallsAreTried(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tally.toml")
	if err := os.WriteFile(file, []byte("node = \"north\"\noutbound = [\"deny webhook http://*\", \"allow push https://*\", \"deny push *\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"allowed":        {[]string{"https://b:9078", "--config", file}, exitOK, "push     allowed  rule 2 of outbound: allow push https://*\n"},
		"denied":         {[]string{"http://b:9078", "--config", file}, exitOther, "push     denied   rule 3 of outbound: deny push *\n"},
		"no rule":        {[]string{"http://b:9078", "--config", file, "--purpose", "pull"}, exitOK, "pull     allowed  no rule is about it\n"},
		"a flag instead": {[]string{"http://b:9078", "--config", file, "--outbound", "deny * *"}, exitOther, "legacy   denied   rule 1 of outbound: deny * *\n"},
		"as JSON":        {[]string{"http://b", "--config", file, "--purpose", "webhook", "--json"}, exitOther, `"allowed":false`},
		"no rule at all": {[]string{"http://b", "--outbound", "deny"}, exitUsage, ""},
		"no purpose":     {[]string{"http://b", "--purpose", "mail"}, exitUsage, ""},
		"no URL":         {[]string{"b"}, exitUsage, ""},
	} {
		got := tally(t, nil, "", append([]string{"policy", "check"}, tt.args...)...)
		if got.code != tt.code || !strings.Contains(got.out, tt.says) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
