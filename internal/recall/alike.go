package recall

import "github.com/tallystick/tallystick/internal/recall/alike"

// Alike is the share of words that two texts, given as their [Words], have in common
// among those that either has.
func Alike(a, b []string) float64 { return alike.Overlap(alike.Set(a), alike.Set(b)) }

// Clusters groups texts, given as their [Words], that have at least a share of their
// words in common with another of the group.
func Clusters(texts [][]string, threshold float64) []alike.Cluster {
	return alike.Clusters(texts, threshold)
}
