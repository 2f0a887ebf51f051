package api

import "sync"

// pools are what answers are made in, kept for the next ones.
type pools struct {
	buffers sync.Pool // *bytes.Buffer, for JSON on its way out
	zippers sync.Pool // *gzip.Writer
}
