package memory

// Inventory says what a dump of a node's log holds.
type Inventory struct {
	View    View         // what the entries add up to, root included
	Entries int          // all of them
	Kinds   map[Kind]int // entries by kind; parked ones under 0
	Hollow  int          // of them: those whose content is gone
	Damaged int          // besides: those that cannot be read, and are left out
}
