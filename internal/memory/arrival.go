package memory

import "errors"

// Route is the way by which entries of other nodes come in.
type Route uint8

// The routes.
const (
	RoutePush     Route = iota + 1 // a member sent its ops
	RoutePull                      // this node asked a member for them
	RouteSnapshot                  // this node asked a member for all that it has
	RouteRepair                    // as a pull, to mend what differs here
	RouteImport                    // the operator of this node brings a complete export
)

// String names r for logs and errors.
func (r Route) String() string {
	names := [...]string{"nowhere", "push", "pull", "snapshot", "repair", "import"}
	if int(r) < len(names) {
		return names[r]
	}
	return names[0]
}

// Source says where entries come from: who has proved to bring them, and by
// which route. What receives entries is given one, and looks at nothing else to
// learn who sent them.
type Source struct {
	Member Node // "" on the route of an import, which is the operator's
	Route  Route
	// Mark is the signed request that brings them; zero if none was signed. It is kept
	// in the transaction that takes in what it brings.
	Mark Mark
}

// Arrival is an entry of another node, opened.
type Arrival struct {
	Entry     *Entry // with a valid dot at least; without an op if its kind is unknown
	Raw       []byte
	Embedding *Embedding // of length one, or nil
	// Refused says why the entry is not to be applied. Its bytes are kept.
	Refused error
	// Mark is the request that brought it, in the first arrival of a request.
	Mark Mark
}

// Open decodes and validates shipments. Entries that are hollow come last, because
// what replaced them may be in the same shipment. What does not even tell its dot
// is left out, and counted: nobody can be told of it.
func Open(decode func([]byte) (*Entry, error), ops []Shipment) (in []Arrival, unreadable int) {
	var hollow []Arrival
	for _, op := range ops {
		a, err := OpenOne(decode, op)
		switch {
		case err != nil:
			unreadable++
		case a.Entry.Hollow.IsZero():
			in = append(in, a)
		default:
			hollow = append(hollow, a)
		}
	}
	return append(in, hollow...), unreadable
}

// OpenOne opens one shipment. The error, [ErrInvalid], says that not even the dot
// can be read.
func OpenOne(decode func([]byte) (*Entry, error), op Shipment) (Arrival, error) {
	e, err := decode(op.Raw)
	if e == nil || e.Dot.Valid() != nil {
		return Arrival{}, errors.Join(invalid("entry without a readable dot"), err)
	}
	if err == nil {
		err = e.Validate()
	}
	a := Arrival{Entry: e, Raw: op.Raw, Refused: err}
	if op.Embedding != nil {
		// A vector is derived data: one that is no use is left out, the entry stands.
		if v, err := op.Embedding.Normal(); err == nil {
			a.Embedding = v
		}
	}
	return a, nil
}
