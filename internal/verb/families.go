package verb

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

// family is a group of verbs that clients of ai-memory know. They ask whether one
// is loaded; here, all are.
type family struct {
	name  string
	words string // of an intent that is about it
}

// families are those that verbs are in, in the order in which they are listed.
func families() []family {
	return []family{
		{familyCore, "store remember save recall search find read get list note"},
		{familyLifecycle, "update edit change delete remove forget promote expire clean garbage"},
		{familyGraph, "link relation graph entity path connect timeline namespace taxonomy tree"},
		{familyGovernance, "approve reject pending policy rule standard govern permission vote"},
		{familyPower, "consolidate merge duplicate contradiction summarise bulk verify quota"},
		{familyMeta, "agent register session start capability status statistics load family"},
		{familyArchive, "archive restore purge history old backup"},
		{familyOther, "notify message inbox share send turn conversation"},
	}
}

// ByFamily lists verbs in the order of their families. Those of the node itself are
// of none, and last.
func ByFamily(table []Verb) []*Verb {
	var out []*Verb
	for _, f := range append(families(), family{}) {
		for i := range table {
			if table[i].Family == f.name {
				out = append(out, &table[i])
			}
		}
	}
	return out
}

// ShowFamilies says of the families what clients ask before they rely on one.
func ShowFamilies(table []Verb) client.Families {
	v := client.Families{SchemaVersion: "1", AlwaysOn: []string{}}
	for _, f := range families() {
		n := 0
		for i := range table {
			if table[i].Family == f.name {
				n++
			}
		}
		v.AlwaysOn = append(v.AlwaysOn, f.name)
		v.Families = append(v.Families, client.Family{Name: f.name, Loaded: true, Tools: n})
	}
	return v
}

type loading struct{ *deps }

// familyVerbs load the memories of a family: those whose metadata.family names it.
func familyVerbs(of *deps) []Verb {
	d := loading{of}
	return []Verb{
		Of(Verb{
			Name: "memory_load_family", Family: familyMeta, Summary: "list the memories of a family", Answers: []Answer{Gives(Fine, client.FamilyLoad{})},
		}, func(ctx context.Context, c *Call, in *client.FamilyInput) (Done, error) {
			v, err := d.load(ctx, c, in)
			return Done{Body: v}, err
		}),
		Of(Verb{
			Name: "memory_smart_load", Family: familyMeta, Summary: "list the memories of the family that fits an intent",
			Answers: []Answer{Gives(Fine, client.SmartLoad{})},
		}, d.smartLoad),
	}
}

const (
	metaFamily  = "family"
	defaultLoad = 20
)

func (d loading) load(ctx context.Context, c *Call, in *client.FamilyInput) (client.FamilyLoad, error) {
	f := memory.Filter{Viewer: c.Agent, Now: d.now(), Namespace: in.Namespace}
	if err := validFilter(f); err != nil {
		return client.FamilyLoad{}, err
	}
	k := cmp.Or(in.K, defaultLoad)
	recs, err := d.books.Query.Gather(ctx, f, metaFamily, in.Family, k)
	return client.FamilyLoad{Family: in.Family, Namespace: orNull(in.Namespace), K: k, Count: len(recs), Memories: showMemories(recs)}, err
}

func (d loading) smartLoad(ctx context.Context, c *Call, in *client.IntentInput) (Done, error) {
	if strings.TrimSpace(in.Intent) == "" {
		return Done{}, Missing("intent")
	}
	name, score := familyFor(in.Intent)
	loaded, err := d.load(ctx, c, &client.FamilyInput{Family: name, Namespace: in.Namespace, K: in.K})
	if err != nil {
		return Done{}, err
	}
	v := client.SmartLoad{Chosen: name, Score: math.Round(score*1000) / 1000, Source: "keyword", Intent: in.Intent, FamilyLoad: loaded}
	if score == 0 {
		v.Source = "fallback"
	}
	return Done{Body: v}, nil
}

// familyFor is the family that most words of an intent are about, core if none
// is about any.
func familyFor(intent string) (name string, score float64) {
	words := strings.Fields(strings.ToLower(intent))
	best, name := 0, familyCore
	for _, f := range families() {
		n := 0
		for _, w := range words {
			if slices.ContainsFunc(strings.Fields(f.name+" "+f.words), func(known string) bool { return strings.HasPrefix(w, known) }) {
				n++
			}
		}
		if n > best {
			best, name = n, f.name
		}
	}
	return name, float64(best) / float64(cmp.Or(len(words), 1))
}
