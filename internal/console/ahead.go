package console

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// ahead says, by page, which scripts it is made of beside those that every page loads: a
// browser that is told when it asks for the page has them as soon as it wants them.
func ahead(files map[string]*file) map[string][]string {
	imports := map[string][]string{}
	for name, f := range files {
		if strings.HasSuffix(name, ".js") {
			imports[name] = imported(f.body)
		}
	}
	out := map[string][]string{}
	for name := range files {
		page, _, is := strings.Cut(strings.TrimPrefix(name, "assets/"), "-")
		if !is || !strings.HasSuffix(name, ".js") || page == "index" {
			continue
		}
		todo := []string{name}
		for len(todo) > 0 {
			next := todo[0]
			todo = todo[1:]
			if files[next] == nil || slices.Contains(out[page], next) {
				continue
			}
			out[page] = append(out[page], next)
			todo = append(todo, imports[next]...)
		}
	}
	always := string(files[index].body)
	for page, list := range out {
		list = slices.DeleteFunc(list, func(name string) bool { return strings.Contains(always, name) })
		slices.Sort(list)
		out[page] = slices.Compact(list)
	}
	return out
}

// imported lists what a script cannot begin without: what it names behind "from" or
// "import", and not what it asks for later, by a call.
func imported(script []byte) []string {
	var out []string
	parts := bytes.Split(script, []byte(`"./`))
	for i, part := range parts[1:] {
		before := bytes.TrimSpace(parts[i])
		name, _, is := bytes.Cut(part, []byte(`"`))
		if is && (bytes.HasSuffix(before, []byte("from")) || bytes.HasSuffix(before, []byte("import"))) {
			out = append(out, "assets/"+string(name))
		}
	}
	return out
}

// preload tells a browser what the page at a path will want.
func (c *Console) preload(h http.Header, path string) {
	page, _, _ := strings.Cut(strings.TrimPrefix(path, Root), "/")
	for _, name := range c.ahead()[page] {
		h.Add("Link", "<"+Root+name+">; rel=modulepreload")
	}
}
