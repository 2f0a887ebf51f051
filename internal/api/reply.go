package api

import "github.com/tallystick/tallystick/internal/engine"

// reply is the answer of a handler: a status and a JSON body.
type reply struct {
	status  int // 0: 200
	body    any
	sent    bool                // the handler has written the answer itself
	replay  bool                // an earlier request with the same idempotency key did it
	ignored []string            // what was given and not understood
	tried   bool                // nothing was written
	short   *engine.QuorumError // it is kept here, and that is what the client asked for
}

func ok(body any) (reply, error) { return reply{body: body}, nil }

// docsPage is the document for people, with the policy that a browser is to
// hold it to.
type docsPage struct {
	html   page
	policy string
}
