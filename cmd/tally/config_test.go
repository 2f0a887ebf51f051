package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/node"
)

// configure resolves flags, environment and file as serve does.
func configure(t *testing.T, flags given, env map[string]string, file string) (node.Config, error) {
	t.Helper()
	getenv := func(key string) string {
		if v, ok := env[key]; ok || key != "HOME" {
			return v
		}
		return "/home/me"
	}
	name := ""
	if file != "" {
		name = filepath.Join(t.TempDir(), "tally.toml")
		if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return resolve(flags, getenv, name)
}

func TestASettingComesFromTheNearestPlace(t *testing.T) {
	flag := given{"listen": {"127.0.0.1:1"}, "quorum-timeout": {"1s"}, "history-keep": {"1d"}}
	env := map[string]string{"TALLY_LISTEN": "127.0.0.2:2", "TALLY_QUORUM_TIMEOUT": "2s", "TALLY_HISTORY_KEEP": "2d"}
	file := "listen = '127.0.0.3:3'\nquorum_timeout = '3s'\n[history]\nkeep = '3d'\n"
	tests := map[string]struct {
		flags   given
		env     map[string]string
		file    string
		listen  string
		timeout time.Duration
		keep    time.Duration
	}{
		"default":     {nil, nil, "", "127.0.0.1:9077", node.Default().QuorumTimeout, node.Default().HistoryKeep},
		"file":        {nil, nil, file, "127.0.0.3:3", 3 * time.Second, 72 * time.Hour},
		"environment": {nil, env, file, "127.0.0.2:2", 2 * time.Second, 48 * time.Hour},
		"flag":        {flag, env, file, "127.0.0.1:1", time.Second, 24 * time.Hour},
		"mixed":       {given{"listen": {"127.0.0.1:1"}}, map[string]string{"TALLY_HISTORY_KEEP": "2d"}, file, "127.0.0.1:1", 3 * time.Second, 48 * time.Hour},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, err := configure(t, tc.flags, tc.env, tc.file)
			if err != nil {
				t.Fatal(err)
			}
			if cfg.Listen != tc.listen || cfg.QuorumTimeout != tc.timeout || cfg.HistoryKeep != tc.keep {
				t.Errorf("listen %s, timeout %s, keep %s", cfg.Listen, cfg.QuorumTimeout, cfg.HistoryKeep)
			}
		})
	}
}

