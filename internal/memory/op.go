package memory

// Kind names a kind of op. The values are persisted and go over the wire: never
// renumber them, never reuse one.
type Kind uint8

// The kinds of op.
const (
	KindPut           Kind = 1
	KindDelete        Kind = 2
	KindErase         Kind = 3
	KindArchive       Kind = 4
	KindRestore       Kind = 5
	KindLink          Kind = 6
	KindUnlink        Kind = 7
	KindConsolidate   Kind = 8
	KindPropose       Kind = 9
	KindDecide        Kind = 10
	KindResolve       Kind = 11
	KindSetStandard   Kind = 12
	KindClearStandard Kind = 13
)

// Op is a change to the store, as a value. The types in this package, one file
// each, are its only implementations; [New] makes an empty one of each kind.
//
// An op says everything about itself: what asks which memories, which namespace
// or which proposal it is about asks About, and needs to know no kinds.
//
//sumtype:decl
type Op interface {
	isOp()
	Kind() Kind
	// Subjects are the registers that the op writes, in a fixed order and
	// without repetition. An op wins or loses each of them on its own.
	Subjects() []Key
	// Validate says why no node would accept the op, or nil. The error is [ErrInvalid].
	Validate() error
	// About says what the op is about. It holds for hollow ops as well, in which
	// only ids are left.
	About() About
	// hollow is the op without its content, or nil if it has none.
	hollow() Op
}

// kindRow is what the list of kinds says of one.
type kindRow struct {
	name string
	make func() Op
}

// kindTable lists the kinds by their numbers, the first of which is nobody's.
func kindTable() [KindClearStandard + 1]kindRow {
	return [...]kindRow{
		KindPut:           {"put", func() Op { return &Put{} }},
		KindDelete:        {"delete", func() Op { return &Delete{} }},
		KindErase:         {"erase", func() Op { return &Erase{} }},
		KindArchive:       {"archive", func() Op { return &Archive{} }},
		KindRestore:       {"restore", func() Op { return &Restore{} }},
		KindLink:          {"link", func() Op { return &Link{} }},
		KindUnlink:        {"unlink", func() Op { return &Unlink{} }},
		KindConsolidate:   {"consolidate", func() Op { return &Consolidate{} }},
		KindPropose:       {"propose", func() Op { return &Propose{} }},
		KindDecide:        {"decide", func() Op { return &Decide{} }},
		KindResolve:       {"resolve", func() Op { return &Resolve{} }},
		KindSetStandard:   {"set_standard", func() Op { return &SetStandard{} }},
		KindClearStandard: {"clear_standard", func() Op { return &ClearStandard{} }},
	}
}

// New returns a pointer to an empty op of kind k, or nil if this binary does not
// know k.
func New(k Kind) Op {
	if row := rowOf(k); row.make != nil {
		return row.make()
	}
	return nil
}

func rowOf(k Kind) kindRow {
	table := kindTable()
	if int(k) >= len(table) {
		return kindRow{}
	}
	return table[k]
}

// Kinds lists every kind, in order: codecs, stores and tests go by it.
func Kinds() []Kind {
	var ks []Kind
	for k, row := range kindTable() {
		if row.make != nil {
			ks = append(ks, Kind(k))
		}
	}
	return ks
}

// String names k as logs, metrics and the API do.
func (k Kind) String() string {
	if name := rowOf(k).name; name != "" {
		return name
	}
	return "unknown"
}
