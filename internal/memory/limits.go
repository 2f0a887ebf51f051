package memory

import "slices"

// MaxIncarnations is of how many incarnations of one node a node knows.
const MaxIncarnations = 512

// Limits of the data model (those of ai-memory 0.7, so that what is written
// here can also be taken there).
const (
	MaxID            = 128   // bytes
	MaxTitle         = 512   // characters
	MaxContent       = 65536 // bytes
	MaxTags          = 50
	MaxTag           = 128   // bytes
	MaxMetadata      = 65536 // bytes of JSON
	MaxMetadataDepth = 32
	MaxSource        = 64 // bytes
	MaxCitations     = 64
	MaxURI           = 4096 // bytes
	MaxNamespace     = 512  // characters
	MaxDepth         = 8    // segments of a namespace
	MaxReason        = 256  // bytes
	MinSources       = 2    // of a consolidation
	MaxSources       = 100
	MaxDims          = 8192    // of an embedding
	MaxVersion       = 1 << 53 // of a memory: what every reader of JSON takes for a whole number
)

// Sources lists what a memory's source may be.
func Sources() []string {
	return []string{
		"user", "nhi", "claude", "hook", "api", "cli", "import", "consolidation", "system", "chaos", "notify",
	}
}

// MemoryKinds lists what a memory's kind may be.
func MemoryKinds() []string { //nolint:revive // Kinds is taken, by the kinds of op
	return []string{
		"observation", "reflection", "persona", "concept", "entity", "claim", "relation", "event", "conversation", "decision",
	}
}

// ConfidenceSources lists where a confidence may come from.
func ConfidenceSources() []string {
	return []string{"caller_provided", "auto_derived", "calibrated", "decayed", "curator_derived", "default"}
}

// DefaultRelation is the relation of a link that names none.
const DefaultRelation = "related_to"

// ReflectsOn is the relation that must not form a cycle.
const ReflectsOn = "reflects_on"

// Supersedes is the relation of a memory to one that it takes the place of.
const Supersedes = "supersedes"

// Relations lists the relations of links.
func Relations() []string {
	return []string{"related_to", "supersedes", "contradicts", "derived_from", "reflects_on", "derives_from"}
}

// AttestLevels lists how well a link's author is proven.
func AttestLevels() []string {
	return []string{"unsigned", "self_signed", "peer_attested", "signed_by_peer", "daemon_signed"}
}

func oneOf(list []string, s string) bool { return slices.Contains(list, s) }

// NextVersion is the version of a memory that changes one of version v. It stays within
// [MaxVersion], whatever another node has given as the one before.
func NextVersion(v int64) int64 { return min(v, MaxVersion-1) + 1 }
