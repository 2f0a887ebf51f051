// Package search finds the memories that a query in words selects, judged by the
// words as they stand: no stems, no stop words, every word of the query must
// occur. A query has
//
//	word         must occur; what is glued together must stand together
//	"two words"  must stand one behind the other
//	-word        must not occur; also -"two words" and -tag:x
//	tag:x        has the tag
//	from:a       belongs to the agent
//	namespace:n  is in the namespace
//	after:d      was created on that day or later
//	before:d     was created before that day
//
// A day is 2026-03-04, a month 2026-03, a year 2026; today and yesterday are days
// of UTC. Values may be quoted. A query of nothing that can be looked for selects
// nothing.
package search
