package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// readNotes reads a folder of Markdown notes that refer to each other: one memory
// for each, its front matter as fields, its references as links.
func readNotes(c *carrier, s *Source) error {
	t := s.tree
	if t == nil { // a note by itself is one of those beside it
		t = &tree{name: s.files[0].name, disk: filepath.Dir(s.files[0].disk)}
	}
	base := string(c.format)
	if c.format != BasicMemory {
		base += "/" + segment(t.project())
	}
	if s.tree != nil {
		return c.folder(t, base)
	}
	text, err := s.files[0].whole()
	if err != nil {
		return fmt.Errorf("%s: %w", s.files[0].name, err)
	}
	v := &vault{c: c, base: base, names: newNames()}
	v.add(strings.TrimSuffix(s.files[0].name, ".gz"), text)
	v.links()
	return nil
}

// folder reads the notes of a tree into a namespace and those below it.
func (c *carrier) folder(t *tree, base string) error {
	v := &vault{c: c, base: base, names: newNames()}
	if err := c.read(t, markdown, v.add); err != nil {
		return err
	}
	v.links()
	return nil
}

// project is what a folder of notes is about: programs keep theirs in folders of
// fixed names in that of the project.
func (t *tree) project() string {
	dir := t.name
	if abs, err := filepath.Abs(t.disk); err == nil && t.disk != "" {
		dir = abs
	}
	dir = strings.TrimSuffix(filepath.ToSlash(dir), ".zip")
	for slices.Contains([]string{"memory", "rules", ".cursor"}, path.Base(dir)) && path.Dir(dir) != dir && path.Dir(dir) != "." {
		dir = path.Dir(dir)
	}
	return path.Base(dir)
}

// hasVault tells folders of Obsidian by that of its settings.
func hasVault(t *tree) ([]file, bool) { return nil, t.hasFolder(".obsidian") }

// hasRules tells folders of rules for Cursor: most of their notes are .mdc.
func hasRules(t *tree) ([]file, bool) {
	notes := t.names(markdown)
	rules := 0
	for _, name := range notes {
		if path.Ext(name) == ".mdc" {
			rules++
		}
	}
	return nil, 2*rules > len(notes)
}

// vault is a folder of notes. Their texts are handed on as they come; what is
// kept of them is what links are made of.
type vault struct {
	c     *carrier
	base  string // the namespace
	notes []note
	names *names
}

type note struct {
	path  string // below the root, with slashes
	title string
	front matter
	body  string
	refs  []reference
}

func (v *vault) add(rel, raw string) {
	front, body, broken := frontOf(clean(raw))
	if broken && v.c.format != CursorRules { // whose front matter is not meant to be YAML
		v.c.lose(rel, "front matter that is no YAML, which is read as far as it can be", "")
	}
	stem := strings.TrimSuffix(path.Base(rel), path.Ext(rel))
	n := note{path: rel, front: front, body: body, title: cmp.Or(front.text("title", "name"), stem)}
	if v.c.format == CursorRules {
		n.title = stem // what Cursor calls it by
	}
	n.refs = v.c.references(body, rel)
	v.c.memory(v.found(&n))
	v.notes = append(v.notes, note{path: rel, refs: n.refs})
	v.names.add(rel, n.title, front.text("permalink"), front.text("name"), stem, rel, strings.TrimSuffix(rel, path.Ext(rel)))
	v.names.add(rel, front.list("aliases", "alias")...)
}

func (v *vault) found(n *note) *found {
	f := &found{ref: v.c.room + n.path, where: v.c.room + n.path}
	f.Title, f.Content, f.Namespace = n.title, n.body, v.base
	if strings.TrimSpace(n.body) == "" {
		f.Content = n.front.text("description")
	}
	if dir := path.Dir(n.path); dir != "." && (v.c.format != CursorRules || dir != "rules") {
		f.Namespace += "/" + dir
	}
	f.Tags = n.front.list("tags", "tag")
	if v.c.format == Obsidian {
		f.Tags = append(f.Tags, hashtags(n.body)...)
	}
	f.SourceURI = fileURI(n.path)
	f.created = n.front.time("created_at", "created", "date")
	kind := n.front.text("type")
	f.Kind = oneOf(strings.ToLower(kind), "", kinds()...)
	if kind != "" && kind != "note" && f.Kind == "" {
		f.Tags = append(f.Tags, kind)
	}
	for _, key := range slices.Sorted(maps.Keys(n.front)) {
		if key != "title" && key != "tags" {
			v.c.note(f, key, single(n.front[key]))
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

// single is what a list of one holds.
func single(v any) any {
	if list, is := v.([]any); is && len(list) == 1 {
		return list[0]
	}
	return v
}

func (v *vault) links() {
	for i := range v.notes {
		v.link(&v.notes[i])
	}
}

func (v *vault) link(n *note) {
	drawn := map[[2]string]bool{}
	// What says how the notes are related comes first: the others need not repeat it.
	refs := slices.Clone(n.refs)
	slices.SortStableFunc(refs, func(a, b reference) int { return strings.Compare(untyped(a), untyped(b)) })
	for _, r := range refs {
		to := v.names.find(r.to, path.Dir(n.path))
		relation := oneOf(r.relation, relations()[0], relations()...)
		switch {
		case to == n.path:
		case to == "" && r.embedded && path.Ext(r.to) != "":
			v.c.lose(n.path, "a picture or another file in a note", r.to)
		case to == "":
			v.c.lose(n.path, "a reference to a note that is not there", r.to)
		case !drawn[[2]string{to, relation}] && (r.relation != "" || !drawn[[2]string{to, ""}]):
			drawn[[2]string{to, relation}], drawn[[2]string{to, ""}] = true, true
			v.c.link(v.c.room+n.path, v.c.room+to, relation, v.c.room+n.path+" → "+to)
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
