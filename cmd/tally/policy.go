package main

import (
	"io"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/node"
)

func newPolicy(a *app) *cobra.Command {
	return parent("policy", "The rules about whom a node may call", newPolicyCheck(a),
		parent("outbound", "The rules about calls that hold on all nodes", newOutboundList(a), newOutboundSet(a)))
}

// outboundSetting is the rules.
func outboundSetting() setting {
	return setting{
		flag: "outbound", env: "TALLY_OUTBOUND", key: "outbound", value: "RULE",
		help:    "whom the node may call: allow or deny, a purpose or *, a target; the first rule that matches says; repeat",
		initial: "all", many: true, set: words(func(c *node.Config) *[]string { return &c.Outbound }, node.ValidOutbound),
	}
}

func newPolicyCheck(a *app) *cobra.Command {
	var purpose string
	cmd := command("check URL [flags]", "Say whether the node may call a URL, and which rule says so", argCheck{1, 1}, nil)
	cmd.Long = `Say whether a node with the settings that tally serve would run with here may call
URL, for each purpose (push, pull, webhook, legacy, embed) or for the one of --purpose,
and which rule says so. The rules are those of --outbound, one each: allow or deny, a
purpose or "*", and a target: "*", [SCHEME://]HOST[:PORT] in which "*" stands for
anything, or a network such as 10.0.0.0/8. The first rule that matches says; what none
matches is allowed. Rules about networks hold for the address that is connected to, so
of a name nothing is asked: what is allowed here may still lead to an address that is
not. It ends with 0 if all purposes that were asked about are allowed.`
	cmd.Example = `  tally policy check https://hooks.example.org --outbound 'deny webhook http://*'
  tally policy check http://10.0.0.9:8080 --purpose webhook --config node.toml`
	config := configOf(cmd, a)
	cmd.Flags().StringVar(&purpose, "purpose", "", "ask about this one alone")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		target, err := url.Parse(args[0])
		if err != nil || target.Scheme == "" || target.Host == "" {
			return usage("%q: want a URL such as https://hooks.example.org", args[0])
		}
		cfg, err := config(cmd.Context())
		if err != nil {
			return err
		}
		calls, err := cfg.Calls(target, purpose)
		if err != nil {
			return err
		}
		if len(calls) == 0 {
			return usage("--purpose %q: want push, pull, webhook, legacy or embed", purpose)
		}
		err = showAll(a, "purposes", calls, func(w io.Writer) error {
			showCalls(w, calls)
			return nil
		})
		if err == nil && slices.ContainsFunc(calls, func(c node.Called) bool { return !c.Allowed }) {
			return errShown
		}
		return err
	}
	return cmd
}

func showCalls(w io.Writer, calls []node.Called) {
	for _, c := range calls {
		verdict, rule := "denied", c.Rule
		if c.Allowed {
			verdict = "allowed"
		}
		if rule == "" {
			rule = "no rule is about it"
		}
		say(w, "%-8s %-8s %s\n", c.Purpose, verdict, rule)
	}
}
