// Package alike finds texts that have most of their words in common.
package alike

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Cluster is texts that are alike, each like some other of them.
type Cluster struct {
	Members    []int   // in order
	Similarity float64 // the least that tied one of them to the others
}

// Overlap is the share of words that both sets have among those that either has. The
// sets are sorted, and have each word once.
func Overlap[T cmp.Ordered](a, b []T) float64 {
	both := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			both++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// Set makes a set of words.
func Set(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}

// Clusters groups texts, given as their words, of which at least a share of threshold
// (more than 0) is common to two. Texts without words are like nothing. The largest
// clusters come first.
func Clusters(texts [][]string, threshold float64) []Cluster {
	f := finder{threshold: threshold, parent: make([]int, len(texts)), least: make([]float64, len(texts))}
	for i := range f.parent {
		f.parent[i], f.least[i] = i, 1
	}
	f.equal(texts)
	f.number(texts)
	f.compare()
	return f.clusters(texts)
}

type finder struct {
	threshold float64
	parent    []int     // by text: union-find
	least     []float64 // by root
	one       []int     // of each set of equal texts the first
	sets      [][]int   // by place in one: words, the rarest with the lowest numbers
}

// equal ties texts of the same words, which are compared once.
func (f *finder) equal(texts [][]string) {
	seen := map[string]int{}
	for i, words := range texts {
		if len(words) == 0 {
			continue
		}
		key := strings.Join(Set(words), "\x00")
		if first, ok := seen[key]; ok {
			f.tie(first, i, 1)
			continue
		}
		seen[key] = i
		f.one = append(f.one, i)
	}
}

// number gives words numbers by how many texts have them.
func (f *finder) number(texts [][]string) {
	count := map[string]int{}
	for _, i := range f.one {
		for _, w := range Set(texts[i]) {
			count[w]++
		}
	}
	words := make([]string, 0, len(count))
	for w := range count {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(cmp.Compare(count[a], count[b]), cmp.Compare(a, b)) })
	of := make(map[string]int, len(words))
	for n, w := range words {
		of[w] = n
	}
	for _, i := range f.one {
		set := Set(texts[i])
		nums := make([]int, len(set))
		for k, w := range set {
			nums[k] = of[w]
		}
		slices.Sort(nums)
		f.sets = append(f.sets, nums)
	}
}

// compare ties texts that are alike. Two of them have one of their rarest words in
// common, so that only texts with such a word are compared: of n words all but the
// most common ones that could be missing.
func (f *finder) compare() {
	by := map[int][]int{} // word: places of texts that have it among their rarest
	for a, set := range f.sets {
		rare := len(set) - int(math.Ceil(f.threshold*float64(len(set))-1e-9)) + 1
		compared := map[int]bool{}
		for _, w := range set[:min(max(rare, 1), len(set))] {
			for _, b := range by[w] {
				if compared[b] || f.root(f.one[a]) == f.root(f.one[b]) {
					continue
				}
				compared[b] = true
				if s := Overlap(set, f.sets[b]); s >= f.threshold {
					f.tie(f.one[a], f.one[b], s)
				}
			}
			by[w] = append(by[w], a)
		}
	}
}

func (f *finder) root(i int) int {
	for f.parent[i] != i {
		f.parent[i] = f.parent[f.parent[i]]
		i = f.parent[i]
	}
	return i
}

func (f *finder) tie(i, j int, s float64) {
	a, b := f.root(i), f.root(j)
	if a == b {
		return
	}
	if b < a {
		a, b = b, a
	}
	f.parent[b] = a
	f.least[a] = min(f.least[a], f.least[b], s)
}

func (f *finder) clusters(texts [][]string) []Cluster {
	at := map[int]int{}
	var out []Cluster
	for i := range texts {
		root := f.root(i)
		n, ok := at[root]
		if !ok {
			n = len(out)
			at[root] = n
			out = append(out, Cluster{Similarity: f.least[root]})
		}
		out[n].Members = append(out[n].Members, i)
	}
	out = slices.DeleteFunc(out, func(c Cluster) bool { return len(c.Members) < 2 })
	slices.SortStableFunc(out, func(a, b Cluster) int { return cmp.Compare(len(b.Members), len(a.Members)) })
	return out
}
