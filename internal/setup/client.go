// Package setup writes Tallystick into the settings of the programs that people
// use agents in, and takes it out again. It is pure: the content of a file goes in,
// and comes out changed in that one place, with everything else byte for byte as it
// was. What cannot be read is refused with its line, never replaced.
package setup

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
)

// Place is where a person's files are.
type Place struct {
	OS   string // as in runtime.GOOS
	Home string
	Env  func(string) string // the environment
}

// from is a folder that a variable names, or else a path below the home.
func (p Place) from(variable string, path ...string) string {
	if dir := p.Env(variable); variable != "" && filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(append([]string{p.Home}, path...)...)
}

// config is where programs of the desktop keep settings: name is the folder of one.
func (p Place) config(name string) string {
	switch p.OS {
	case "darwin":
		return filepath.Join(p.Home, "Library", "Application Support", name)
	case "windows":
		return filepath.Join(p.from("APPDATA", "AppData", "Roaming"), name)
	}
	return filepath.Join(p.xdg(), name)
}

// xdg is where programs of the terminal keep settings, on a Mac as well.
func (p Place) xdg() string { return p.from("XDG_CONFIG_HOME", ".config") }

// Server is what a client starts to reach the node.
type Server struct {
	Command string
	Args    []string
}

// Wish is what is to be there.
type Wish struct {
	Program string   // absolute path of this program
	Flags   []string // for every start of it, such as where the node is
	Agent   string   // who the client is; "": its name
	Hooks   []Event  // what it is to tell us of; others of ours go
}

// server is what c is to start.
func (w Wish) server(c *Client) Server {
	return Server{Command: w.Program, Args: slices.Concat(w.Flags, []string{"--agent", w.agent(c), "mcp"})}
}

func (w Wish) agent(c *Client) string {
	if w.Agent != "" {
		return w.Agent
	}
	return c.Name
}

// Client is a program that people use agents in.
type Client struct {
	Name  string // as on the command line
	Title string
	Note  string // what there is to do afterwards; "": nothing

	signs  func(Place) []string // one of these is there if the program is
	config func(Place) string   // the file that lists servers
	set    func([]byte, Server) ([]byte, error)
	drop   func([]byte) ([]byte, error)
	hooks  *hooks // nil: it has none
}

// Clients are all that are known, in the order in which they are shown.
func Clients() []Client { return slices.Concat(hooked(), unhooked()) }

// signed tells a client by a folder below the home.
func signed(path ...string) func(Place) []string {
	return func(p Place) []string { return []string{p.from("", path...)} }
}

// at is a file below the home.
func at(path ...string) func(Place) string {
	return func(p Place) string { return p.from("", path...) }
}

// hooked are the clients that can tell of what happens in them.
func hooked() []Client {
	claudeHome := func(p Place) string { return p.from("CLAUDE_CONFIG_DIR", ".claude") }
	codexHome := func(p Place) string { return p.from("CODEX_HOME", ".codex") }
	return []Client{
		{
			Name: "claude-code", Title: "Claude Code",
			signs: func(p Place) []string { return []string{claudeHome(p), p.from("", ".claude.json")} },
			config: func(p Place) string {
				if filepath.IsAbs(p.Env("CLAUDE_CONFIG_DIR")) {
					return filepath.Join(claudeHome(p), ".claude.json")
				}
				return p.from("", ".claude.json")
			},
			set: setServer(typed, "mcpServers"), drop: dropServer("mcpServers"),
			hooks: claudeHooks(func(p Place) string { return filepath.Join(claudeHome(p), "settings.json") }),
		},
		{
			Name: "codex", Title: "Codex", Note: "Codex asks once whether to trust the hooks: say yes in /hooks",
			signs:  func(p Place) []string { return []string{codexHome(p)} },
			config: func(p Place) string { return filepath.Join(codexHome(p), "config.toml") },
			set:    func(text []byte, s Server) ([]byte, error) { return setTOML(text, s, "mcp_servers", serverName) },
			drop:   func(text []byte) ([]byte, error) { return removeTOML(text, "mcp_servers", serverName) },
			hooks:  codexHooks(func(p Place) string { return filepath.Join(codexHome(p), "hooks.json") }),
		},
		{
			Name: "cursor", Title: "Cursor",
			signs: signed(".cursor"), config: at(".cursor", "mcp.json"),
			set: setServer(untyped, "mcpServers"), drop: dropServer("mcpServers"),
			hooks: cursorHooks(at(".cursor", "hooks.json")),
		},
		{
			Name: "gemini", Title: "Gemini CLI",
			signs: signed(".gemini"), config: at(".gemini", "settings.json"),
			set: setServer(untyped, "mcpServers"), drop: dropServer("mcpServers"),
			hooks: geminiHooks(at(".gemini", "settings.json")),
		},
	}
}

