package setup

import (
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strings"
)

// Service is how the system of a person keeps the node running.
type Service struct {
	Change Change     // the file that describes it
	Start  [][]string // commands, each with its arguments; run them again after a change
	Stop   [][]string
}

const (
	unitName  = "tallystick.service"
	agentName = "io.github.tallystick.node"
)

// UserService is the service of a person's own, false where the system is none that
// is known here to have any.
func UserService(p Place, program string) (Service, bool) {
	const reload = "daemon-reload"
	switch p.OS {
	case "linux":
		user := func(args ...string) []string { return append([]string{"systemctl", "--user"}, args...) }
		return Service{
			Change: whole(filepath.Join(p.xdg(), "systemd", "user", unitName), unit(program)),
			Start:  [][]string{user(reload), user("enable", "--now", unitName)},
			Stop:   [][]string{user("disable", "--now", unitName)},
		}, true
	case "darwin":
		path := filepath.Join(p.Home, "Library", "LaunchAgents", agentName+".plist")
		return Service{
			Change: whole(path, launchAgent(program, filepath.Join(p.Home, "Library", "Logs", "tallystick.log"))),
			Start:  [][]string{{"launchctl", "load", "-w", path}},
			Stop:   [][]string{{"launchctl", "unload", "-w", path}},
		}, true
	}
	return Service{}, false
}

// whole is a file that is ours from end to end. What somebody has made of it since
// is not taken away.
func whole(path, text string) Change {
	return Change{
		Path: path,
		Edit: func([]byte) ([]byte, error) { return []byte(text), nil },
		Undo: func(now []byte) ([]byte, error) {
			if string(now) == text {
				return nil, nil
			}
			return now, nil
		},
	}
}

// unit runs the node for a person: it is started at login and comes back by itself.
func unit(program string) string {
	word := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(program)
	return fmt.Sprintf(`[Unit]
Description=Tallystick, a federated memory for AI agents
After=network.target

[Service]
Type=notify
ExecStart="%s" serve
Restart=on-failure
RestartSec=2s
TimeoutStartSec=15min
TimeoutStopSec=60s

[Install]
WantedBy=default.target
`, word)
}

func launchAgent(program, log string) string {
	text := func(s string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
		return b.String()
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>%s</string>
  <key>ProgramArguments</key><array><string>%s</string><string>serve</string></array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>StandardErrorPath</key><string>%s</string>
</dict>
</plist>
`, agentName, text(program), text(log))
}
