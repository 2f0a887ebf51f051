package tool

import (
	"context"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

func (f files) create(ctx context.Context, name string, in *filesInput) (string, error) {
	if in.FileText == nil {
		return "", verb.Missing("file_text")
	}
	if name == "" {
		return "", noFile()
	}
	if err := f.taken(ctx, name); err != nil {
		return "", err
	}
	_, err := f.do(ctx, "memory_store", map[string]any{
		"title": name, "content": *in.FileText, "namespace": f.space, "tags": []string{filesTag}, "tier": "long",
	})
	if err != nil {
		return "", err
	}
	return "File created successfully at: " + full(name), nil
}

// edit makes a new text of a file's, which must be there.
func (f files) edit(ctx context.Context, name string, change func(text string) (string, error)) error {
	return f.must(ctx, name, func(m *client.Memory) (map[string]any, error) {
		text, err := change(m.Content)
		return map[string]any{"content": text}, err
	})
}

// must edits a file that must be there.
func (f files) must(ctx context.Context, name string, change func(*client.Memory) (map[string]any, error)) error {
	if name == "" {
		return noFile()
	}
	found, err := f.session.edit(ctx, f.all(), name, change)
	if err == nil && !found {
		return missingFile(name)
	}
	return err
}

func (f files) replace(ctx context.Context, name string, in *filesInput) (string, error) {
	if in.OldStr == nil || *in.OldStr == "" {
		return "", verb.Missing("old_str")
	}
	old, at, edited := *in.OldStr, 0, ""
	err := f.edit(ctx, name, func(text string) (string, error) {
		lines := linesWith(text, old)
		switch len(lines) {
		case 0:
			return "", verb.BadField("old_str", "No replacement was performed, old_str `%.140s` did not appear verbatim in %s.", old, full(name))
		case 1:
		default:
			return "", verb.BadField("old_str", "No replacement was performed. Multiple occurrences of old_str `%.140s` in lines: %v. Please ensure it is unique", old, lines)
		}
		at, edited = lines[0], strings.Replace(text, old, in.NewStr, 1)
		return edited, nil
	})
	if err != nil {
		return "", err
	}
	last := at + strings.Count(in.NewStr, "\n")
	return "The memory file has been edited.\n" + numbered(edited, at-snippetLines, last+snippetLines), nil
}

// snippetLines is how much around an edit is shown.
const snippetLines = 4

// linesWith are the lines in which a text begins, each time that it stands there.
func linesWith(text, part string) []int {
	var out []int
	for from := 0; ; {
		i := strings.Index(text[from:], part)
		if i < 0 {
			return out
		}
		out = append(out, 1+strings.Count(text[:from+i], "\n"))
		from += i + 1
	}
}

func (f files) insert(ctx context.Context, name string, in *filesInput) (string, error) {
	if in.Line == nil {
		return "", verb.Missing("insert_line")
	}
	if in.Text == nil {
		return "", verb.Missing("insert_text")
	}
	err := f.edit(ctx, name, func(text string) (string, error) {
		lines := strings.SplitAfter(text, "\n")
		if lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
		at := *in.Line
		if at < 0 || at > len(lines) {
			return "", verb.BadField("insert_line", "Invalid `insert_line` parameter: %d. It should be within the range of lines of the file: [0, %d]", at, len(lines))
		}
		before, after := strings.Join(lines[:at], ""), strings.Join(lines[at:], "")
		added := *in.Text
		if before != "" && !strings.HasSuffix(before, "\n") {
			before += "\n"
		}
		if after != "" && !strings.HasSuffix(added, "\n") {
			added += "\n"
		}
		return before + added + after, nil
	})
	if err != nil {
		return "", err
	}
	return "The file " + full(name) + " has been edited.", nil
}

// remove moves a file, or all of a folder, to the archive.
func (f files) remove(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", verb.BadField("path", "path: %s itself stays; delete what is in it", filesRoot)
	}
	list, err := f.below(ctx, name)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", missingFile(name)
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	if _, err := f.do(ctx, "memory_archive", map[string]any{"ids": ids, "reason": "memory_tool"}); err != nil {
		return "", err
	}
	return "Successfully deleted " + full(name), nil
}

// rename gives a file, or all files of a folder, another name; each stays the memory
// that it was, with its history.
func (f files) rename(ctx context.Context, in *filesInput) (string, error) {
	from, err := fileName("old_path", in.OldPath)
	if err != nil {
		return "", err
	}
	to, err := fileName("new_path", in.NewPath)
	if err != nil {
		return "", err
	}
	if from == "" || to == "" || strings.HasPrefix(to, from+"/") {
		return "", verb.BadField("new_path", "new_path: %s cannot become %s", full(from), full(to))
	}
	list, err := f.below(ctx, from)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", missingFile(from)
	}
	if err := f.taken(ctx, to); err != nil {
		return "", err
	}
	for i := range list {
		old := list[i].Title
		err := files{f.at(old), f.space}.must(ctx, old, func(*client.Memory) (map[string]any, error) {
			return map[string]any{"title": to + strings.TrimPrefix(old, from)}, nil
		})
		if err != nil {
			return "", fmt.Errorf("%d of %d files are moved: %w", i, len(list), err)
		}
	}
	return "Successfully renamed " + full(from) + " to " + full(to), nil
}
