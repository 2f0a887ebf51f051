package importer

import "strings"

type section struct {
	heading string // "" before the first one
	head    int    // how many of the lines are the heading
	lines   []string
}

// text is the section with its heading, or "" if there is nothing below that.
func (s *section) text() string {
	if strings.TrimSpace(strings.Join(s.lines[s.head:], "")) == "" {
		return ""
	}
	return strings.Join(s.lines, "\n")
}

// cut splits text at headings that are not inside a fenced block or the front
// matter.
func cut(text string) []section {
	lines := strings.Split(text, "\n")
	var cur section
	var out []section
	fence := ""
	front := frontMatter(lines)
	for i, line := range lines {
		open := fence
		if i >= front {
			fence = fenceAfter(fence, line)
		}
		n := len(cur.lines)
		if i < front || open != "" || fence != "" {
			cur.lines = append(cur.lines, line)
		} else if h, ok := atx(line); ok {
			out = append(out, cur)
			cur = section{heading: h, head: 1, lines: []string{line}}
		} else if i > front && n > cur.head && underline(line, cur.lines[n-1]) {
			title := cur.lines[n-1]
			cur.lines = cur.lines[:n-1]
			out = append(out, cur)
			cur = section{heading: oneLine(title), head: 2, lines: []string{title, line}}
		} else {
			cur.lines = append(cur.lines, line)
		}
	}
	return append(out, cur)
}

// frontMatter returns how many lines at the beginning are YAML between ---.
func frontMatter(lines []string) int {
	if strings.TrimRight(lines[0], " \t") != "---" {
		return 0
	}
	for i, line := range lines[1:] {
		if strings.TrimRight(line, " \t") == "---" {
			return i + 2
		}
	}
	return 0
}

// fenceAfter returns the fence that is open behind line, if open was before it.
func fenceAfter(open, line string) string {
	t, ok := unindent(line)
	if !ok {
		return open
	}
	for _, char := range []string{"`", "~"} {
		n := len(t) - len(strings.TrimLeft(t, char))
		rest := t[n:]
		switch {
		case n < 3:
		case open == "":
			if char == "~" || !strings.Contains(rest, "`") {
				return t[:n]
			}
		case strings.HasPrefix(open, char) && n >= len(open) && strings.TrimSpace(rest) == "":
			return ""
		}
	}
	return open
}

// unindent removes up to three spaces; more make a line code.
func unindent(line string) (string, bool) {
	t := strings.TrimLeft(line, " ")
	return t, len(line)-len(t) <= 3
}

// atx reads a heading such as "## Heading ##".
func atx(line string) (string, bool) {
	t, ok := unindent(line)
	rest := strings.TrimLeft(t, "#")
	if level := len(t) - len(rest); !ok || level < 1 || level > 6 || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", false
	}
	rest = strings.TrimRight(rest, " \t")
	if closed := strings.TrimRight(rest, "#"); closed == "" || strings.HasSuffix(closed, " ") {
		rest = closed
	}
	return oneLine(rest), true
}

// underline reports whether line makes a heading of the line above it.
func underline(line, above string) bool {
	t, ok := unindent(strings.TrimRight(line, " \t"))
	if !ok || len(t) < 3 || strings.Trim(t, "=") != "" && strings.Trim(t, "-") != "" {
		return false
	}
	a, ok := unindent(above)
	return ok && strings.TrimSpace(a) != "" && !strings.ContainsAny(a[:1], "#>|-*+=`~")
}
