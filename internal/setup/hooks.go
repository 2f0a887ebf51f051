package setup

import (
	"encoding/json"
	"slices"
	"strings"
)

// Event is something that happens in a client, by the name of our sub-command.
type Event string

// The events.
const (
	SessionStart Event = "session-start"      // work begins: the briefing goes in
	Prompt       Event = "user-prompt-submit" // something was asked: what is known about it goes in
	PreCompact   Event = "pre-compact"        // the client is about to forget: what was said is kept
	Stop         Event = "stop"               // something was answered: it is kept
	SessionEnd   Event = "session-end"        // the rest is kept
)

// Events are all of them.
func Events() []Event { return []Event{SessionStart, Prompt, PreCompact, Stop, SessionEnd} }

// hooks are how a client is told what to run on which event.
type hooks struct {
	path    func(Place) string
	names   map[Event]string            // as the client calls them; what is not there it does not have
	element func(command string) object // of the list of an event
	head    object                      // what a file that is new begins with
}

// hookSeconds bounds a hook where clients take a bound. The hook itself gives up
// much earlier.
const hookSeconds = 10

// grouped is an element as Claude Code made it the custom.
func grouped(handler object) object {
	return object{{"hooks", []object{handler}}}
}

func claudeHooks(path func(Place) string) *hooks {
	return &hooks{
		path: path,
		names: map[Event]string{
			SessionStart: "SessionStart", Prompt: "UserPromptSubmit", PreCompact: "PreCompact", Stop: "Stop", SessionEnd: "SessionEnd",
		},
		element: func(command string) object {
			return grouped(object{{"type", "command"}, {"command", command}, {"timeout", hookSeconds}})
		},
	}
}

func codexHooks(path func(Place) string) *hooks {
	h := claudeHooks(path)
	delete(h.names, SessionEnd)
	return h
}

func geminiHooks(path func(Place) string) *hooks {
	return &hooks{
		path: path,
		names: map[Event]string{
			SessionStart: "SessionStart", Prompt: "BeforeAgent", PreCompact: "PreCompress", Stop: "AfterAgent", SessionEnd: "SessionEnd",
		},
		element: func(command string) object {
			return grouped(object{{"type", "command"}, {"name", serverName}, {"command", command}, {"timeout", 1000 * hookSeconds}})
		},
	}
}

func cursorHooks(path func(Place) string) *hooks {
	return &hooks{
		path: path, head: object{{"version", 1}},
		names: map[Event]string{
			SessionStart: "sessionStart", Prompt: "beforeSubmitPrompt", PreCompact: "preCompact", Stop: "stop", SessionEnd: "sessionEnd",
		},
		element: func(command string) object { return object{{"command", command}} },
	}
}

// edit makes the hooks of ours those that are wished for.
func (h *hooks) edit(text []byte, c *Client, w Wish) ([]byte, error) {
	d := &jsonDoc{text}
	if len(text) == 0 {
		if len(w.Hooks) == 0 {
			return text, nil
		}
		for _, m := range h.head {
			if err := d.set(m.value, m.key); err != nil {
				return nil, err
			}
		}
	}
	for _, e := range Events() {
		name, has := h.names[e]
		if !has {
			continue
		}
		command := ""
		if slices.Contains(w.Hooks, e) {
			command = commandLine(slices.Concat([]string{w.Program}, w.Flags, []string{"--agent", w.agent(c), "hook", string(e), "--client", c.Name}))
		}
		if err := h.one(d, name, command); err != nil {
			return nil, err
		}
	}
	return d.text, nil
}

// one makes the hook of ours for an event a command; "" is none.
func (h *hooks) one(d *jsonDoc, name, command string) error {
	there, exact, err := h.ours(d, name, command)
	if err != nil || command != "" && exact && there == 1 {
		return err
	}
	if there > 0 {
		if _, err := d.drop(isHook, "hooks", name); err != nil {
			return err
		}
	}
	if command == "" {
		return nil
	}
	return d.add(h.element(command), "hooks", name)
}

// ours counts the hooks of ours for an event, and says whether the last is as wished.
func (h *hooks) ours(d *jsonDoc, name, command string) (n int, exact bool, err error) {
	list, err := d.get("hooks", name)
	if err != nil || list == nil {
		return 0, false, err
	}
	if list.kind != '[' {
		return 0, false, &SyntaxError{Line: d.line(list.start), Text: "want a list of hooks for " + name}
	}
	for _, m := range list.members {
		raw := plain(d.text, m.value)
		if isHook(raw) {
			n++
			exact = slices.Contains(commandsOf(raw), command)
		}
	}
	return n, exact, nil
}

// isHook reports whether an element of a list of hooks is ours alone.
func isHook(raw json.RawMessage) bool {
	list := commandsOf(raw)
	return len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool {
		_, tail, found := strings.Cut(s, " hook ")
		event, _, named := strings.Cut(tail, " --client ")
		return !found || !named || !slices.Contains(Events(), Event(event))
	})
}

// commandsOf are what an element of a list of hooks runs.
func commandsOf(raw json.RawMessage) []string {
	var e struct {
		Command string `json:"command"`
		Hooks   []struct {
			Command string `json:"command"`
		} `json:"hooks"`
	}
	if json.Unmarshal(raw, &e) != nil {
		return nil
	}
	var out []string
	if e.Command != "" {
		out = append(out, e.Command)
	}
	for _, h := range e.Hooks {
		out = append(out, h.Command)
	}
	return out
}

// commandLine is a program with its arguments as a line for a shell.
func commandLine(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shellWord(w)
	}
	return strings.Join(out, " ")
}

// shellWord is a text as one word: in double quotes, which all shells take, if it
// holds anything but letters, digits and what paths and addresses are made of.
func shellWord(s string) string {
	odd := strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.-_:@=,+")
	if odd == "" && s != "" {
		return s
	}
	return `"` + strings.NewReplacer(`"`, `\"`, "$", `\$`, "`", "\\`").Replace(s) + `"`
}
