package records

import (
	"fmt"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// sign checks what the caller has signed of a draft that is complete, and keeps it
// with the memory.
func (b *Book) sign(c engine.Caller, d *Draft) error {
	if d.Signed == nil {
		return nil
	}
	if d.OnConflict == ConflictVersion {
		return fmt.Errorf("on_conflict version may give it another title than was signed: %w", memory.ErrInvalid)
	}
	if away := (b.core.Now() - d.Signed.At).Time().Sub(memory.Instant(0).Time()).Abs(); away > memory.SignatureWindow {
		return fmt.Errorf("created_at is %s away from the clock of this node, limit %s: %w", away, memory.SignatureWindow, memory.ErrSignature)
	}
	var keys [][]byte
	if b.signers != nil {
		keys = b.signers(c.Agent)
	}
	for _, key := range keys {
		for _, at := range spellings(d.Signed.At) {
			s := &memory.Signature{Agent: c.Agent, Key: key, Value: d.Signed.Value, At: at}
			if s.Holds(&d.Memory) {
				d.Memory.Signature = s
				return nil
			}
		}
	}
	return fmt.Errorf("%d keys of %s are registered here, and none has signed this: %w", len(keys), c.Agent, memory.ErrSignature)
}

// spellings are how programs write a time in UTC: which one was signed, nobody says.
func spellings(i memory.Instant) []string {
	t := i.Time().UTC()
	var out []string
	for _, digits := range []string{".999999999", "", ".000", ".000000", ".000000000"} {
		for _, zone := range []string{"Z", "+00:00"} {
			out = append(out, t.Format("2006-01-02T15:04:05"+digits)+zone)
		}
	}
	return out
}
