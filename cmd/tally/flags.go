package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/client"
)

// writeFlags are the flags that every writing command has.
type writeFlags struct {
	durability string
	whenShort  string
	key        string
}

func (f *writeFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.durability, "durability", "", "wait until it is on disk at: local (this node), quorum or all (default quorum)")
	cmd.Flags().StringVar(&f.whenShort, "when-short", "", "if too few members hold it in time: fail, or local, which is success with what this node keeps (TALLY_WHEN_SHORT; default fail)")
	cmd.Flags().StringVar(&f.key, "idempotency-key", "", "`key` under which a repetition returns the first outcome")
}

func (f *writeFlags) with(a *app) (client.With, error) {
	with := client.With{
		Durability: client.Durability(f.durability), WhenShort: client.WhenShort(either(f.whenShort, a.getenv("TALLY_WHEN_SHORT"))),
		IdempotencyKey: f.key,
	}
	switch with.Durability {
	case "", client.Local, client.Quorum, client.All:
	default:
		return with, usage("--durability %q: want local, quorum or all", f.durability)
	}
	switch with.WhenShort {
	case "", client.ShortFails, client.ShortLocal:
		return with, nil
	}
	return with, usage("--when-short %q: want fail or local", string(with.WhenShort))
}

// object checks that s is a JSON object.
func object(flag, s string) (json.RawMessage, error) {
	if s == "" {
		return nil, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &m); err != nil || m == nil {
		return nil, usage("%s: want a JSON object such as '{\"key\": \"value\"}'", flag)
	}
	return json.RawMessage(s), nil
}

// instant reads a point in time: RFC 3339, a date, or an age such as 36h or 7d.
func instant(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	if d, err := duration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, usage("%s %q: want a time such as 2026-01-31T12:00:00Z, a date, or an age such as 36h or 7d", flag, s)
}

// duration is time.ParseDuration, and knows days.
func duration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		d, err := time.ParseDuration(days + "h")
		return 24 * d, err
	}
	return time.ParseDuration(s)
}

// selectFlags are the filters of list and recall.
type selectFlags struct {
	namespace, tier, tag, since, until string
	minPriority                        int32
	limit                              int
	flags                              *pflag.FlagSet
}

func (f *selectFlags) register(cmd *cobra.Command, limit int, what string) {
	f.flags = cmd.Flags()
	cmd.Flags().StringVarP(&f.namespace, "namespace", "n", "", "only this namespace")
	cmd.Flags().StringVar(&f.tier, "tier", "", "only this tier: short, mid or long")
	cmd.Flags().StringVar(&f.tag, "tag", "", "only with this tag")
	cmd.Flags().Int32Var(&f.minPriority, "min-priority", 0, "only from this priority (1 to 10)")
	cmd.Flags().StringVar(&f.since, "since", "", "only created since this `time`, date or age (36h, 7d)")
	cmd.Flags().StringVar(&f.until, "until", "", "only created before this `time`, date or age")
	cmd.Flags().IntVarP(&f.limit, "limit", "l", limit, what)
}

// check refuses filters that would select nothing by mistake.
func (f *selectFlags) check() error {
	if f.flags.Changed("min-priority") && (f.minPriority < 1 || f.minPriority > 10) {
		return usage("--min-priority %d: want 1 to 10", f.minPriority)
	}
	return checkTier(f.tier)
}

// checkTier refuses a tier that there is not; "" is none.
func checkTier(tier string) error {
	switch tier {
	case "", "short", "mid", "long":
		return nil
	}
	return usage("--tier %q: want short, mid or long", tier)
}

func (f *selectFlags) selection(now time.Time) (client.Selection, error) {
	if err := f.check(); err != nil {
		return client.Selection{}, err
	}
	since, err := instant("--since", f.since, now)
	if err != nil {
		return client.Selection{}, err
	}
	until, err := instant("--until", f.until, now)
	if err != nil {
		return client.Selection{}, err
	}
	if f.limit < 1 {
		return client.Selection{}, usage("--limit %d: want 1 or more", f.limit)
	}
	return client.Selection{
		Namespace: f.namespace, Tier: f.tier, Tag: f.tag, MinPriority: f.minPriority, Since: since, Until: until, Limit: f.limit,
	}, nil
}
