// Package send delivers what this node knows to peers that run ai-memory 0.7.
//
// A peer has a lane: a cursor in the log of this node, behind which everything that
// was applied here, of any origin, is rendered as the pushes that such a peer takes.
// What is rendered is the state of now, and only for an entry that still decides it.
// So what several nodes of ours send to one peer ends in the same state there, in
// whatever order it arrives.
//
// The peer acknowledges before it has anything on its disk, and answers 200 to what
// it left out. A push counts as delivered only if nothing was left out; what a peer
// will not take is noted with the reason, and the lane goes on.
package send
