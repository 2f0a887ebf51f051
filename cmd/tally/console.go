package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
)

func newConsole(a *app) *cobra.Command {
	var show bool
	cmd := command("console [flags]", "Open the console of a node in the browser", argCheck{0, 0}, nil)
	cmd.Long = `Open the console of a node in the browser, signed in. The link works once, and for
two minutes; the browser then has a session of its own for 12 hours, for what your
key is good for: the operator's on the machine of the node, where the key is found
by itself, or the node's API key. If the key that you give is an agent's, it is of
that agent, and shows what that agent may see. To a node that asks for no key it
opens without one, for whatever needs no operator.`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error { return runConsole(ctx, a, c, show) })
	cmd.Flags().BoolVar(&show, "print", false, "print the link, and open no browser")
	return cmd
}

// consoleView is where the console of a node is.
type consoleView struct {
	URL      string `json:"url"`
	SignedIn bool   `json:"signed_in"` // the link signs in, once
	Opened   bool   `json:"opened"`
}

func runConsole(ctx context.Context, a *app, c *client.Client, show bool) error {
	v, err := consoleOf(ctx, a, c)
	if err != nil {
		return err
	}
	if !show && !a.json {
		v.Opened = browse(a, v.URL) == nil
	}
	return a.show(v, func(w io.Writer) error {
		if v.Opened {
			say(w, "opened %s/console/ in the browser\n", c.URL())
			return nil
		}
		say(w, "%s\n", v.URL)
		return nil
	})
}

// consoleOf is a link for whoever runs the command: for the agent whose key was given,
// else for the operator, if the key is to be found, else for the holder of the API key,
// else for anybody.
func consoleOf(ctx context.Context, a *app, c *client.Client) (consoleView, error) {
	key, err := a.key()
	if err != nil {
		return consoleView{}, err
	}
	if strings.HasPrefix(key, agentkey.Prefix) {
		link, err := c.ConsoleLink(ctx)
		return consoleView{URL: link, SignedIn: true}, err
	}
	as, err := a.operate(ctx, c)
	if _, is := errors.AsType[*operatorError](err); is {
		as, err = c, nil
	}
	if err != nil {
		return consoleView{}, err
	}
	link, err := as.ConsoleLink(ctx)
	if isCode(err, client.CodeUnauthorized) {
		return consoleView{URL: c.URL() + "/console/"}, nil
	}
	return consoleView{URL: link, SignedIn: true}, err
}

// errNoScreen says that nobody sits at this machine.
var errNoScreen = errors.New("this session has no screen")

// browse opens a URL in the browser of whoever sits at this machine.
func browse(a *app, url string) error {
	switch {
	case runtime.GOOS == "darwin":
		return fleet.Launch(a.env, "open", url)
	case runtime.GOOS == "windows":
		return fleet.Launch(a.env, "rundll32", "url.dll,FileProtocolHandler", url)
	case a.getenv("DISPLAY") == "" && a.getenv("WAYLAND_DISPLAY") == "":
		return errNoScreen
	}
	return fleet.Launch(a.env, "xdg-open", url)
}
