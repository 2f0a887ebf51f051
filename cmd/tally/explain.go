package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tallystick/tallystick/client"
)

// explainOptions are what a recall may be asked beside its question.
type explainOptions struct {
	explain, standing  bool
	whyNot, asOf, know string
	deadline           time.Duration
	flags              *pflag.FlagSet
}

func (o *explainOptions) register(cmd *cobra.Command) {
	o.flags = cmd.Flags()
	o.flags.BoolVar(&o.explain, "explain", false, "say what each score is made of, and which ways of looking ran")
	o.flags.StringVar(&o.whyNot, "why-not", "", "say why the memory with this `id` is not among the hits")
	o.flags.StringVar(&o.asOf, "as-of", "", "memories as they were at this `time`, date or age, or when the node's log had come as far as this LSN")
	o.flags.StringVar(&o.know, "freshness", "", "what the answer must know: local, quorum, or the `write` of a receipt")
	o.flags.DurationVar(&o.deadline, "deadline", 0, "answer within this `time`, with what was found so far")
	o.flags.BoolVar(&o.standing, "standing", false, "also the standards, rules and pinned memories of the namespace")
}

// given returns the name of one of the flags that were set, "" if none was.
func (o *explainOptions) given() string {
	for _, name := range []string{"explain", "why-not", "as-of", "freshness", "deadline", "standing"} {
		if o.flags.Changed(name) {
			return name
		}
	}
	return ""
}

// into puts the options into a question.
func (o *explainOptions) into(ctx context.Context, c *client.Client, in *client.RecallInput) error {
	in.Explain, in.Freshness = o.explain, o.know
	if o.flags.Changed("deadline") {
		if o.deadline < time.Millisecond {
			return usage("--deadline %v: want 1ms or more", o.deadline)
		}
		in.DeadlineMS = int(o.deadline.Milliseconds())
	}
	if lsn, err := strconv.ParseUint(o.asOf, 10, 64); err == nil {
		if lsn == 0 {
			return usage("--as-of 0: want a local sequence number of 1 or more, or a time")
		}
		in.AsOfLSN = lsn
	} else {
		at, err := instant("--as-of", o.asOf, time.Now())
		if err != nil {
			return err
		}
		in.AsOf = client.Time{Time: at}
	}
	if o.standing {
		in.With = client.Texts{"standing"}
	}
	if o.whyNot != "" {
		var err error
		if in.WhyNot, err = wholeID(ctx, c, o.whyNot); err != nil {
			return err
		}
	}
	return nil
}

// reservations says what an answer need not have.
func reservations(w io.Writer, r *client.Recalled) {
	if r.Stale != "" {
		say(w, "tally: not as fresh as was asked for: %s\n", printable(r.Stale))
	}
	if r.Late {
		say(w, "tally: the deadline came before everything was compared\n")
	}
	if len(r.NotKept) > 0 {
		say(w, "tally: of %s the text of that time is not known any more\n", count(len(r.NotKept), "memory"))
	}
	leftOut(w, r.Damaged)
	if r.Abstained && r.Count > 0 {
		say(w, "tally: nothing fits well: hardly anything of the question is in what was found\n")
	}
}

// showExplained writes what an answer says of itself.
func showExplained(w io.Writer, r *client.Recalled) error {
	if r.Arms == nil && r.WhyNot == nil {
		return nil
	}
	say(w, "\n")
	if r.Arms != nil {
		rows := [][]string{}
		for i := range r.Memories {
			h := &r.Memories[i]
			if h.Parts != nil {
				rows = append(rows, []string{fmt.Sprintf("%.3f", h.Score), h.Band, h.ID, parts(h.Parts)})
			}
		}
		if err := table(w, []string{"SCORE", "BAND", "ID", "MADE OF"}, rows); err != nil {
			return err
		}
		say(w, "\n%s found; %.0f %% of the question is in words nobody has used\n", count(r.Found, "memory"), 100*r.Unknown)
		for _, a := range r.Arms {
			say(w, "  %s: %s\n", a.Name, cmp.Or(strings.TrimSuffix(a.State+", "+printable(a.Why), ", "), a.State)+", "+count(a.Found, "candidate"))
		}
	}
	if y := r.WhyNot; y != nil {
		say(w, "why not %s: %s\n", y.ID, printable(y.Reason))
		if len(y.Conditions) > 0 {
			say(w, "  it does not fulfil: %s\n", strings.Join(y.Conditions, ", "))
		}
		if y.Place > 0 {
			say(w, "  place %d, score %.3f (%s); the last hit has %.3f\n", y.Place, y.Score, parts(y.Parts), y.Last)
		}
	}
	return nil
}

// parts are those of a score, the largest first.
func parts(of map[string]float64) string {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b)) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %.3f", name, of[name])
	}
	return strings.Join(names, " + ")
}
