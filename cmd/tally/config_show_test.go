package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsAreShownWithWhereTheyComeFrom(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tally.toml")
	if err := os.WriteFile(name, []byte("node = \"north\"\n\n[members]\neast = \"http://10.0.0.2:1\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"TALLY_API_KEY=hush-hush", "TALLY_CONFIG=" + name, "TALLY_WRITE_QUORUM=2"}
	got := tally(t, env, "", "config", "show", "--origin", "--listen", "127.0.0.1:9", "--history-keep", "3d")
	if got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	for _, want := range []string{
		"listen = \"127.0.0.1:9\"  # flag --listen\n",
		"node = \"north\"  # file " + name + " line 1\n",
		"write_quorum = 2  # environment TALLY_WRITE_QUORUM\n",
		"quorum_timeout = \"2s\"  # default\n",
		"api_key = \"********\"  # environment TALLY_API_KEY\n",
		"# webhook_allow = []  # default\n",
		"[members]  # file " + name + " line 3\neast = \"http://10.0.0.2:1\"\n",
		"[history]\nkeep = \"3d\"  # flag --history-keep\nversions = 50  # default\n",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
	if strings.Contains(got.out, "hush") {
		t.Errorf("the key is shown:\n%s", got.out)
	}
	if got := tally(t, env, "", "config", "show", "--json"); strings.Contains(got.out, "hush") || !strings.Contains(got.out, `{"key":"node","value":["north"]`) {
		t.Errorf("%+v", got)
	}
}

// What is shown is a file that gives the same settings.
func TestShownSettingsAreAConfigurationFile(t *testing.T) {
	flags := given{
		"data": {"/d \"x\"\\"}, "node": {"123"}, "member": {"east=http://10.0.0.2:1", "west=http://10.0.0.3:1"},
		"write-quorum": {"2"}, "webhook-allow": {"10.0.0.0/8"}, "log-level": {"warn"},
	}
	for name, flags := range map[string]given{"set": flags, "defaults": nil} {
		want, err := configure(t, flags, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		_, list, err := effective(t.Context(), flags, func(key string) string { return map[string]string{"HOME": "/home/me"}[key] }, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, origin := range []bool{true, false} {
			var b strings.Builder
			showSettings(&b, list, origin)
			got, err := configure(t, nil, nil, b.String())
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%s: %v\n%s\n%s", name, err, b.String(), d)
			}
		}
	}
}

func TestABadConfigurationIsNotShown(t *testing.T) {
	if got := tally(t, nil, "", "config", "show", "--write-quorum", "5"); got.code != exitUsage || got.out != "" {
		t.Errorf("%+v", got)
	}
}
