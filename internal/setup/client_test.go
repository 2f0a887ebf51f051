package setup

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden diffs")

func home(env map[string]string) Place {
	return Place{OS: "linux", Home: "/home/ann", Env: func(key string) string { return env[key] }}
}

func wish() Wish { return Wish{Program: "/usr/local/bin/tally", Hooks: Events()} }

// fixtures are files of clients as people have them, by the end of their paths.
func fixtures() map[string]map[string]string {
	servers := "{\n  \"mcpServers\": {\n    \"files\": {\n      \"command\": \"npx\",\n      \"args\": [\"-y\", \"files\"]\n    }\n  }\n}\n"
	return map[string]map[string]string{
		"fresh": {},
		"existing": {
			".claude.json":                            "{\n  \"numStartups\": 7,\n  \"mcpServers\": {},\n  \"projects\": {\"/p\": {\"history\": []}}\n}",
			"settings.json":                           "{\n\t\"theme\": \"dark\",\n\t\"hooks\": {\n\t\t\"Stop\": [\n\t\t\t{\"hooks\": [{\"type\": \"command\", \"command\": \"say done\"}]}\n\t\t]\n\t}\n}\n",
			"claude_desktop_config.json":              servers,
			"config.toml":                             "model = \"o9\" # mine\n\n[mcp_servers.files]\ncommand = \"npx\"\n\n[tui]\nnotifications = true",
			"hooks.json":                              "{\n    \"version\": 1,\n    \"hooks\": {\n        \"stop\": [{\"command\": \"./mine.sh\"}]\n    }\n}\n",
			"mcp.json":                                strings.ReplaceAll(servers, "\n", "\r\n"),
			"mcp_config.json":                         "{\"mcpServers\":{\"files\":{\"command\":\"npx\"}}}",
			"opencode.json":                           "{\n  \"$schema\": \"https://opencode.ai/config.json\",\n  \"mcp\": {\n    \"files\": {\"type\": \"local\", \"command\": [\"npx\"]}\n  }\n}\n",
			filepath.Join("zed", "settings.json"):     "// Zed settings\n{\n  \"vim_mode\": true, // always\n  \"context_servers\": {\n    \"files\": { \"command\": \"npx\" }, // theirs\n  },\n  /* the end */\n}\n",
			filepath.Join("goose", "config.yaml"):     "GOOSE_MODEL: big\nextensions:\n  # built in\n  developer:\n    enabled: true\n    type: builtin\n\nkeyring: on\n",
			filepath.Join(".continue", "config.yaml"): "name: Mine\nversion: 0.0.1\nschema: v1\nmcpServers:\n- name: files\n  command: npx # theirs\nmodels: []\n",
		},
		"empty": {
			".claude.json": "{}", "settings.json": "{}\n", "claude_desktop_config.json": "\n", "config.toml": "# nothing yet\n",
			"hooks.json": "{ }", "mcp.json": "{\n}\n", "mcp_config.json": "{\n  // nothing yet\n}\n", "opencode.json": "{\"mcp\": {\"servers\": {}}}\n",
			filepath.Join("zed", "settings.json"): "{\n  \"context_servers\": {\n  },\n}\n", filepath.Join("goose", "config.yaml"): "extensions: {}\n",
			filepath.Join(".continue", "config.yaml"): "name: Mine\nmcpServers: []\n",
		},
	}
}

func fixture(set map[string]string, path string) []byte {
	best := ""
	for end := range set {
		if strings.HasSuffix(path, string(filepath.Separator)+end) && len(end) > len(best) {
			best = end
		}
	}
	return []byte(set[best])
}

