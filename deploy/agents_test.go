package deploy_test

import (
	"bufio"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The files for stores are read by programs of others, and name tools and commands
// of ours.
func TestTheFilesForStoresNameWhatThereIs(t *testing.T) {
	var core []string
	for lines := bufio.NewScanner(strings.NewReader(read(t, "../internal/mcp/testdata/core.txt"))); lines.Scan(); {
		var tool struct{ Name string }
		if err := json.Unmarshal(lines.Bytes(), &tool); err != nil {
			t.Fatal(err)
		}
		core = append(core, tool.Name)
	}
	var bundle struct {
		Tools  []struct{ Name string }
		Server struct {
			Config struct{ Args []string } `json:"mcp_config"`
		}
	}
	parse(t, "agents/mcpb/manifest.json", &bundle)
	var named []string
	for _, tool := range bundle.Tools {
		named = append(named, tool.Name)
	}
	slices.Sort(named)
	if !slices.Equal(named, core) {
		t.Errorf("the bundle names %v, the core profile has %v", named, core)
	}
	var registry struct{ Name, Description, Version string }
	parse(t, "agents/server.json", &registry)
	if !strings.Contains(registry.Name, "/") || len(registry.Description) > 100 || registry.Version == "" {
		t.Errorf("%+v", registry)
	}
	var plugin struct{ Name, Version string }
	parse(t, "agents/claude-code/.claude-plugin/plugin.json", &plugin)
	if plugin.Name != "tallystick" || plugin.Version != registry.Version {
		t.Errorf("%+v", plugin)
	}
	var servers struct {
		Servers map[string]struct {
			Command string
			Args    []string
		} `json:"mcpServers"`
	}
	parse(t, "agents/claude-code/.mcp.json", &servers)
	if s := servers.Servers["tally"]; s.Command != "tally" || !slices.Contains(s.Args, "mcp") {
		t.Errorf("%+v", servers)
	}
	var hooks struct {
		Hooks map[string][]struct {
			Hooks []struct{ Type, Command string }
		}
	}
	parse(t, "agents/claude-code/hooks/hooks.json", &hooks)
	for event, list := range hooks.Hooks {
		if !strings.HasPrefix(list[0].Hooks[0].Command, "tally --agent claude-code hook ") {
			t.Errorf("%s: %+v", event, list)
		}
	}
}

func parse(t *testing.T, name string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, filepath.FromSlash(name))), v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
