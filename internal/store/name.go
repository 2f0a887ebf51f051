package store

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// NameIn returns the name of the node whose data are in dir; "" if there are none
// yet. It changes nothing, and may be called while the node runs.
func NameIn(ctx context.Context, dir string) (memory.Node, error) {
	cfg, d := &Config{Dir: dir}, localFile()
	if d.size(cfg) == 0 {
		return "", nil
	}
	db, err := d.openReader(cfg, 1)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	var name, numbers []byte
	if err := db.QueryRowContext(ctx, "SELECT n.name, o.name FROM node n LEFT JOIN origins o ON o.id = n.origin").Scan(&name, &numbers); err != nil {
		return "", fmt.Errorf("name of the node in %s: %w", dir, d.classify(err))
	}
	if node := memory.Node(name); node.Valid() == nil {
		return node, nil
	}
	return memory.Origin(numbers).Node(), nil // the row is damaged: what it numbers under says it, too
}
