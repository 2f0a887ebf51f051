package importer

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// reference is a note's mention of another one.
type reference struct {
	to       string
	heading  string // of the other note; "" for all of it
	relation string // as the note calls it; "" if it does not
	wiki     bool   // it names a note, and is no mere path
	embedded bool
}

// references finds wiki links and Markdown links to other notes, outside of
// code. The words in front of a wiki link that stands in a list are the relation.
func references(body, dir string) []reference {
	wiki := regexp.MustCompile(`(!?)\[\[([^\[\]\n|#^]*)(?:#\^?([^\[\]\n|]*)|\^[^\[\]\n|]*)?(?:\|[^\[\]\n]*)?\]\]`)
	plain := regexp.MustCompile(`\]\((?:<([^<>\n]+)>|([^()<>\s]+))(?:\s+"[^"\n]*")?\)`)
	typed := regexp.MustCompile(`^\s*[-*+]\s+([A-Za-z][\w -]{0,60}?)\s*$`)
	var out []reference
	for line := range proseOf(body) {
		for i, m := range wiki.FindAllStringSubmatchIndex(line, -1) {
			relation := ""
			if t := typed.FindStringSubmatch(line[:m[0]]); t != nil && i == 0 {
				relation = strings.ReplaceAll(strings.TrimSpace(t[1]), " ", "_")
			}
			heading := ""
			if m[6] >= 0 {
				heading = line[m[6]:m[7]]
			}
			r := reference{wiki: true, embedded: m[3] > m[2], to: linkText(line[m[4]:m[5]]), heading: linkText(heading), relation: relation}
			if r.to != "" {
				out = append(out, r)
			}
		}
		for _, m := range plain.FindAllStringSubmatch(line, -1) {
			if r, is := markdownLink(cmp.Or(m[1], m[2]), dir); is {
				out = append(out, r)
			}
		}
	}
	return out
}

// references are those of a note, up to as many as one may have.
func (c *carrier) references(body, rel string) []reference {
	const most = 1000
	out := references(body, path.Dir(rel))
	if len(out) > most {
		c.lose(rel, "references of a note beyond the first 1,000", fmt.Sprintf("%d of them", len(out)-most))
		out = slices.Clone(out[:most])
	}
	return out
}

// linkText is what a wiki link says: in a table the sign behind it is escaped.
func linkText(s string) string { return oneLine(strings.TrimSuffix(s, `\`)) }

// markdownLink reads the address of a link as one to another note.
func markdownLink(address, dir string) (reference, bool) {
	to, heading, _ := strings.Cut(address, "#")
	if unescaped, err := url.PathUnescape(to); err == nil {
		to = unescaped
	}
	if !markdown(to) || strings.Contains(to, "://") {
		return reference{}, false
	}
	return reference{to: path.Join(dir, to), heading: strings.ReplaceAll(heading, "%20", " ")}, true
}

// proseOf yields the lines of a text that are not code, without the code in them.
func proseOf(body string) func(yield func(string) bool) {
	code := regexp.MustCompile("`[^`\n]*`")
	return func(yield func(string) bool) {
		fence := ""
		for line := range strings.SplitSeq(body, "\n") {
			open := fence
			if fence = fenceAfter(fence, line); open != "" || fence != "" {
				continue
			}
			if !yield(code.ReplaceAllString(line, "")) {
				return
			}
		}
	}
}

// names finds notes by what others may call them.
type names struct{ refs map[string][]string }

func newNames() *names { return &names{map[string][]string{}} }

// add makes the note ref, which begins with its path, known by some names.
func (n *names) add(ref string, list ...string) {
	for _, name := range list {
		if key := called(name); key != "" && !slices.Contains(n.refs[key], ref) {
			n.refs[key] = append(n.refs[key], ref)
		}
	}
}

// find returns the note that is called name: one in the folder dir if there are
// several, else the one with the shortest path; "" if there is none.
func (n *names) find(name, dir string) string {
	list := n.refs[called(name)]
	if len(list) == 0 {
		list = n.refs[called(path.Join(dir, name))]
	}
	best := ""
	for _, ref := range list {
		if path.Dir(ref) == dir {
			return ref
		}
		if best == "" || len(ref) < len(best) {
			best = ref
		}
	}
	return best
}

// called is how names of notes are compared.
func called(name string) string {
	name = strings.ToLower(oneLine(norm.NFC.String(name)))
	return strings.TrimSuffix(strings.Trim(name, "/"), ".md")
}

// hashtags are the tags in the text of a note, as Obsidian has them: a word
// behind a # that is not only digits.
func hashtags(body string) []string {
	tag := regexp.MustCompile(`(?:^|[\s(])#([\p{L}\p{N}_/-]*[\p{L}_][\p{L}\p{N}_/-]*)`)
	var out []string
	for line := range proseOf(body) {
		for _, m := range tag.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(out, m[1]) {
				out = append(out, m[1])
			}
		}
	}
	return out
}
