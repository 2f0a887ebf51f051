package main

import (
	"os"
	"path/filepath"
	"strings"
)

// atHome is a path with the home in place of a ~ that no shell has read: of a file, of
// the environment of a service, or behind the = of a flag.
func atHome(path string, getenv func(string) string) string {
	rest, is := strings.CutPrefix(path, "~/")
	if !is {
		return path
	}
	home := getenv("HOME")
	if home == "" {
		home, _ = os.UserHomeDir() // without one it stays as it is
	}
	if home == "" {
		return path
	}
	return filepath.Join(home, rest)
}
