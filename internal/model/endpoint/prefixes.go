package endpoint

import "strings"

// Prefixes are what a model was trained to have in front of questions and of texts, as
// far as that is known of it by its name.
func Prefixes(model string) (query, passage string) {
	const sentence = "Represent this sentence for searching relevant passages: "
	name := strings.ToLower(model)
	has := func(part string) bool { return strings.Contains(name, part) }
	switch {
	case has("nomic-embed"):
		return "search_query: ", "search_document: "
	case has("embeddinggemma"):
		return "task: search result | query: ", "title: none | text: "
	case has("qwen3-embedding"):
		return "Instruct: Given a question, retrieve memories that answer it\nQuery:", ""
	case has("arctic-embed2"), has("arctic-embed-l-v2"), has("arctic-embed-m-v2"):
		return "query: ", ""
	case has("arctic-embed"), has("mxbai-embed"), has("bge-small-en"), has("bge-base-en"), has("bge-large-en"):
		return sentence, ""
	case (strings.HasPrefix(name, "e5-") || has("/e5-") || has("multilingual-e5")) && !has("instruct") && !has("mistral"):
		return "query: ", "passage: "
	}
	return "", ""
}