func TestEachClientIsSetUpAsTheGoldenDiffSays(t *testing.T) {
	for name, set := range fixtures() {
		for _, c := range Clients() {
			t.Run(c.Name+"/"+name, func(t *testing.T) {
				var diffs strings.Builder
				for _, change := range c.Changes(home(nil), wish()) {
					before := fixture(set, change.Path)
					after, err := change.Edit(before)
					if err != nil {
						t.Fatalf("%s: %v", change.Path, err)
					}
					diffs.WriteString(Diff(change.Path, before, after))
					again, err := change.Edit(after)
					if err != nil || !bytes.Equal(again, after) {
						t.Errorf("%s: a second time: %v\n%s", change.Path, err, Diff(change.Path, after, again))
					}
					back, err := change.Undo(after)
					if err != nil {
						t.Fatalf("%s: undo: %v", change.Path, err)
					}
					if name == "existing" && strings.TrimRight(string(back), "\n") != strings.TrimRight(string(before), "\n") && !strings.Contains(string(before), `"mcpServers": {}`) {
						t.Errorf("%s: what is left of an undo:\n%s", change.Path, Diff(change.Path, before, back))
					}
				}
				golden := filepath.Join("testdata", c.Name+"."+name+".diff")
				if *update {
					if err := os.WriteFile(golden, []byte(diffs.String()), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil || string(want) != diffs.String() {
					t.Errorf("%v\n%s", err, Diff(golden, want, []byte(diffs.String())))
				}
			})
		}
	}
}

func TestABrokenFileIsRefusedWithItsLine(t *testing.T) {
	broken := map[string]string{
		".json": "{\n  \"a\": 1\n  \"b\": 2\n}\n", ".toml": "a = 1\nb = [1,\nc = 2\n", ".yaml": "a: 1\nb: [1\nc: 2\n",
	}
	for _, c := range Clients() {
		for _, change := range c.Changes(home(nil), wish()) {
			_, err := change.Edit([]byte(broken[filepath.Ext(change.Path)]))
			e, ok := errors.AsType[*SyntaxError](err)
			if !ok || e.Line < 2 || e.Line > 4 {
				t.Errorf("%s: %v", change.Path, err)
			}
		}
	}
}

func TestAServerOfOursFollowsTheProgramAndKeepsWhatWasAdded(t *testing.T) {
	for _, c := range Clients() {
		change := c.Changes(home(nil), Wish{Program: "/old/bin/tally"})[0]
		text, err := change.Edit(nil)
		if err != nil {
			t.Fatal(c.Name, err)
		}
		if at := bytes.LastIndex(text, []byte(`"mcp"`)); c.Name != "goose" && c.Name != "continue" {
			text = append(append(append([]byte(nil), text[:at]...), `"mcp", "--profile", "full"`...), text[at+5:]...)
		}
		moved, err := c.Changes(home(nil), Wish{Program: "/usr/local/bin/tally"})[0].Edit(text)
		if err != nil {
			t.Fatal(c.Name, err)
		}
		if want := bytes.Replace(text, []byte("/old/bin"), []byte("/usr/local/bin"), 1); !bytes.Equal(moved, want) {
			t.Errorf("%s:\n%s", c.Name, Diff("", want, moved))
		}
		foreign := bytes.Replace(text, []byte("/old/bin/tally"), []byte("/old/bin/other"), 1)
		if _, err := c.Changes(home(nil), wish())[0].Edit(foreign); err == nil {
			t.Errorf("%s: a server of somebody else was taken for ours", c.Name)
		}
	}
}

func TestHooksAreThoseThatAreWishedFor(t *testing.T) {
	for _, c := range Clients() {
		if !c.HasHooks() {
			continue
		}
		list := c.Changes(home(nil), wish())
		change := list[len(list)-1]
		all, err := change.Edit(nil)
		if err != nil {
			t.Fatal(err)
		}
		list = c.Changes(home(nil), Wish{Program: "/usr/local/bin/tally", Hooks: []Event{SessionStart}})
		one, err := list[len(list)-1].Edit(all)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(one, []byte(" hook ")); n != 1 || !bytes.Contains(one, []byte("hook session-start --client "+c.Name)) {
			t.Errorf("%s: %d hooks are left:\n%s", c.Name, n, one)
		}
	}
}

func TestPlacesFollowTheEnvironment(t *testing.T) {
	p := home(map[string]string{"CODEX_HOME": "/etc/codex", "CLAUDE_CONFIG_DIR": "/etc/claude", "XDG_CONFIG_HOME": "/etc/xdg"})
	for name, want := range map[string]string{
		"codex": "/etc/codex/config.toml", "claude-code": "/etc/claude/.claude.json", "opencode": "/etc/xdg/opencode/opencode.json", "cursor": "/home/ann/.cursor/mcp.json",
	} {
		c, ok := ClientOf(name)
		if got := c.Changes(p, wish())[0].Path; !ok || got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	mac := Place{OS: "darwin", Home: "/Users/ann", Env: func(string) string { return "" }}
	c, _ := ClientOf("vscode")
	if got, want := c.Changes(mac, wish())[0].Path, "/Users/ann/Library/Application Support/Code/User/mcp.json"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
