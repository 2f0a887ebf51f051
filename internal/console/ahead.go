package console

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// ahead says, by page, which scripts it is made of beside those that every page loads: a
// browser that is told when it asks for the page has them as soon as it wants them.
func ahead(files map[string]*file) map[string][]string {
	static := regexp.MustCompile(`(?:from|import)\s*"\./([\w.-]+)"`)
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
			f := files[next]
			if f == nil || slices.Contains(out[page], next) {
				continue
			}
			out[page] = append(out[page], next)
			for _, m := range static.FindAllSubmatch(f.body, -1) {
				todo = append(todo, "assets/"+string(m[1]))
			}
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

// preload tells a browser what the page at a path will want.
func (c *Console) preload(h http.Header, path string) {
	page, _, _ := strings.Cut(strings.TrimPrefix(path, Root), "/")
	for _, name := range c.ahead[page] {
		h.Add("Link", "<"+Root+name+">; rel=modulepreload")
	}
}
