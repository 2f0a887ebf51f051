package verb

import (
	"context"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

const (
	maxRecall = 50
	maxBulk   = 1000
)

// capabilities is what a client may count on, in the outline that ai-memory's
// clients look at.
func (d node) capabilities(_ context.Context, _ *Call, in *client.CapabilitiesInput) (Done, error) {
	version := strings.TrimPrefix(in.Accept, "v")
	if !slices.Contains([]string{"1", "2", "3"}, version) {
		version = "3"
	}
	table := Table(Deps{})
	v := client.Capabilities{
		SchemaVersion: version, Version: d.version, Implementation: "tallystick", StorageBackend: "sqlite", Tier: "keyword",
		Summary:  "a federated memory for AI agents: every write is held by a quorum of members, and says by whom",
		Describe: "I can keep notes for you and find them again by their words, on any of the machines that share this memory.",
		Tools:    []string{}, Families: ShowFamilies(table),
		Features: client.Features{
			KeywordSearch: true, Receipts: true, History: true, Events: true, Erase: true, IdempotencyKeys: true,
			Durability: texts([]engine.Durability{engine.DurableLocal, engine.DurableQuorum, engine.DurableAll}),
		},
		Limits: client.Limits{
			Body: d.maxBody, List: maxList, Recall: maxRecall, Bulk: maxBulk,
			Title: memory.MaxTitle, Content: memory.MaxContent, Metadata: memory.MaxMetadata, Tags: memory.MaxTags,
		},
		Relations: memory.Relations(), Kinds: memory.MemoryKinds(),
	}
	for _, row := range ByFamily(table) {
		v.Tools = append(v.Tools, row.Name)
	}
	return Done{Body: v}, nil
}
