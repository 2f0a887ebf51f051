// Package doctor judges a node: by what its status says, by its files, by its
// certificate and by its backup. Each judgement is a finding that says how it is and
// what to do about it. It asks nobody and changes nothing, but for [Files.Close].
package doctor

import (
	"fmt"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
)

// OK reports whether nothing is broken.
func OK(findings []client.Finding) bool {
	for i := range findings {
		if findings[i].State == client.FindingFail {
			return false
		}
	}
	return true
}

// report collects findings.
type report []client.Finding

func (r *report) well(check, text string) {
	*r = append(*r, client.Finding{Check: check, State: client.FindingOK, Text: text})
}

func (r *report) warn(check, text, next string) *client.Finding {
	return r.add(client.FindingWarn, check, text, next)
}

func (r *report) fail(check, text, next string) *client.Finding {
	return r.add(client.FindingFail, check, text, next)
}

func (r *report) add(state, check, text, next string) *client.Finding {
	*r = append(*r, client.Finding{Check: check, State: state, Text: text, Next: next})
	return &(*r)[len(*r)-1]
}

// count writes a number of things: "1 entry", "7 entries".
func count[T int | uint64](n T, one string) string {
	switch {
	case n == 1:
		return "1 " + one
	case strings.HasSuffix(one, "y") && one != "day":
		return fmt.Sprint(n) + " " + strings.TrimSuffix(one, "y") + "ies"
	}
	return fmt.Sprint(n) + " " + one + "s"
}

// span writes a time roughly: "40 minutes", "7 days".
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return count(max(0, int(d.Round(time.Second)/time.Second)), "second")
	case d < 2*time.Hour:
		return count(int(d.Round(time.Minute)/time.Minute), "minute")
	case d < 2*day:
		return count(int(d.Round(time.Hour)/time.Hour), "hour")
	}
	return count(int(d.Round(day)/day), "day")
}
