package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

func TestATextNamesItself(t *testing.T) {
	nothing, err := os.Open(os.DevNull) // not piped in, as a terminal is not
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := nothing.Close(); err != nil {
			t.Error(err)
		}
	})
	long := strings.Repeat("many words ", 20)
	for name, c := range map[string]struct {
		stdin       io.Reader
		args        []string
		title, text string
		err         bool
	}{
		"a text":              {stdin: nothing, args: []string{"The gate code is 4711."}, title: "The gate code is 4711.", text: "The gate code is 4711."},
		"its first line":      {stdin: nothing, args: []string{"# Gate\nIt is 4711."}, title: "Gate", text: "# Gate\nIt is 4711."},
		"as much as one sees": {stdin: nothing, args: []string{long}, title: strings.TrimSpace(long[:76]) + "…", text: long},
		"from stdin":          {stdin: strings.NewReader("Gate\nIt is 4711.\n"), args: []string{"-"}, title: "Gate", text: "Gate\nIt is 4711."},
		"what is piped in":    {stdin: strings.NewReader("It is 4711.\n"), args: []string{"Gate"}, title: "Gate", text: "It is 4711."},
		"both":                {stdin: strings.NewReader("no"), args: []string{"Gate", "It is 4711."}, title: "Gate", text: "It is 4711."},
		"an empty pipe":       {stdin: strings.NewReader(""), args: []string{"Gate"}, title: "Gate", text: ""},
		"no text":             {stdin: nothing, args: []string{" "}, err: true},
		"nothing from stdin":  {stdin: strings.NewReader("\n"), args: []string{"-"}, err: true},
	} {
		t.Run(name, func(t *testing.T) {
			a := &app{stdio: stdio{in: c.stdin}}
			title, text, err := a.titled(c.args)
			if c.err {
				if exitCode(err) != exitUsage {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || title != c.title || text != c.text {
				t.Errorf("got %q, %q, %v; want %q, %q", title, text, err, c.title, c.text)
			}
		})
	}
}
