package importer

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// notes reads a folder of Markdown notes that refer to each other: one memory
// for each, its front matter as fields, its references as links.
func (c *carrier) notes(root string) error {
	v := &vault{c: c, byName: map[string]string{}}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && foreignFolder(d.Name()):
			return filepath.SkipDir
		case !d.Type().IsRegular() || !markdown(name):
			return nil
		}
		raw, err := os.ReadFile(name) //nolint:gosec // the user named this folder
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		v.add(filepath.ToSlash(rel), string(raw))
		return nil
	})
	if err != nil {
		return err
	}
	base := string(c.format)
	if abs, err := filepath.Abs(root); err == nil && c.format == ClaudeMemory {
		base += "/" + segment(projectOf(abs))
	}
	v.carry(base)
	return nil
}

// projectOf is what a folder of memories is about: Claude Code keeps one called
// memory for each project.
func projectOf(dir string) string {
	if filepath.Base(dir) == "memory" {
		dir = filepath.Dir(dir)
	}
	return filepath.Base(dir)
}

// vault is a folder of notes.
type vault struct {
	c      *carrier
	notes  []note
	byName map[string]string // path of a note, by what others may call it
}

type note struct {
	path  string // below the root, with slashes
	title string
	front map[string][]string
	body  string
	refs  []reference
}

// reference is a note's mention of another one.
type reference struct {
	to       string
	relation string // as the note calls it; "" if it does not
}

func (v *vault) add(rel, raw string) {
	front, body := frontOf(clean(raw))
	n := note{path: rel, front: front, body: body}
	stem := strings.TrimSuffix(path.Base(rel), path.Ext(rel))
	n.title = first(one(front["title"]), one(front["name"]), stem)
	n.refs = references(body, path.Dir(rel))
	v.notes = append(v.notes, n)
	for _, name := range []string{n.title, one(front["permalink"]), one(front["name"]), stem, rel, strings.TrimSuffix(rel, path.Ext(rel))} {
		if key := called(name); key != "" && v.byName[key] == "" {
			v.byName[key] = rel
		}
	}
}

// called is how names of notes are compared.
func called(name string) string {
	name = strings.ToLower(oneLine(name))
	return strings.TrimSuffix(strings.Trim(name, "/"), ".md")
}

func one(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func (v *vault) carry(base string) {
	for i := range v.notes {
		if !v.c.memory(v.found(&v.notes[i], base)) {
			return
		}
	}
	for i := range v.notes {
		v.links(&v.notes[i])
	}
}

func (v *vault) found(n *note, base string) *found {
	f := &found{ref: n.path, where: n.path}
	f.Title, f.Content, f.Namespace = n.title, n.body, base
	if dir := path.Dir(n.path); dir != "." {
		f.Namespace += "/" + dir
	}
	f.Tags = slices.Clone(n.front["tags"])
	f.SourceURI = fileURI(n.path)
	f.created = firstTime(n.front, "created_at", "created", "date")
	kind := one(n.front["type"])
	f.Kind = oneOf(strings.ToLower(kind), "", kinds()...)
	if kind != "" && kind != "note" && f.Kind == "" {
		f.Tags = append(f.Tags, kind)
	}
	for key, val := range n.front {
		switch {
		case key == "title" || key == "tags" || len(val) == 0:
		case len(val) == 1:
			v.c.note(f, key, val[0])
		default:
			v.c.note(f, key, val)
		}
	}
	type edge struct {
		Type string `json:"type"`
		To   string `json:"to"`
	}
	var edges []edge
	for _, r := range n.refs {
		if r.relation != "" {
			edges = append(edges, edge{r.relation, r.to})
		}
	}
	if len(edges) > 0 {
		if raw, err := json.Marshal(edges); err == nil {
			f.meta = fields{"relations": raw}
		}
	}
	return f
}

func (v *vault) links(n *note) {
	drawn := map[[2]string]bool{}
	// What says how the notes are related comes first: the others need not repeat it.
	refs := slices.Clone(n.refs)
	slices.SortStableFunc(refs, func(a, b reference) int { return strings.Compare(untyped(a), untyped(b)) })
	for _, r := range refs {
		to := v.byName[called(r.to)]
		relation := oneOf(r.relation, relations()[0], relations()...)
		switch {
		case to == n.path:
		case to == "":
			v.c.lose(n.path, "a reference to a note that is not there", r.to)
		case !drawn[[2]string{to, relation}] && (r.relation != "" || !drawn[[2]string{to, ""}]):
			drawn[[2]string{to, relation}], drawn[[2]string{to, ""}] = true, true
			v.c.link(n.path, to, relation, n.path+" → "+to)
		}
	}
}

// untyped sorts references without a relation behind the others.
func untyped(r reference) string {
	if r.relation == "" {
		return "1"
	}
	return "0"
}

// references finds wiki links and Markdown links to other notes, outside of
// fenced code. The words in front of a wiki link that stands in a list are the
// relation.
func references(body, dir string) []reference {
	wiki := regexp.MustCompile(`\[\[([^\[\]\n|#]+)(?:[#|][^\[\]\n]*)?\]\]`)
	plain := regexp.MustCompile(`\]\(<?([^()<>\s]+\.md)(?:#[^()\s]*)?>?\)`)
	typed := regexp.MustCompile(`^\s*[-*+]\s+([A-Za-z][\w -]{0,60}?)\s*$`)
	var out []reference
	fence := ""
	for line := range strings.SplitSeq(body, "\n") {
		open := fence
		if fence = fenceAfter(fence, line); open != "" || fence != "" {
			continue
		}
		for i, m := range wiki.FindAllStringSubmatchIndex(line, -1) {
			r := reference{to: oneLine(line[m[2]:m[3]])}
			if t := typed.FindStringSubmatch(line[:m[0]]); t != nil && i == 0 {
				r.relation = strings.ReplaceAll(strings.TrimSpace(t[1]), " ", "_")
			}
			out = append(out, r)
		}
		for _, m := range plain.FindAllStringSubmatch(line, -1) {
			if !strings.Contains(m[1], "://") {
				out = append(out, reference{to: path.Join(dir, strings.ReplaceAll(m[1], "%20", " "))})
			}
		}
	}
	return out
}
