package importer

import (
	"fmt"
	"path"
	"strings"
)

// readMarkdown reads Markdown, a file or a folder: a memory for each section, and
// links where sections refer to other notes.
func readMarkdown(c *carrier, s *Source) error {
	b := &book{c: c, names: newNames(), headings: map[string]string{}}
	for _, f := range s.files {
		text, err := f.whole()
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		b.add(strings.TrimSuffix(f.name, ".gz"), text)
	}
	if s.tree != nil {
		if err := c.read(s.tree, markdown, b.add); err != nil {
			return err
		}
	}
	b.links()
	return nil
}

// book is a folder of notes that are cut into sections.
type book struct {
	c        *carrier
	names    *names
	headings map[string]string // ref of a section, by its note and its heading
	refs     []sectionRefs
}

type sectionRefs struct {
	note, ref string
	list      []reference
}

// add yields the sections of a note: each is titled "file › heading", with a
// number where that is not unique. A heading without text of its own gives none.
func (b *book) add(rel, raw string) {
	text := clean(raw)
	front, _, _ := frontOf(text)
	seen := map[string]bool{}
	n := 0
	for _, s := range cut(text) {
		content := strings.Trim(s.text(), "\n")
		if strings.TrimSpace(content) == "" {
			continue
		}
		title := oneLine(rel)
		if s.heading != "" {
			title += " › " + s.heading
		}
		full := title
		for n := 2; seen[full]; n++ {
			full = fmt.Sprintf("%s (%d)", title, n)
		}
		seen[full] = true
		f := &found{own: true, ref: fmt.Sprintf("%s%s#%d", b.c.room, rel, n), where: full}
		f.Title, f.Content, f.Source, f.SourceURI, f.Tags = full, content, "import", fileURI(rel), front.list("tags", "tag")
		if n == 0 {
			stem := strings.TrimSuffix(path.Base(rel), path.Ext(rel))
			b.names.add(f.ref, append(front.list("aliases", "alias"), front.text("title"), stem, rel)...)
		}
		if key := rel + "#" + called(s.heading); b.headings[key] == "" {
			b.headings[key] = f.ref
		}
		n++
		b.refs = append(b.refs, sectionRefs{rel, f.ref, b.c.references(content, rel)})
		if !b.c.memory(f) {
			return
		}
	}
}

// links draws a link for each reference to another note, or to a section of one.
func (b *book) links() {
	for _, s := range b.refs {
		for _, r := range s.list {
			to := b.names.find(r.to, path.Dir(s.note))
			if to == "" {
				if r.wiki {
					b.c.lose(s.ref, "a reference to a note that is not there", r.to)
				}
				continue
			}
			note, _, _ := strings.Cut(to, "#")
			if ref := b.headings[note+"#"+called(r.heading)]; r.heading != "" && ref != "" {
				to = ref
			}
			if to != s.ref {
				b.c.link(s.ref, to, oneOf(r.relation, relations()[0], relations()...), s.ref+" → "+r.to)
			}
		}
	}
}

func fileURI(name string) string {
	if uri := "file:" + oneLine(clean(name)); len(uri) <= maxURI {
		return uri
	}
	return ""
}
