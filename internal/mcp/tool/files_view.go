package tool

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// view shows a folder, two levels deep, or the lines of a file.
func (f files) view(ctx context.Context, name string, lines []int) (string, error) {
	list, err := f.below(ctx, name)
	if err != nil {
		return "", err
	}
	if name != "" && len(list) == 0 {
		return "", missingFile(name)
	}
	if len(list) > 0 && list[0].Title == name {
		return viewFile(&list[0], lines)
	}
	if len(lines) > 0 {
		return "", verb.BadField("view_range", "view_range: %s is a folder", full(name))
	}
	return viewFolder(name, list), nil
}

// viewFolder lists what is in a folder and in those within it, with sizes.
func viewFolder(name string, list []client.Memory) string {
	var names []string // in order
	sizes := map[string]int{}
	for i := range list {
		rest := list[i].Title
		if name != "" {
			rest = strings.TrimPrefix(rest, name+"/")
		}
		parts := strings.Split(rest, "/")
		for depth := range min(len(parts), 2) {
			at := strings.Join(parts[:depth+1], "/")
			if _, seen := sizes[at]; !seen {
				names = append(names, at)
			}
			sizes[at] += len(list[i].Content)
		}
		sizes[""] += len(list[i].Content)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Here're the files and directories up to 2 levels deep in %s, excluding hidden items and node_modules:\n%s\t%s", full(name), size(sizes[""]), full(name))
	for _, at := range names {
		fmt.Fprintf(&b, "\n%s\t%s/%s", size(sizes[at]), full(name), at)
	}
	return b.String()
}

// size is a number of bytes as du prints it for people.
func size(n int) string {
	if n < 1024 {
		return strconv.Itoa(n)
	}
	if kib := float64(n) / 1024; kib < 1024 {
		return fmt.Sprintf("%.1fK", kib)
	}
	return fmt.Sprintf("%.1fM", float64(n)/(1<<20))
}

// viewFile shows lines with their numbers, so that no text can pass for anything but
// a line.
func viewFile(m *client.Memory, lines []int) (string, error) {
	first, last := 1, 1+strings.Count(m.Content, "\n")
	if len(lines) > 0 {
		if len(lines) != 2 || lines[0] < 1 || lines[0] > last || lines[1] != -1 && (lines[1] < lines[0] || lines[1] > last) {
			return "", verb.BadField("view_range", "view_range: want the first and the last line, within [1, %d]; -1 is the end", last)
		}
		if first = lines[0]; lines[1] != -1 {
			last = lines[1]
		}
	}
	head := warning(author(m))
	if m.Conflicts > 0 {
		head += fmt.Sprintf("(%d other versions were written at the same time; the history of memory %s has them.)\n", m.Conflicts, m.ID)
	}
	return head + "Here's the content of " + full(m.Title) + " with line numbers:\n" + numbered(m.Content, first, last), nil
}

// numbered are lines of a text, with their numbers.
func numbered(text string, first, last int) string {
	lines := strings.Split(text, "\n")
	first, last = max(first, 1), min(last, len(lines))
	var b strings.Builder
	for i := first; i <= last; i++ {
		fmt.Fprintf(&b, "%6d\t%s\n", i, lines[i-1])
	}
	return strings.TrimSuffix(b.String(), "\n")
}
