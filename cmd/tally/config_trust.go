package main

import (
	"fmt"
	"strconv"

	"github.com/tallystick/tallystick/internal/node"
)

func yesNo(field func(*node.Config) *bool) func(*node.Config, []string) error {
	return scalar(func(c *node.Config, s string) error {
		v, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q: want true or false", s)
		}
		*field(c) = v
		return nil
	})
}

// trustSettings are the settings about who is believed what.
func trustSettings() []setting {
	return []setting{
		{
			flag: "insecure-members", env: "TALLY_INSECURE_MEMBERS", key: "insecure_members", value: "BOOL",
			help:    "true: members without identity may talk beyond this machine",
			initial: "false", set: yesNo(func(c *node.Config) *bool { return &c.InsecureMembers }),
		},
		{
			flag: "tls", env: "TALLY_TLS", key: "tls.own", value: "BOOL", help: "true: answer clients with TLS, with the node's own certificate",
			initial: "false", set: yesNo(func(c *node.Config) *bool { return &c.TLSOwn }),
		},
		{
			flag: "tls-cert", env: "TALLY_TLS_CERT", key: "tls.cert", value: "FILE",
			help:    "answer clients with TLS, with this certificate; read again when it changes",
			initial: "none", set: word(func(c *node.Config) *string { return &c.TLSCert }),
		},
		{
			flag: "tls-key", env: "TALLY_TLS_KEY", key: "tls.key", value: "FILE", help: "the key of that certificate",
			initial: "none", set: word(func(c *node.Config) *string { return &c.TLSKey }),
		},
		{
			flag: "insecure-listen", env: "TALLY_INSECURE_LISTEN", key: "insecure_listen", value: "BOOL",
			help:    "true: clients may be answered beyond this machine without TLS",
			initial: "false", set: yesNo(func(c *node.Config) *bool { return &c.InsecureListen }),
		},
		{
			flag: "expired-grace", env: "TALLY_EXPIRED_GRACE", key: "expired_grace", value: "TIME",
			help:    "how long members are believed after their certificates have ended, while no authority can be reached; at most 7d",
			initial: "0s", set: scalar(setGrace),
		},
	}
}

// setGrace is for how long certificates are believed that have ended; 0 is not at all.
func setGrace(c *node.Config, s string) error {
	d, err := duration(s)
	if err != nil || d < 0 || d > node.MaxGrace {
		return fmt.Errorf("%q: want a time from 0s to 7d", s)
	}
	c.ExpiredGrace = d
	return nil
}
