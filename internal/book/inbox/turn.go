package inbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// Turn is one turn of a conversation that a host reports.
type Turn struct {
	Session   string // as the host calls it
	Index     int64
	Role      string
	Content   string
	Namespace string
	Metadata  memory.Object
}

// CaptureTurn keeps a turn. The same turn of the same agent's session again is
// no write: dup is then true, and the outcome has no entry.
func (b *Book) CaptureTurn(ctx context.Context, c engine.Caller, t Turn) (out engine.Outcome, id string, dup bool, err error) {
	c = c.Named()
	if t.Index < 0 {
		return out, "", false, fmt.Errorf("host_turn_index %d: want 0 or more: %w", t.Index, memory.ErrInvalid)
	}
	if err := memory.ValidTitle(t.Session); err != nil {
		return out, "", false, fmt.Errorf("host_session_id: %w", err)
	}
	t.Namespace = cmp.Or(t.Namespace, turnsNamespace)
	index := strconv.FormatInt(t.Index, 10)
	id = memory.DerivedID("\x00turn", string(c.Agent)+"\x00"+t.Session+"\x00"+index)
	out, again, err := engine.Again(ctx, b.core, c)
	if again || err != nil {
		dup = errors.Is(err, memory.ErrUnchanged)
		if dup {
			out.Replayed, err = true, nil
		}
		return out, id, dup, err
	}
	// In whatever life: what was captured and deleted does not come back.
	if _, err := b.store.Record(ctx, id); err == nil || !errors.Is(err, memory.ErrNotFound) {
		if err == nil {
			_, err = engine.NothingDone(ctx, b.core, c)
		}
		return out, id, err == nil, err
	}
	meta, err := t.Metadata.WithAll(map[string]any{"host_session_id": t.Session, "host_turn_index": t.Index, "role": t.Role})
	if err != nil {
		return out, id, false, err
	}
	out, err = b.records.Create(ctx, c, records.Draft{OnConflict: records.ConflictVersion, Memory: memory.Memory{
		ID: id, Title: ending(strings.TrimSpace(t.Session), " #"+index), Content: t.Content, Namespace: t.Namespace, MemoryKind: "conversation", Source: "hook",
		Tags: []string{"turn"}, Metadata: meta,
	}})
	clash, taken := errors.AsType[*engine.ConflictError](err)
	if taken && clash.ID == id { // another request was faster
		return engine.Outcome{}, id, true, nil
	}
	return out, id, false, err
}
