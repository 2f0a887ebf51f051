package memorytest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// anyMemory makes a valid memory. What is empty is nil, as decoders leave it.
func anyMemory(d dice) memory.Memory {
	m := memory.Memory{
		ID:               pick(d, ids()),
		Tier:             pick(d, []memory.Tier{memory.Mid, memory.Short, memory.Long}),
		Namespace:        pick(d, namespaces()),
		Title:            words(d, 6),
		Content:          content(d),
		Tags:             some(d, 3, func() string { return pick(d, []string{"go", "ops", "über", "a b", "x:y"}) }),
		Priority:         int32(1 + d(10)),
		Confidence:       float(d),
		Source:           pick(d, memory.Sources()),
		CreatedAt:        instant(d),
		Metadata:         metadata(d),
		MemoryKind:       pick(d, memory.MemoryKinds()),
		ConfidenceSource: pick(d, memory.ConfidenceSources()),
		Version:          int64(1 + d(1000)),
	}
	if d.chance(3) {
		m.ExpiresAt = instant(d)
	}
	if d.chance(4) {
		provenance(d, &m)
	}
	if d.chance(6) {
		m.Signature = signature(d, &m)
	}
	return m
}

// signature is of m, or of what m was once.
func signature(d dice, m *memory.Memory) *memory.Signature {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(1 + d(4))}, ed25519.SeedSize))
	s := &memory.Signature{Agent: pick(d, []memory.AgentID{"ada", "bob"}), Key: key.Public().(ed25519.PublicKey), At: "2026-01-02T03:04:05Z"}
	s.Value = ed25519.Sign(key, s.Message(m))
	s.Value[0] ^= byte(d(2))
	return s
}

func content(d dice) string {
	if d.chance(12) {
		return strings.Repeat(words(d, 8)+"\n", 1+d(100))
	}
	return words(d, 40)
}

func provenance(d dice, m *memory.Memory) {
	span := func() memory.Span {
		start := uint64(d(1000))
		return memory.Span{Start: start, End: start + 1 + uint64(d(1<<20))}
	}
	uri := func() string { return pick(d, []string{"uri:", "doc:", "file:"}) + words(d, 3) }
	m.ReflectionDepth = int32(d(4))
	m.EntityID = pick(d, []string{"", "entity-7", "Ada Lovelace"})
	m.PersonaVersion = optional(d, func() int32 { return int32(d(100)) })
	m.SourceURI = cleanURI(uri())
	m.SourceSpan = optional(d, span)
	m.Citations = some(d, 3, func() memory.Citation {
		return memory.Citation{
			URI: cleanURI(uri()), AccessedAt: instant(d), Span: optional(d, span),
			Hash: pick(d, []string{"", strings.Repeat("0a", 32), strings.Repeat("fF", 32)}),
		}
	})
	m.ConfidenceSignals = optional(d, func() memory.Confidence {
		return memory.Confidence{
			SourceAgeDays: float(d) * 400, AtomDerivation: d.chance(2), PriorCorroborationCount: int64(d(9)),
			FreshnessFactor: float(d), BaselinePerSource: -float(d),
		}
	})
	if d.chance(2) {
		m.ConfidenceDecayed = instant(d)
	}
}

// cleanURI takes out the characters that only texts of several lines may hold.
func cleanURI(s string) string { return strings.NewReplacer("\n", "-", "\t", "-").Replace(s) }

// metadata makes an object, or nil for the empty one.
func metadata(d dice) memory.Object {
	fields := map[string]any{}
	if d.chance(2) {
		fields[memory.MetaAgent] = pick(d, agents())
	}
	if d.chance(2) {
		fields[memory.MetaScope] = pick(d, []string{"private", "team", "shared", "collective"})
	}
	if d.chance(6) {
		fields[memory.MetaTarget] = pick(d, agents())
	}
	if d.chance(6) {
		fields[memory.MetaGovernance] = governance(d)
	}
	if d.chance(4) {
		fields[words(d, 2)] = map[string]any{"n": float(d), "list": []any{nil, true, d(1 << 30)}, "text": words(d, 5)}
	}
	if len(fields) == 0 {
		return nil
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		panic(err) // of values made above
	}
	return raw
}

func governance(d dice) memory.Governance {
	g := memory.Governance{
		Write:       pick(d, []string{memory.RuleAny, memory.RuleRegistered, memory.RuleOwner, memory.RuleApprove}),
		Promote:     pick(d, []string{memory.RuleAny, memory.RuleApprove}),
		Delete:      pick(d, []string{memory.RuleOwner, memory.RuleApprove}),
		Inherit:     optional(d, func() bool { return d.chance(2) }),
		WriteQuorum: d(4),
	}
	g.Approver = pick(d, []any{nil, "human", map[string]any{"agent": "ai:bob"}, map[string]any{"consensus": 1 + d(3)}})
	return g
}
