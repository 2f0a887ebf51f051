package rank

// Capped is [Text] that looks for the best alone, or at all that has anything, whatever is
// wanted; where so many are found, further words bring no others.
func Capped(w Weights, enough int, all bool) Arm {
	a, _ := Text(w).(*textArm)
	a.enough, a.all = enough, all
	return a
}

// Uncapped is [Text] for which common words bring candidates, however many there are.
func Uncapped(w Weights) Arm {
	a, _ := Text(w).(*textArm)
	a.enough = 1 << 30
	return a
}
