// Package token cuts texts into the pieces that language models know, by the rules
// of three families: [BPE] (Llama), [Unigram] (XLM-RoBERTa) and [WordPiece]
// (BERT). Texts of any kind are taken; what is not UTF-8 counts as U+FFFD.
//
// Names of special pieces in a text, such as "<s>", are text: nobody who writes a
// memory can put one in.
package token

// space is what stands for a space in the pieces of two of the families.
const space = '▁'
