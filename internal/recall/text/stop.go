package text

// Stop reports whether a word is too common in English to tell texts apart. A
// longer list finds less.
func Stop(word string) bool {
	switch word {
	case "a", "an", "the", "of", "to", "in", "on", "at", "for", "and", "or", "is", "are", "was", "were", "be", "been",
		"did", "do", "does", "has", "have", "had", "what", "when", "where", "who", "whom", "which", "why", "how",
		"with", "by", "from", "it", "its", "this", "that", "these", "those", "as", "about", "into",
		"i", "you", "he", "she", "they", "we", "his", "her", "their", "my", "your", "our", "me", "him", "them", "us",
		"can", "could", "would", "will", "should", "there", "than", "then", "so", "if", "not", "no", "yes", "any", "some":
		return true
	}
	return false
}
