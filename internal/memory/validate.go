package memory

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

func invalid(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrInvalid)...)
}

// ValidID says why id cannot identify a memory or a pending action, or nil.
func ValidID(id string) error {
	if strings.TrimSpace(id) == "" {
		return invalid("id: must not be empty")
	}
	if len(id) > MaxID {
		return invalid("id: %d bytes, limit %d", len(id), MaxID)
	}
	for _, r := range id {
		if !isNodeRune(r) && r != ':' && r != '.' && r != '@' {
			return invalid("id %q: character %q is not allowed", id, r)
		}
	}
	if strings.Contains(id, "..") {
		return invalid("id %q: \"..\" is not allowed", id)
	}
	return nil
}

// ValidNamespace says why ns is not a namespace, or nil.
func ValidNamespace(ns string) error {
	switch n := utf8.RuneCountInString(ns); {
	case strings.TrimSpace(ns) == "":
		return invalid("namespace: must not be empty")
	case !utf8.ValidString(ns):
		return invalid("namespace: not UTF-8")
	case n > MaxNamespace:
		return invalid("namespace: %d characters, limit %d", n, MaxNamespace)
	}
	for _, r := range ns {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == '\\' {
			return invalid("namespace %.80q: character %q is not allowed", ns, r)
		}
	}
	segments := strings.Split(ns, "/")
	if len(segments) > MaxDepth {
		return invalid("namespace %.80q: %d segments, limit %d", ns, len(segments), MaxDepth)
	}
	for _, s := range segments {
		if s == "" || s == "." || s == ".." {
			return invalid("namespace %.80q: segment %q is not allowed", ns, s)
		}
	}
	return nil
}

// Ancestors returns ns and what it inherits from, nearest first: a/b/c, a/b, a, *.
func Ancestors(ns string) []string {
	out := []string{ns}
	for i := strings.LastIndexByte(ns, '/'); i > 0; i = strings.LastIndexByte(ns[:i], '/') {
		out = append(out, ns[:i])
	}
	if ns != RootNamespace {
		out = append(out, RootNamespace)
	}
	return out
}

// RootNamespace is where the standard that applies to all namespaces is kept.
const RootNamespace = "*"

func text(field, s string, multiline bool) error {
	if strings.TrimSpace(s) == "" {
		return invalid("%s: must not be empty", field)
	}
	if !utf8.ValidString(s) {
		return invalid("%s: not UTF-8", field)
	}
	for i, r := range s {
		if unicode.IsControl(r) && (!multiline || r != '\n' && r != '\t') {
			return invalid("%s: control character %U at byte %d", field, r, i)
		}
	}
	return nil
}

func enum(field, s string, list []string) error {
	if !oneOf(list, s) {
		return invalid("%s %.40q: want one of %s", field, s, strings.Join(list, ", "))
	}
	return nil
}

// Validate says which rule of the data model m breaks, or nil.
func (m *Memory) Validate() error {
	if err := ValidID(m.ID); err != nil {
		return err
	}
	if m.Tier.Rank() < 0 {
		return invalid("tier %.40q: want short, mid or long", string(m.Tier))
	}
	if err := ValidNamespace(m.Namespace); err != nil {
		return err
	}
	if err := ValidTitle(m.Title); err != nil {
		return err
	}
	if err := ValidContent(m.Content); err != nil {
		return err
	}
	for _, check := range []func() error{m.validTags, m.validNumbers, m.validEnums, m.validTimes, m.validProvenance} {
		if err := check(); err != nil {
			return err
		}
	}
	if m.Signature != nil {
		if err := m.Signature.validate(); err != nil {
			return err
		}
	}
	return ValidObject("metadata", m.Metadata)
}

// ValidTitle says why s cannot be a title, or nil.
func ValidTitle(s string) error {
	if n := utf8.RuneCountInString(s); n > MaxTitle {
		return invalid("title: %d characters, limit %d", n, MaxTitle)
	}
	return text("title", s, true)
}

// ValidContent says why s cannot be a content, or nil.
func ValidContent(s string) error {
	if len(s) > MaxContent {
		return invalid("content: %d bytes, limit %d", len(s), MaxContent)
	}
	return text("content", s, true)
}

func (m *Memory) validTags() error {
	if len(m.Tags) > MaxTags {
		return invalid("tags: %d, limit %d", len(m.Tags), MaxTags)
	}
	for _, t := range m.Tags {
		if len(t) > MaxTag {
			return invalid("tag %.40q: %d bytes, limit %d", t, len(t), MaxTag)
		}
		if err := text("tag", t, false); err != nil {
			return err
		}
	}
	return nil
}

