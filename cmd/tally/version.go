package main

import (
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/node"
)

func newVersion(a *app) *cobra.Command {
	return command("version", "Show the version of this program", argCheck{0, 0}, func(*cobra.Command, []string) error {
		return runVersion(a)
	})
}

func runVersion(a *app) error {
	v := buildVersion()
	return a.show(v, func(w io.Writer) error {
		say(w, "tally %s (%s, %s)\n", v.Version, v.Revision, v.Go)
		return nil
	})
}

type programVersion struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func buildVersion() programVersion {
	v := programVersion{Version: node.Version(), Revision: "unknown revision", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Revision = s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}
