package main

import (
	"context"
	"os"
	"time"
)

const parentLooked = time.Second

// endWithParent calls end when the program that started this one is gone, which
// stdin does not tell where another process holds its other end.
func endWithParent(ctx context.Context, end func()) {
	parent := os.Getppid()
	tick := time.NewTicker(parentLooked)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if os.Getppid() != parent {
				end()
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
