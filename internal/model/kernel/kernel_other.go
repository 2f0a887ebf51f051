//go:build !amd64

package kernel

// quantiseBlocks writes x as whole numbers into q, and what one stands for in each
// block.
func quantiseBlocks(q []int8, scale, x []float32) { quantiseGo(q, scale, x) }

// rows4 returns the products of four rows of w with a.
func rows4(w []int8, ws []float32, a []int8, as []float32) [4]float32 { return rows4Go(w, ws, a, as) }

// Dot is the product of two vectors of one length.
func Dot(a, b []int8) int32 { return dotGo(a, b) }

func dots([]int32, []int8, []int8, []uint32) int { return 0 }

func differ([]uint16, []uint64, []uint64, []uint32) int { return 0 }

// Floats is the product of two vectors of one length.
func Floats(a, b []float32) float32 { return floatsGo(a, b) }

// Add adds f × x to y, of one length.
func Add(y []float32, f float32, x []float32) { addGo(y, f, x) }
