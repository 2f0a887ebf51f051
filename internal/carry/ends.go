package carry

import (
	"cmp"
	"encoding/json"

	"github.com/tallystick/tallystick/importer"
)

// end is a memory of the source, as the end of a link: its id at the node, and
// who may see it.
type end struct {
	id       string
	owner    string
	hidden   bool // from all but its owner
	archived bool
	planned  bool // by a dry run: it has no id yet
	strange  bool // it is none of the source
}

// met notes under which id a memory of the source is known to the node.
func (r *run) met(item importer.Item, id string) {
	if item.Ref == "" || id == "" && !r.Dry {
		return
	}
	var access struct {
		Scope string `json:"scope"`
	}
	_ = json.Unmarshal(item.Draft.Metadata, &access) // without one it is private
	scope := cmp.Or(item.Draft.Scope, access.Scope, "private")
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ends == nil {
		r.ends = map[string]end{}
	}
	r.ends[item.Ref] = end{id: id, owner: item.Owner, hidden: item.Owner != "" && scope == "private", archived: item.Archive != "", planned: id == ""}
}

// known returns a memory of the source; one that is called ref if it has none.
func (r *run) known(ref string) (end, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.ends[ref]
	if !ok {
		e.id, e.strange = ref, true
	}
	return e, ok
}
