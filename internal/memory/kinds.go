package memory

// kindRow is what the list of kinds says of one.
type kindRow struct {
	kind   Kind
	name   string
	make   func() Op
	writes [2]familyRow // the registers that it writes and no kind before it
	events [3]string    // what subscribers may be told that it is, if no kind before it is that
}

// familyRow is a family of registers.
type familyRow struct {
	family Family
	name   string
}

// kindTable yields, in the order of their numbers, all there is to say of kinds that
// no op says itself.
func kindTable(yield func(kindRow) bool) {
	for _, row := range [...]kindRow{
		{
			KindPut, "put", func() Op { return &Put{} },
			[2]familyRow{{FamContent, "content"}, {FamLife, "life"}},
			[3]string{EventStore, EventUpdate, EventPromote},
		},
		{KindDelete, "delete", func() Op { return &Delete{} }, [2]familyRow{}, [3]string{EventDelete}},
		{KindErase, "erase", func() Op { return &Erase{} }, [2]familyRow{}, [3]string{}},
		{KindArchive, "archive", func() Op { return &Archive{} }, [2]familyRow{}, [3]string{EventArchive}},
		{KindRestore, "restore", func() Op { return &Restore{} }, [2]familyRow{}, [3]string{EventRestore}},
		{KindLink, "link", func() Op { return &Link{} }, [2]familyRow{{FamLink, "link"}}, [3]string{EventLinkCreated, EventLinkInvalidated}},
		{KindUnlink, "unlink", func() Op { return &Unlink{} }, [2]familyRow{}, [3]string{EventLinkDeleted}},
		{KindConsolidate, "consolidate", func() Op { return &Consolidate{} }, [2]familyRow{}, [3]string{EventConsolidated}},
		{KindPropose, "propose", func() Op { return &Propose{} }, [2]familyRow{{FamProposal, "proposal"}}, [3]string{EventAskApproval}},
		{KindDecide, "decide", func() Op { return &Decide{} }, [2]familyRow{{FamVote, "vote"}}, [3]string{EventVoted}},
		{KindResolve, "resolve", func() Op { return &Resolve{} }, [2]familyRow{{FamVerdict, "verdict"}}, [3]string{EventDecided}},
		{KindSetStandard, "set_standard", func() Op { return &SetStandard{} }, [2]familyRow{{FamStandard, "standard"}}, [3]string{EventStandardSet}},
		{KindClearStandard, "clear_standard", func() Op { return &ClearStandard{} }, [2]familyRow{}, [3]string{EventStandardCleared}},
		{KindTouch, "touch", func() Op { return &Touch{} }, [2]familyRow{{FamTouch, "touch"}}, [3]string{}},
	} {
		if !yield(row) {
			return
		}
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
	for row := range kindTable {
		if row.kind == k {
			return row
		}
	}
	return kindRow{}
}

// Kinds lists every kind, in order: codecs, stores and tests go by it.
func Kinds() []Kind {
	var ks []Kind
	for row := range kindTable {
		ks = append(ks, row.kind)
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
