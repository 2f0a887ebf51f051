package tool

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

const (
	filesRoot  = "/memories"
	filesMax   = 10_000 // files that are looked at
	filesSpace = "notes/"
	filesTag   = "file" // on the memories that are files
)

// filesInput is what a model trained on Anthropic's memory tool sends.
type filesInput struct {
	Command   string  `json:"command"`
	Path      string  `json:"path"`
	ViewRange []int   `json:"view_range"`
	FileText  *string `json:"file_text"`
	OldStr    *string `json:"old_str"`
	NewStr    string  `json:"new_str"`
	Line      *int    `json:"insert_line"`
	Text      *string `json:"insert_text"`
	OldPath   string  `json:"old_path"`
	NewPath   string  `json:"new_path"`
	Namespace string  `json:"namespace"` // the project, which the surface fills in
}

// files is Anthropic's memory tool (memory_20250818) over the memories of a project:
// the file /memories/X is the memory that is titled X in notes/PROJECT, where tally
// sync keeps the notes of Claude Code. What is deleted goes to the archive.
type files struct {
	*session

	space string
}

// fileName is a path as the title of a memory: what stands behind the root, "" for
// the root itself. Nothing leads out of the root.
func fileName(field, given string) (string, error) {
	if given == "" {
		return "", verb.Missing(field)
	}
	rest, below := strings.CutPrefix(given, filesRoot)
	name := strings.Trim(rest, "/")
	if !below || rest != "" && rest[0] != '/' || name != "" && path.Clean("/"+name) != "/"+name || strings.ContainsAny(name, "\\\x00\r\n") {
		return "", verb.BadField(field, "%s: want a path below %s, without . and .. in it; %.140q is none", field, filesRoot, given)
	}
	return name, nil
}

func full(name string) string { return path.Join(filesRoot, name) }

// noFile refuses the root where a file is wanted.
func noFile() error { return verb.BadField("path", "path: %s is the folder", filesRoot) }

func missingFile(name string) error {
	return verb.NotFound("The path " + full(name) + " does not exist. Please provide a valid path.")
}

// all selects the files of the project.
func (f files) all() map[string]any {
	return map[string]any{"namespace": f.space, "tags": []string{filesTag}}
}

// below lists the file of a name and those in the folder of that name, in order.
func (f files) below(ctx context.Context, name string) ([]client.Memory, error) {
	list, err := f.listed(ctx, f.all(), filesMax)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(m client.Memory) bool {
		return name != "" && m.Title != name && !strings.HasPrefix(m.Title, name+"/")
	})
	slices.SortFunc(list, func(a, b client.Memory) int { return strings.Compare(a.Title, b.Title) })
	return list, nil
}

// taken refuses a name that a file or folder has, or that lies within a file.
func (f files) taken(ctx context.Context, name string) error {
	list, err := f.below(ctx, "")
	if err != nil {
		return err
	}
	for i := range list {
		switch title := list[i].Title; {
		case title == name:
			return &verb.Problem{Code: client.CodeConflict, Text: "File " + full(name) + " already exists"}
		case strings.HasPrefix(title, name+"/"):
			return &verb.Problem{Code: client.CodeConflict, Text: full(name) + " is a folder"}
		case strings.HasPrefix(name, title+"/"):
			return &verb.Problem{Code: client.CodeConflict, Text: full(title) + " is a file"}
		}
	}
	return nil
}
