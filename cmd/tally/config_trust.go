package main

import (
	"fmt"
	"strconv"

	"github.com/tallystick/tallystick/internal/node"
)

// trustSettings are the settings about who is believed what.
func trustSettings() []setting {
	return []setting{
		{
			flag: "insecure-members", env: "TALLY_INSECURE_MEMBERS", key: "insecure_members", value: "BOOL",
			help:    "true: members without identity may talk beyond this machine",
			initial: "false", set: scalar(func(c *node.Config, s string) error {
				v, err := strconv.ParseBool(s)
				if err != nil {
					return fmt.Errorf("%q: want true or false", s)
				}
				c.InsecureMembers = v
				return nil
			}),
		},
	}
}
