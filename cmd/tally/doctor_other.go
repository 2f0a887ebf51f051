//go:build !linux && !darwin

package main

// permissions says whether file modes keep others out.
const permissions = false

func diskSpace(string) (free, inodes uint64, ok bool) { return 0, 0, false }

func fileLimit() (uint64, bool) { return 0, false }
