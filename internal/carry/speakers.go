package carry

import (
	"sync"

	"github.com/tallystick/tallystick/client"
)

// speakers are clients that speak for the agents who wrote what is imported, so
// that it stays theirs. It is safe for concurrent use.
type speakers struct {
	open func(url, agent string) (*client.Client, error)

	mu      sync.Mutex
	clients map[[2]string]*client.Client // by URL and agent
}

// of returns a client for the node of c that speaks for agent; c itself for "".
func (v *speakers) of(c *client.Client, agent string) (*client.Client, error) {
	if agent == "" || c == nil {
		return c, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	key := [2]string{c.URL(), agent}
	if v.clients == nil {
		v.clients = map[[2]string]*client.Client{}
	}
	if v.clients[key] == nil {
		own, err := v.open(c.URL(), agent)
		if err != nil {
			return nil, err
		}
		v.clients[key] = own
	}
	return v.clients[key], nil
}
