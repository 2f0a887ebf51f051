// Package fold brings texts into the forms in which they are compared: [Word] is
// what a reader holds for the same word, [Name] what looks like the same name.
// It knows the standard library and golang.org/x/text, and nothing else.
package fold
