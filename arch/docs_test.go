package arch_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "wrap the lines of documents anew")

// docColumns is how wide a line of a document may be. What cannot be broken, such
// as a row of a table, code or a link, may be wider.
const docColumns = 100

// A change to a sentence in the middle of a line of 400 columns cannot be read in a
// diff.
func TestDocumentsAreWrapped(t *testing.T) {
	n := 0
	for _, p := range tree(t) {
		if path := filepath.ToSlash(p); !strings.HasSuffix(path, ".md") || strings.Contains(path, "testdata/") {
			continue
		}
		n++
		file := filepath.Join(root(t), filepath.FromSlash(p))
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := wrapped(string(b))
		if want == string(b) {
			continue
		}
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s has lines of more than %d columns, the first of them:\n\t%s\nrun go test ./arch -update", p, docColumns, firstLong(string(b), want))
	}
	if n < 10 {
		t.Errorf("only %d documents were found", n)
	}
}

func firstLong(is, want string) string {
	a, b := strings.Split(is, "\n"), strings.Split(want, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return a[i]
		}
	}
	return ""
}

// wrapped is a document in which the paragraphs with too wide lines are wrapped anew.
func wrapped(doc string) string {
	var out, block []string
	flush := func() {
		out = append(out, wrapBlock(block)...)
		block = nil
	}
	fenced := false
	for line := range strings.SplitSeq(doc, "\n") {
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(text, "```"):
			flush()
			fenced = !fenced
			out = append(out, line)
		case fenced, text == "", strings.HasPrefix(text, "|"), strings.HasPrefix(text, "#"), strings.HasPrefix(text, "<"), regexp.MustCompile(`^\[[^\]]+\]:`).MatchString(text):
			flush()
			out = append(out, line)
		case listItem().MatchString(line):
			flush()
			block = []string{line}
		default:
			block = append(block, line)
		}
	}
	flush()
	return strings.Join(out, "\n")
}

func listItem() *regexp.Regexp { return regexp.MustCompile(`^(\s*)([-*+]|\d+[.)])(\s+)`) }

// wrapBlock wraps a paragraph or an item of a list, if a line of it is too wide.
func wrapBlock(lines []string) []string {
	if !slices.ContainsFunc(lines, func(l string) bool { return utf8.RuneCountInString(l) > docColumns }) {
		return lines
	}
	first := lines[0][:len(lines[0])-len(strings.TrimLeft(lines[0], " "))]
	rest := first
	if m := listItem().FindString(lines[0]); m != "" {
		first, rest = m, strings.Repeat(" ", utf8.RuneCountInString(m))
		lines = append([]string{strings.TrimPrefix(lines[0], m)}, lines[1:]...)
	}
	var out []string
	var line []string
	columns := func(words []string, indent string) int {
		return utf8.RuneCountInString(indent) + utf8.RuneCountInString(strings.Join(words, " "))
	}
	indent := first
	for _, w := range words(strings.Join(lines, " ")) {
		if len(line) > 0 && columns(append(slices.Clone(line), w), indent) > docColumns {
			next := []string{w}
			if startsSomething(w) && len(line) > 1 { // it would become a list, a heading or a quote
				next, line = []string{line[len(line)-1], w}, line[:len(line)-1]
			}
			out = append(out, indent+strings.Join(line, " "))
			line, indent = next, rest
			continue
		}
		line = append(line, w)
	}
	return append(out, indent+strings.Join(line, " "))
}

func startsSomething(w string) bool {
	return regexp.MustCompile(`^([-+*]|#+|\d+[.)]|>.*|\|.*|<.*|\[.*)$`).MatchString(w)
}

// words cuts a text where a line may end: not in code, and not in a link.
func words(text string) []string {
	return regexp.MustCompile("(?:`[^`]*`|\\[[^\\]]*\\]\\([^)]*\\)|\\[[^\\]]*\\]|[^\\s`\\[]|[`\\[])+").FindAllString(text, -1)
}

// The wrapping must be able to wrap, and leave alone what it may not touch.
func TestWrappingKeepsWhatALineSays(t *testing.T) {
	long := strings.Repeat("word ", 30)
	doc := "# " + long + "\n\n| " + long + "|\n\n```\n" + long + "\n```\n\n- " + long + "`" + strings.TrimSpace(long) + "` end\n  more\n- short\n"
	got := wrapped(doc)
	if wrapped(got) != got {
		t.Errorf("wrapped again it is another one:\n%s", got)
	}
	if a, b := strings.Fields(doc), strings.Fields(got); !slices.Equal(a, b) {
		t.Errorf("other words:\n%s", got)
	}
	if !strings.Contains(got, "`"+strings.TrimSpace(long)+"`") || !strings.Contains(got, "\n  word") {
		t.Errorf("not wrapped as it should be:\n%s", got)
	}
}

// Guides say which test fails when a step is forgotten. There must be such a test.
func TestTestsThatDocumentsNameExist(t *testing.T) {
	there := map[string]bool{}
	for _, f := range goFiles(t) {
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(f.src, -1) {
			there[string(m[1])] = true
		}
	}
	named := 0
	for _, p := range tree(t) {
		if !strings.HasSuffix(p, ".md") || strings.Contains(p, "testdata/") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(p)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile("`(Test[A-Z]\\w+)").FindAllSubmatch(b, -1) {
			if named++; !there[string(name[1])] {
				t.Errorf("%s names %s, and there is no such test", p, name[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d tests are named", named)
	}
}
