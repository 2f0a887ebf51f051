// Package bench measures federations of real processes on this machine, our way
// of replicating and, if there is one, a control arm in the same run: rounds of
// the two take turns, and what is reported is the median. The result is a
// Markdown table with the targets beside the figures.
//
// The control arm is a program of its own, bench/control: the same node with one
// POST for each write and member, and one transaction for each write.
package bench
