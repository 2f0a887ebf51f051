package meaning

// CompareAll sets up to how many vectors in sight each is compared in full.
func (a *Arm) CompareAll(n int) { a.all = n }

// SetFull says that the space has everything.
func (s *Space) SetFull() { s.full.Store(true) }
