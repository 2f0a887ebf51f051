// Package browser tests the console in a real browser, on a real federation. It
// has nothing but tests.
package browser
