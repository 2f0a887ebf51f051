package main

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/internal/node"
)

func boundSetting() setting {
	return setting{
		flag: "bound", env: "TALLY_BOUNDS", key: "bounds", value: "NAME=NAMESPACE",
		help:    "where a member may write: a namespace and all below it; repeat; without one, everywhere",
		initial: "none", many: true, set: setBounds,
	}
}

// setBounds reads where members may write.
func setBounds(c *node.Config, list []string) error {
	c.Bounds = nil
	for _, s := range list {
		name, namespace, ok := strings.Cut(strings.TrimSpace(s), "=")
		if !ok || name == "" || namespace == "" {
			return fmt.Errorf("%q: want NAME=NAMESPACE, such as east=team/build", s)
		}
		c.Bind(name, namespace)
	}
	return nil
}
