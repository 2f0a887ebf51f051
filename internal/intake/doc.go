// Package intake is the one door for what other nodes wrote: a push, a pull, a
// snapshot, a repair, a complete import. Whatever the route, entries are opened
// here, in one order: decoded, validated, judged by policy (who brings them,
// whose numbers they have, which namespaces they touch before and after), held
// against the clock and the bounds, and only then merged by the store, which
// takes no others.
//
// An entry that is refused never costs the others anything: it is named in the
// answer, its bytes are kept where they can be of use later, and the rest goes on.
package intake
