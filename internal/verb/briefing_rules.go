package verb

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

// Tags of rules that hold in some cases only begin with one of these: what follows
// is a pattern of a path, the name of a tool, or a word.
const (
	onPath = "on:path:"
	onTool = "on:tool:"
	onWord = "on:word:"
)

// ruling is a rule with what it holds for; nothing is everything.
type ruling struct {
	rec                 *memory.Record
	paths, tools, words []string
}

func rulingOf(rec *memory.Record) ruling {
	r := ruling{rec: rec}
	for _, tag := range rec.Tags {
		if s, is := strings.CutPrefix(tag, onPath); is {
			r.paths = append(r.paths, s)
		} else if s, is := strings.CutPrefix(tag, onTool); is {
			r.tools = append(r.tools, s)
		} else if s, is := strings.CutPrefix(tag, onWord); is {
			r.words = append(r.words, s)
		}
	}
	return r
}

// when says what the rule holds for.
func (r ruling) when() string {
	var parts []string
	for _, list := range []struct {
		name string
		of   []string
	}{{"path", r.paths}, {"tool", r.tools}, {"word", r.words}} {
		if len(list.of) > 0 {
			parts = append(parts, list.name+" "+strings.Join(list.of, ", "))
		}
	}
	return oneLine(strings.Join(parts, "; "))
}

// holds reports whether one of the triggers fits what a caller is about to do. A
// rule without any always holds.
func (r ruling) holds(in *client.BriefingInput, words []string) bool {
	fits := func(patterns, values []string, match func(pattern, value string) bool) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			return slices.ContainsFunc(values, func(v string) bool { return match(p, v) })
		})
	}
	return len(r.paths)+len(r.tools)+len(r.words) == 0 || fits(r.paths, in.Paths, globs) || fits(r.tools, in.Tools, strings.EqualFold) ||
		fits(r.words, words, strings.EqualFold)
}

// rules shows those that hold, and returns the others.
func (d briefing) rules(ctx context.Context, c *Call, p *page, in *client.BriefingInput) (later []ruling, err error) {
	words := strings.FieldsFunc(in.Text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' })
	err = d.each(ctx, c, p, memory.Filter{Tags: []string{TagRule}}, func(rec *memory.Record) {
		switch r := rulingOf(rec); {
		case !r.holds(in, words):
			later = append(later, r)
		case r.when() == "":
			p.show(rec, whyRule, fmt.Sprintf("- Rule: %s: %s [%s]", oneLine(rec.Title), indented(rec.Memory.Content), rec.ID))
		default:
			p.show(rec, whyRule, fmt.Sprintf("- Rule for %s: %s: %s [%s]", r.when(), oneLine(rec.Title), indented(rec.Memory.Content), rec.ID))
		}
	})
	return later, err
}

// globs reports whether a pattern fits a path: segment by segment as [path.Match]
// has it, and ** is any number of segments. A pattern of one segment fits the last
// one of a path, as in .gitignore.
func globs(pattern, name string) bool {
	name = strings.ReplaceAll(name, "\\", "/")
	want, have := strings.Split(strings.Trim(pattern, "/"), "/"), strings.Split(strings.Trim(path.Clean("/"+name), "/"), "/")
	if len(want) == 1 && want[0] != "**" {
		have = have[len(have)-1:]
	}
	return globbed(want, have)
}

// globbed walks pattern and path together, and goes back to the last ** where they
// part: its time is the product of both lengths at most.
func globbed(want, have []string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(have) {
		if i < len(want) && want[i] == "**" {
			star, mark, i = i, j, i+1
			continue
		}
		if i < len(want) {
			if ok, err := path.Match(want[i], have[j]); ok && err == nil {
				i, j = i+1, j+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		mark++
		i, j = star+1, mark
	}
	return !slices.ContainsFunc(want[i:], func(s string) bool { return s != "**" })
}
