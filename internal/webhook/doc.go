// Package webhook delivers events to the endpoints of subscriptions: signed, in
// order for each subscription, at least once.
//
// The queue is the log itself. A subscription has a cursor in it, and one node,
// its home, delivers what comes behind the cursor: a lane for each subscription,
// which tries an event until the endpoint takes it or the attempts are used up. It
// is then a dead letter: kept, listed, and delivered again on request. A crash
// loses no event, because the cursor moves only after it was settled.
//
// Subscribers name the URLs, so every address that is dialled is checked
// ([Guard]): a node must not be made to call what only it can reach.
package webhook
