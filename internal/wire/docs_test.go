package wire_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

func TestTheProtocolIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	for _, k := range memory.Kinds() {
		if row := fmt.Sprintf("\n| %d | %s | `{", k, k); !strings.Contains(doc, row) {
			t.Errorf("the table of kinds has no row %q", row)
		}
	}
	for _, code := range []string{
		memory.CodeUnknownKind, memory.CodeInvalid, memory.CodeSkew, memory.CodeDotConflict, memory.CodeForbidden,
	} {
		if !strings.Contains(doc, "`"+code+"`") {
			t.Errorf("the code %s is not explained", code)
		}
	}
	for what, limit := range map[string]string{
		"limits in hello": fmt.Sprintf(`"limits":{"ops":%d,"bytes":%d}`, wire.MaxOps, wire.MaxBody),
		"entry":           fmt.Sprintf("| an entry | %d KiB |", wire.MaxEntry>>10),
		"body":            fmt.Sprintf("frame of a snapshot | %d MiB |", wire.MaxBody>>20),
		"digest":          fmt.Sprintf("| reply to a digest | %d MiB, %d,%03d registers |", wire.MaxDigest>>20, wire.MaxRegisters/1000, wire.MaxRegisters%1000),
	} {
		if !strings.Contains(doc, limit) {
			t.Errorf("%s: the document does not say %q", what, limit)
		}
	}
}
