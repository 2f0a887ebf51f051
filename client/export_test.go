package client

import "time"

// NewSilent is New with another time for which nothing may move on a connection.
func NewSilent(o Options, silent time.Duration) (*Client, error) { return newClient(o, silent) }