func (m *Memory) validNumbers() error {
	switch {
	case m.Priority < 1 || m.Priority > 10:
		return invalid("priority %d: want 1 to 10", m.Priority)
	case math.IsNaN(m.Confidence) || m.Confidence < 0 || m.Confidence > 1:
		return invalid("confidence %v: want 0 to 1", m.Confidence)
	case m.Version < 1 || m.Version > MaxVersion:
		return invalid("version %d: want 1 to %d", m.Version, MaxVersion)
	case m.ReflectionDepth < 0:
		return invalid("reflection_depth %d: want 0 or more", m.ReflectionDepth)
	}
	if c := m.ConfidenceSignals; c != nil {
		for _, f := range []float64{c.SourceAgeDays, c.FreshnessFactor, c.BaselinePerSource} {
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return invalid("confidence_signals: not finite")
			}
		}
	}
	return nil
}

func (m *Memory) validEnums() error {
	if err := enum("source", m.Source, Sources()); err != nil {
		return err
	}
	if err := enum("memory_kind", m.MemoryKind, MemoryKinds()); err != nil {
		return err
	}
	return enum("confidence_source", m.ConfidenceSource, ConfidenceSources())
}

func (m *Memory) validTimes() error {
	switch {
	case m.CreatedAt < 0:
		return invalid("created_at: before 1970")
	case m.CreatedAt == 0:
		return invalid("created_at: missing")
	}
	if m.ExpiresAt < 0 || m.ConfidenceDecayed < 0 {
		return invalid("expires_at: before 1970")
	}
	return nil
}

func (m *Memory) validProvenance() error {
	if len(m.EntityID) > MaxID {
		return invalid("entity_id: %d bytes, limit %d", len(m.EntityID), MaxID)
	}
	if m.SourceURI != "" {
		if err := validURI("source_uri", m.SourceURI); err != nil {
			return err
		}
	}
	if err := m.SourceSpan.validate("source_span"); err != nil {
		return err
	}
	if len(m.Citations) > MaxCitations {
		return invalid("citations: %d, limit %d", len(m.Citations), MaxCitations)
	}
	for _, c := range m.Citations {
		if err := c.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Citation) validate() error {
	if err := validURI("citation uri", c.URI); err != nil {
		return err
	}
	if c.AccessedAt <= 0 {
		return invalid("citation: accessed_at is missing")
	}
	if c.Hash != "" {
		if b, err := hex.DecodeString(c.Hash); err != nil || len(b) != 32 {
			return invalid("citation hash: want 64 hex digits")
		}
	}
	return c.Span.validate("citation span")
}

func (s *Span) validate(field string) error {
	if s != nil && s.Start >= s.End {
		return invalid("%s: start %d is not before end %d", field, s.Start, s.End)
	}
	return nil
}

func validURI(field, s string) error {
	if len(s) > MaxURI {
		return invalid("%s: %d bytes, limit %d", field, len(s), MaxURI)
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || !oneOf([]string{"uri", "doc", "file"}, scheme) {
		return invalid("%s %.60q: want uri:…, doc:… or file:…", field, s)
	}
	return text(field, s, false)
}

// ValidObject says why o is not a JSON object within the limits, or nil.
func ValidObject(field string, o Object) error {
	if len(o) == 0 {
		return nil
	}
	if len(o) > MaxMetadata {
		return invalid("%s: %d bytes of JSON, limit %d", field, len(o), MaxMetadata)
	}
	if !json.Valid(o) || !utf8.Valid(o) || bytes.TrimLeft(o, " \t\r\n")[0] != '{' {
		return invalid("%s: want a JSON object", field)
	}
	if depth(o) > MaxMetadataDepth {
		return invalid("%s: nested deeper than %d", field, MaxMetadataDepth)
	}
	return nil
}

// depth is the nesting of valid JSON.
func depth(b []byte) int {
	var d, deepest int
	var quoted bool
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			d++
			deepest = max(deepest, d)
		case c == '}' || c == ']':
			d--
		}
	}
	return deepest
}

// Normal returns e with a vector of length 1, or [ErrInvalid] if the vector is
// empty, too long, not finite or zero.
func (e *Embedding) Normal() (*Embedding, error) {
	if e.Model == "" || len(e.Model) > MaxID || len(e.Vector) == 0 || len(e.Vector) > MaxDims {
		return nil, invalid("embedding: want a model and 1 to %d dimensions", MaxDims)
	}
	var sum float64
	for _, f := range e.Vector {
		sum += float64(f) * float64(f)
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) || sum == 0 {
		return nil, invalid("embedding: not finite, or zero")
	}
	norm := math.Sqrt(sum)
	if math.Abs(norm-1) <= 1e-3 {
		return e, nil
	}
	out := make([]float32, len(e.Vector))
	for i, f := range e.Vector {
		out[i] = float32(float64(f) / norm)
	}
	return &Embedding{Model: e.Model, Vector: out}, nil
}
