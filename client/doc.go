// Package client talks to a Tallystick node over HTTP and JSON.
//
//	c, err := client.New(client.Options{URL: "http://127.0.0.1:9077", Agent: "planner"})
//	if err != nil { … }
//	out, err := c.Create(ctx, client.Draft{Title: "Gate code", Content: "4711"})
//
// Every write returns an [Outcome] with a [Receipt]: which members of the
// federation hold the write on disk. How long a write waits for that is chosen
// per call, see [With].
//
// What most programs need are methods of the Client. The rest is in its parts:
// [Client.Agents], [Client.Governance], [Client.Graph], [Client.Subscriptions] and
// [Client.Upkeep].
//
// An answer that is not a success is an [*Error]. The one to know is a missed
// quorum ([Error.QuorumMissed]): the write is kept and will reach the others,
// and its receipt is in the error. Do not repeat such a write under another
// idempotency key; ask for its receipt later.
//
// A Client is safe for concurrent use and keeps connections open between calls.
// Fields that a node sends and this package does not know are ignored, so that
// a newer node can be spoken to.
package client
