package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/screen"
)

// screened does with the secrets in what an intent writes what the rules of the
// namespace say: they are masked, which is the default, or refused, or kept. It
// returns the kinds of those that were found.
func (e *Engine) screened(ctx context.Context, c Caller, in *Intent) ([]string, error) {
	var found []string
	for _, op := range in.Ops {
		m := op.Op.About().Content
		if m == nil || !screens(m.Namespace) {
			continue
		}
		kinds, masked := e.secrets(m)
		if len(kinds) == 0 {
			continue
		}
		rule, err := e.secretsRule(ctx, m.Namespace)
		if err != nil {
			return nil, err
		}
		switch {
		case rule == memory.SecretsKeep:
			continue
		case rule == memory.SecretsRefuse || masked == nil:
			e.note(ctx, string(c.Agent), m, "secret_refused", kinds)
			return nil, fmt.Errorf("it holds a secret (%s), and %s takes none: leave it out: %w", strings.Join(kinds, ", "), m.Namespace, memory.ErrInvalid)
		}
		*m = *masked // the op was made for this write, and nobody else has it
		found = append(found, kinds...)
		if !c.DryRun {
			e.note(ctx, string(c.Agent), m, "secret_masked", kinds)
		}
	}
	return found, nil
}

// secrets are the kinds of secrets in a memory, and the memory without them; nil if
// they cannot be taken out of it.
func (e *Engine) secrets(m *memory.Memory) ([]string, *memory.Memory) {
	out := *m
	var all []screen.Finding
	for _, text := range []*string{&out.Title, &out.Content} {
		list := e.screen.Find(*text)
		all, *text = append(all, list...), screen.Mask(*text, list)
	}
	meta := string(m.Metadata)
	if list := e.screen.Find(meta); len(list) > 0 {
		all = append(all, list...)
		out.Metadata = memory.Object(screen.Mask(meta, list))
	}
	if len(all) == 0 {
		return nil, nil
	}
	if len(out.Metadata) > 0 && !json.Valid(out.Metadata) {
		return screen.Names(all), nil
	}
	return screen.Names(all), &out
}

// screens reports whether what is in a namespace was written by people and agents.
// Subscriptions and keys of agents are where secrets belong.
func screens(namespace string) bool {
	first, _, _ := strings.Cut(namespace, "/")
	return first != memory.SubscriptionNamespace && first != RegistryNamespace
}

func (e *Engine) secretsRule(ctx context.Context, namespace string) (string, error) {
	chain, err := e.Chain(ctx, namespace)
	if err != nil {
		return "", err
	}
	return Governing(chain).Secrets, nil
}

// Found says that a memory holds secrets, without saying them.
type Found struct {
	By        string // the agent that writes it, or the origin that wrote it
	Namespace string
	Memory    string // its id
	Outcome   string // secret_masked, secret_refused or secret_received
	Kinds     []string
}

// note tells of a finding, without the secret.
func (e *Engine) note(ctx context.Context, by string, m *memory.Memory, outcome string, kinds []string) {
	e.log.InfoContext(ctx, "a secret was found", "memory", m.ID, "namespace", m.Namespace, "kinds", kinds, "outcome", outcome)
	if e.cfg.Found != nil {
		e.cfg.Found(Found{By: by, Namespace: m.Namespace, Memory: m.ID, Outcome: outcome, Kinds: kinds})
	}
}

// Inspect looks for secrets in what another node wrote. It cannot mask them: an
// entry is the same everywhere. Where the rules refuse secrets it says why the entry
// is not taken; else it only notes it.
func (e *Engine) Inspect(ctx context.Context, entry *memory.Entry) error {
	m := entry.Op.About().Content
	if m == nil || !screens(m.Namespace) {
		return nil
	}
	kinds, _ := e.secrets(m)
	if len(kinds) == 0 {
		return nil
	}
	rule, err := e.secretsRule(ctx, m.Namespace)
	if err != nil {
		return err
	}
	origin := string(entry.Dot.Origin)
	switch rule {
	case memory.SecretsKeep:
	case memory.SecretsRefuse:
		e.note(ctx, origin, m, "secret_refused", kinds)
		return fmt.Errorf("%s holds a secret (%s), and %s takes none: %w", m.ID, strings.Join(kinds, ", "), m.Namespace, memory.ErrForbidden)
	default:
		e.note(ctx, origin, m, "secret_received", kinds)
	}
	return nil
}
