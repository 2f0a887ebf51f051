package recall

import "github.com/tallystick/tallystick/internal/recall/search"

// LiteralOf reads the signs of a query that must stand in a text as they are, where
// more is at stake than a hit too many.
func LiteralOf(query string) search.Literal { return search.LiteralOf(query) }
