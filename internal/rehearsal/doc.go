// Package rehearsal runs a federation to practise on: three nodes as processes of this
// machine, on loopback, of which one can be cut off while it runs. There is one at a
// time; it ends by itself, and nothing is left of it.
package rehearsal
