package meaning

// CompareAll sets up to how many vectors in sight each is compared in full.
func (a *Arm) CompareAll(n int) { a.all = n }

// CompareFirst sets how many are compared in full after the signs of all.
func (a *Arm) CompareFirst(n int) { a.first = n }

// SetFull says that the space has everything.
func (s *Space) SetFull() { s.full.Store(true) }
