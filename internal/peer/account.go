package peer

import (
	"context"
	"net/http"

	"github.com/tallystick/tallystick/internal/memory"
)

// maxAccount bounds the bytes of what a member tells of itself.
const maxAccount = 512 << 10

// account answers a member with what this node tells of itself and of the others.
func (h *handler) account(w http.ResponseWriter, r *http.Request, from *caller) error {
	return h.document(func(*caller) ([]byte, error) { return h.cfg.Account(r.Context()) })(w, r, from)
}

// Account asks a member for what it tells of itself and of the others. Nothing of it was
// checked but, among members with identities, who said it.
func (c *Client) Account(ctx context.Context, member memory.Node) ([]byte, error) {
	doc, _, err := c.ask(ctx, "status", member, pathStatus, maxAccount)
	return doc, err
}
