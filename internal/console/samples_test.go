package console_test

import (
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// sources are the lines of the console's sources.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	root := os.DirFS("../../console/src")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".tsx") {
			return err
		}
		raw, err := fs.ReadFile(root, name)
		out[name] = strings.Split(string(raw), "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What "Copy as" says in Go, the client has, and what it says as a tool call, agents have.
func TestWhatIsCopiedCanBeCalled(t *testing.T) {
	inGo := regexp.MustCompile("go: (?:\"[^\"]*\"|`[^`]*`)")
	call := regexp.MustCompile(`\bc\.(?:(\w+)\(\)\.)?(\w+)\(`)
	tool := regexp.MustCompile(`tool: "(\w+)"`)
	table := verb.Table(verb.Deps{})
	calls, tools := 0, 0
	for name, lines := range sources(t) {
		for _, line := range lines {
			for _, said := range inGo.FindAllString(line, -1) {
				for _, m := range call.FindAllStringSubmatch(said, -1) {
					calls++
					on := reflect.TypeFor[*client.Client]()
					if m[1] != "" {
						part, has := on.MethodByName(m[1])
						if !has {
							t.Errorf("%s: the client has no %s: %s", name, m[1], said)
							continue
						}
						on = part.Type.Out(0)
					}
					if _, has := on.MethodByName(m[2]); !has {
						t.Errorf("%s: %s has no %s: %s", name, on, m[2], said)
					}
				}
			}
			for _, m := range tool.FindAllStringSubmatch(line, -1) {
				tools++
				if v := verb.Find(table, m[1]); v == nil || v.OnlyHTTP != "" {
					t.Errorf("%s: agents have no tool %s", name, m[1])
				}
			}
		}
	}
	if calls < 20 || tools < 15 {
		t.Errorf("only %d calls and %d tools were found", calls, tools)
	}
}
