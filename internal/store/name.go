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
	var name memory.Node
	if err := db.QueryRowContext(ctx, "SELECT name FROM node").Scan(&name); err != nil {
		return "", fmt.Errorf("name of the node in %s: %w", dir, d.classify(err))
	}
	return name, nil
}