// unhooked are the others.
func unhooked() []Client {
	return []Client{
		{
			Name: "claude-desktop", Title: "Claude Desktop", Note: "restart Claude Desktop",
			signs:  func(p Place) []string { return []string{p.config("Claude")} },
			config: func(p Place) string { return filepath.Join(p.config("Claude"), "claude_desktop_config.json") },
			set:    setServer(untyped, "mcpServers"), drop: dropServer("mcpServers"),
		},
		{
			Name: "vscode", Title: "VS Code",
			signs:  func(p Place) []string { return []string{p.config("Code")} },
			config: func(p Place) string { return filepath.Join(p.config("Code"), "User", "mcp.json") },
			set:    setServer(typed, "servers"), drop: dropServer("servers"),
		},
		{
			Name: "windsurf", Title: "Windsurf", Note: "press refresh in Windsurf's list of MCP servers",
			signs: signed(".codeium", "windsurf"), config: at(".codeium", "windsurf", "mcp_config.json"),
			set: setServer(untyped, "mcpServers"), drop: dropServer("mcpServers"),
		},
		{
			Name: "opencode", Title: "opencode",
			signs:  func(p Place) []string { return []string{filepath.Join(p.xdg(), "opencode")} },
			config: func(p Place) string { return filepath.Join(p.xdg(), "opencode", "opencode.json") },
			set:    setOpencode, drop: dropOpencode,
		},
		{
			Name: "zed", Title: "Zed",
			signs:  func(p Place) []string { return []string{filepath.Dir(zedSettings(p))} },
			config: zedSettings,
			set:    setServer(untyped, "context_servers"), drop: dropServer("context_servers"),
		},
		{
			Name: "goose", Title: "Goose",
			signs:  func(p Place) []string { return []string{filepath.Dir(gooseConfig(p))} },
			config: gooseConfig,
			set:    setGoose, drop: dropGoose,
		},
		{
			Name: "continue", Title: "Continue",
			signs: signed(".continue"), config: at(".continue", "config.yaml"),
			set: setContinue, drop: dropContinue,
		},
	}
}

// ClientOf is the client of a name.
func ClientOf(name string) (Client, bool) {
	list := Clients()
	i := slices.IndexFunc(list, func(c Client) bool { return c.Name == name })
	if i < 0 {
		return Client{}, false
	}
	return list[i], true
}

// Signs are files and folders of which one is there if the client is installed.
func (c *Client) Signs(p Place) []string { return c.signs(p) }

// HasHooks reports whether the client can tell of what happens in it.
func (c *Client) HasHooks() bool { return c.hooks != nil }

func zedSettings(p Place) string {
	dir := filepath.Join(p.xdg(), "zed")
	if p.OS == "windows" {
		dir = p.config("Zed")
	}
	return filepath.Join(dir, "settings.json")
}

func gooseConfig(p Place) string {
	if p.OS == "windows" {
		return filepath.Join(p.config("Block"), "goose", "config", "config.yaml")
	}
	return filepath.Join(p.xdg(), "goose", "config.yaml")
}

// Change is what becomes of one file.
type Change struct {
	Path string
	// Edit returns the file as it is to be; an empty text is a file that is not there.
	// It returns a text that is as it is to be as it came.
	Edit func(text []byte) ([]byte, error)
	// Undo takes out what Edit puts in.
	Undo func(text []byte) ([]byte, error)
}

// Changes are what is to become of the files of a client, each file once.
func (c *Client) Changes(p Place, w Wish) []Change {
	first := Change{
		Path: c.config(p),
		Edit: func(text []byte) ([]byte, error) { return c.set(text, w.server(c)) },
		Undo: c.drop,
	}
	if c.hooks == nil {
		return []Change{first}
	}
	second := Change{
		Path: c.hooks.path(p),
		Edit: func(text []byte) ([]byte, error) { return c.hooks.edit(text, c, w) },
		Undo: func(text []byte) ([]byte, error) { return c.hooks.edit(text, c, Wish{}) },
	}
	if first.Path != second.Path {
		return []Change{first, second}
	}
	return []Change{{Path: first.Path, Edit: both(first.Edit, second.Edit), Undo: both(first.Undo, second.Undo)}}
}

func both(a, b func([]byte) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(text []byte) ([]byte, error) {
		out, err := a(text)
		if err != nil {
			return nil, err
		}
		return b(out)
	}
}

// serverName is what the server is called in the settings of clients.
const serverName = "tally"

var errForeign = errors.New("there is another server called tally, which starts another program: rename it first")

// isTally reports whether a command starts this program, wherever it was then.
func isTally(command string) bool {
	base := strings.ToLower(command[strings.LastIndexAny(command, `/\`)+1:])
	return base == "tally" || base == "tally.exe"
}
