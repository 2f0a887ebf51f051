package main

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/internal/node"
)

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
