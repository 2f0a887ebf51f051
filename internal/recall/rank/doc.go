// Package rank orders the memories of an index by how well they answer a question
// in words, without a language model. What it adds up is in docs/recall.md: the
// words of a memory and, more weakly, of what was said before and after it; who
// said it; the session it was said in; the dates that it names; whether it tells
// or asks; whether it has what the question asks for; and words that are spelled
// differently.
//
// A rank depends on the index and the question alone: whoever asks for ten gets
// the first ten of what he gets when he asks for fifty.
package rank
