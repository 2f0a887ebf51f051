package rank

// Uncapped is [Text] for which common words bring candidates, however many there are.
func Uncapped(w Weights) Arm {
	a, _ := Text(w).(*textArm)
	a.enough = 1 << 30
	return a
}