func TestEverySettingReachesTheNode(t *testing.T) {
	want := node.Config{
		Data: "/d", Listen: "127.0.0.1:1", Node: "north", WriteQuorum: 2, QuorumTimeout: time.Second, WhenShort: "local", Compress: "always", APIKey: "k",
		MaxSkew: time.Minute, ExpiredGrace: 48 * time.Hour, DefaultTier: "mid", LogLevel: "warn", LogFormat: "json", HistoryKeep: time.Hour, HistoryVersions: 3,
		Members:      []node.Member{{Name: "east", URL: "http://10.0.0.2:1"}, {Name: "west", URL: "http://10.0.0.3:1"}},
		WebhookAllow: []string{"10.0.0.0/8", "hooks.local:8080"},
		Outbound:     []string{"deny webhook http://*", "allow * *"},
	}
	places := map[string]func() (node.Config, error){
		"flags": func() (node.Config, error) {
			return configure(t, given{
				"data": {"/d"}, "listen": {"127.0.0.1:1"}, "node": {"north"}, "write-quorum": {"2"}, "quorum-timeout": {"1s"}, "when-short": {"local"}, "compress": {"always"}, "api-key": {"k"},
				"max-skew": {"1m"}, "expired-grace": {"2d"}, "default-tier": {"mid"}, "log-level": {"warn"}, "log-format": {"json"}, "history-keep": {"1h"},
				"history-versions": {"3"}, "member": {"east=http://10.0.0.2:1", "west=http://10.0.0.3:1"},
				"webhook-allow": {"10.0.0.0/8", "hooks.local:8080"}, "outbound": {"deny webhook http://*", "allow * *"},
			}, nil, "")
		},
		"environment": func() (node.Config, error) {
			return configure(t, nil, map[string]string{
				"TALLY_DATA": "/d", "TALLY_LISTEN": "127.0.0.1:1", "TALLY_NODE": "north", "TALLY_WRITE_QUORUM": "2", "TALLY_QUORUM_TIMEOUT": "1s",
				"TALLY_WHEN_SHORT": "local", "TALLY_COMPRESS": "always", "TALLY_API_KEY": "k", "TALLY_MAX_SKEW": "1m", "TALLY_EXPIRED_GRACE": "2d", "TALLY_DEFAULT_TIER": "mid", "TALLY_LOG_LEVEL": "warn", "TALLY_LOG_FORMAT": "json",
				"TALLY_HISTORY_KEEP": "1h", "TALLY_HISTORY_VERSIONS": "3", "TALLY_MEMBERS": "east=http://10.0.0.2:1, west=http://10.0.0.3:1",
				"TALLY_WEBHOOK_ALLOW": "10.0.0.0/8, hooks.local:8080", "TALLY_OUTBOUND": "deny webhook http://*, allow * *",
			}, "")
		},
		"file": func() (node.Config, error) {
			return configure(t, nil, nil, `
data = "/d"
listen = "127.0.0.1:1"
node = "north"
write_quorum = 2
quorum_timeout = "1s"
when_short = "local"
compress = "always"
api_key = "k"
max_skew = "1m"
expired_grace = "2d"
default_tier = "mid"
webhook_allow = ["10.0.0.0/8", "hooks.local:8080"]
outbound = ["deny webhook http://*", "allow * *"]
log = { level = "warn", format = "json" }
[history]
keep = "1h"
versions = 3
[members]
west = "http://10.0.0.3:1"
east = "http://10.0.0.2:1"
`)
		},
	}
	for name, get := range places {
		t.Run(name, func(t *testing.T) {
			got, err := get()
			if err != nil {
				t.Fatal(err)
			}
			got.QuorumTimeout, got.MaxSkew = got.QuorumTimeout.Round(time.Millisecond), got.MaxSkew.Round(time.Millisecond)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestNonsenseInTheConfigurationIsRefused(t *testing.T) {
	tests := map[string]struct {
		flags given
		env   map[string]string
		file  string
		want  string
	}{
		"unknown key":            {file: "node = 'a'\n\nlisen = 'x'\n", want: "tally.toml line 3: unknown key lisen; did you mean listen?; see `tally help config`"},
		"unknown key in table":   {file: "[history]\nkeep = '1h'\nkep = '1h'\n", want: "line 3: unknown key history.kep"},
		"a table that was meant": {file: "[member]\neast = 'x'\n", want: "unknown key member; did you mean members?"},
		"unknown table":          {file: "node = 'a'\n[quux]\nkey = 'x'\n", want: "line 2: unknown key quux"},
		"not TOML":               {file: "node = 'a'\nlisten = \n", want: "tally.toml line 2: "},
		"key twice":              {file: "node = 'a'\nnode = 'b'\n", want: "line 2: "},
		"bad compression":        {env: map[string]string{"TALLY_COMPRESS": "gzip"}, want: `TALLY_COMPRESS "gzip": want auto, always or never`},
		"bad duration":           {file: "node = 'a'\nquorum_timeout = 'soon'\n", want: `line 2: quorum_timeout "soon": want a time such as`},
		"negative duration":      {file: "[history]\n\nkeep = '-1h'\n", want: `line 3: history.keep "-1h": want a time`},
		"dotted key":             {file: "log.level = 'loud'\n", want: `line 1: log.level "loud": want debug or info`},
		"bad number":             {file: "write_quorum = 0\n", want: `line 1: write_quorum "0": want a whole number from 1`},
		"wrong type":             {file: "listen = ['x']\n", want: "line 1: listen has a value of the wrong type"},
		"fraction":               {file: "\nwrite_quorum = 1.5\n", want: "line 2: write_quorum has a value of the wrong type"},
		"wrong type of members":  {file: "members = 'x'\n", want: "line 1: "},
		"bad member":             {file: "[members]\n'a b' = 'http://x'\n", want: `line 1: members node name "a b"`},
		"bad name":               {file: "node = 'a.b'\n", want: `line 1: node node name "a.b"`},
		"half of a pair":         {flags: given{"tls-cert": {"x"}}, want: "a certificate and its key"},
		"in the clear":           {flags: given{"listen": {"10.0.0.1:1"}}, want: "there is no TLS"},
		"flag":                   {flags: given{"write-quorum": {"two"}}, want: `--write-quorum "two": want a whole number from 1`},
		"member without URL":     {flags: given{"member": {"east"}}, want: `--member "east": want NAME=URL`},
		"environment":            {env: map[string]string{"TALLY_MAX_SKEW": "x"}, want: `TALLY_MAX_SKEW "x": want a time`},
		"bad exception":          {file: "\nwebhook_allow = ['10.0.0.0/8', 'hooks']\n", want: `line 2: webhook_allow "hooks": want a network such as`},
		"exception of numbers":   {file: "webhook_allow = [1]\n", want: "line 1: webhook_allow has an item of the wrong type"},
		"list for one value":     {file: "data = ['/a', '/b']\n", want: "line 1: data has a value of the wrong type"},
		"no data directory":      {flags: given{"data": {""}}, want: "no data directory"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := configure(t, tc.flags, tc.env, tc.file)
			if err == nil || !strings.Contains(err.Error(), tc.want) || exitCode(err) != exitUsage {
				t.Errorf("%v (code %d), want %q", err, exitCode(err), tc.want)
			}
		})
	}
	if _, err := resolve(nil, func(string) string { return "" }, filepath.Join(t.TempDir(), "none.toml")); exitCode(err) != exitUsage {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestThereIsADefaultDataDirectory(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"home":         {nil, "/home/me/.local/share/tallystick"},
		"xdg":          {map[string]string{"XDG_DATA_HOME": "/x"}, "/x/tallystick"},
		"relative xdg": {map[string]string{"XDG_DATA_HOME": "x"}, "/home/me/.local/share/tallystick"},
	}
	for name, tc := range tests {
		if cfg, err := configure(t, nil, tc.env, ""); err != nil || cfg.Data != filepath.FromSlash(tc.want) {
			t.Errorf("%s: %q, %v", name, cfg.Data, err)
		}
	}
}

// A shell reads ~ as the home of who types it; of a file nobody does, and a folder of
// that name in the working directory is what nobody wants.
func TestAPathMayBeginAtHome(t *testing.T) {
	for name, tc := range map[string]struct {
		flags given
		env   map[string]string
		file  string
	}{
		"file":        {file: "data = '~/d'\nbackup_dir = '~/b'\n"},
		"environment": {env: map[string]string{"TALLY_DATA": "~/d", "TALLY_BACKUP_DIR": "~/b"}},
		"flag":        {flags: given{"data": {"~/d"}, "backup-dir": {"~/b"}}},
	} {
		cfg, err := configure(t, tc.flags, tc.env, tc.file)
		if want := filepath.FromSlash("/home/me/d"); err != nil || cfg.Data != want || cfg.BackupDir != filepath.FromSlash("/home/me/b") {
			t.Errorf("%s: %q, %q, %v; want %q", name, cfg.Data, cfg.BackupDir, err, want)
		}
	}
}

func TestHostNamesBecomeNodeNames(t *testing.T) {
	for host, want := range map[string]string{
		"laptop": "laptop", "web-1.example.org": "web-1", "büro pc": "b-ro-pc", "": "node", "...": "node", strings.Repeat("x", 80): strings.Repeat("x", 63),
	} {
		if got := nodeName(host); got != want || got == "" {
			t.Errorf("%q becomes %q, want %q", host, got, want)
		}
	}
}

func TestEveryFlagOfServeIsInTheTable(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range settings() {
		for _, name := range []string{s.flag, s.env, s.key} {
			if seen[name] && name != s.flag {
				t.Errorf("%s is used twice", name)
			}
			seen[name] = true
		}
		if newServe(&app{}).Flags().Lookup(s.flag) == nil {
			t.Errorf("serve has no --%s", s.flag)
		}
	}
}

func TestMisspeltVariablesAreNoticed(t *testing.T) {
	a := &app{stdio: stdio{env: []string{"TALLY_WRITE_QUROUM=2", "TALLY_NODE=a", "TALLY_SERVER=x", "HOME=/"}}}
	if d := cmp.Diff([]string{"TALLY_WRITE_QUROUM"}, a.strayVariables()); d != "" {
		t.Error(d)
	}
}

func TestDurationsAreShortInHelp(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2 * time.Second: "2s", time.Minute: "1m", time.Hour: "1h", 720 * time.Hour: "30d", 90 * time.Second: "1m30s", 90 * time.Minute: "1h30m",
	} {
		if got := short(d); got != want {
			t.Errorf("%v is shown as %s, want %s", d, got, want)
		}
	}
}
