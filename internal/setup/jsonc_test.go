package setup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// loose draws JSON as editors let people write it: with comments, spare commas, any
// indentation.
func loose(t *rapid.T) string {
	eol := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line ends")
	unit := rapid.SampledFrom([]string{"  ", "\t", "    "}).Draw(t, "indent")
	var value func(depth int, indent string) string
	object := func(depth int, indent string) string {
		keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "mcpServers", "c d", "é"}), 0, 4, rapid.ID[string]).Draw(t, "keys")
		if rapid.Bool().Draw(t, "on one line") {
			var parts []string
			for _, k := range keys {
				parts = append(parts, fmt.Sprintf("%q: %s", k, rapid.SampledFrom([]string{"1", "null", `"x, }"`, "[]", "{}"}).Draw(t, "scalar")))
			}
			return "{" + strings.Join(parts, ", ") + "}"
		}
		var out strings.Builder
		out.WriteString("{" + eol)
		for i, k := range keys {
			if rapid.Bool().Draw(t, "comment above") {
				out.WriteString(indent + unit + "/* about, } " + k + " */" + eol)
			}
			fmt.Fprintf(&out, "%s%s%q: %s", indent, unit, k, value(depth+1, indent+unit))
			if i < len(keys)-1 || rapid.Bool().Draw(t, "spare comma") {
				out.WriteString(",")
			}
			if rapid.Bool().Draw(t, "comment behind") {
				out.WriteString(" // said \"so\"")
			}
			out.WriteString(eol)
		}
		return out.String() + indent + "}"
	}
	value = func(depth int, indent string) string {
		if depth < 3 && rapid.Bool().Draw(t, "object") {
			return object(depth, indent)
		}
		return rapid.SampledFrom([]string{"1", "-2.5e3", "true", `"// none"`, `[1, {"a": 2}]`, `"é\\\""`}).Draw(t, "value")
	}
	return rapid.SampledFrom([]string{"", "// head\n", "\ufeff"}).Draw(t, "head") + object(0, "") + rapid.SampledFrom([]string{"", "\n"}).Draw(t, "end")
}

// meaning is a document as any reader of JSON has it.
func meaning(t *rapid.T, text []byte) map[string]any {
	n, err := parseJSON(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var m map[string]any
	if err := json.Unmarshal(plain(text, n), &m); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return m
}

func TestAnEditTakesNothingAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := []byte(loose(t))
		if m, ok := meaning(t, before)["mcpServers"]; ok {
			if _, is := m.(map[string]any); !is {
				return
			}
		}
		d := &jsonDoc{slices.Clone(before)}
		if err := d.set("ours", "mcpServers", "tally"); err != nil {
			t.Fatal(err)
		}
		want := meaning(t, before)
		servers, _ := want["mcpServers"].(map[string]any)
		if servers == nil {
			servers = map[string]any{}
		}
		servers["tally"] = "ours"
		want["mcpServers"] = servers
		if got, w := fmt.Sprint(meaning(t, d.text)), fmt.Sprint(want); got != w {
			t.Fatalf("%s\nwant %s\n%s", got, w, d.text)
		}
		// What was there is there, byte for byte and in order.
		at := 0
		for _, c := range before {
			if strings.IndexByte(" \t\r\n", c) >= 0 {
				continue
			}
			i := bytes.IndexByte(d.text[at:], c)
			if i < 0 {
				t.Fatalf("%q is gone from\n%s", c, d.text)
			}
			at += i + 1
		}
		again := slices.Clone(d.text)
		if err := d.set("ours", "mcpServers", "tally"); err != nil || !bytes.Equal(d.text, again) {
			t.Fatalf("a second time: %v\n%s", err, d.text)
		}
	})
}

func TestWhatIsPutInCanBeTakenOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := []byte(loose(t))
		doc := meaning(t, before)
		servers, ok := doc["mcpServers"].(map[string]any)
		if !ok || len(servers) == 0 {
			return // what is empty afterwards goes
		}
		d := &jsonDoc{slices.Clone(before)}
		if err := d.set(object{{"command", "tally"}, {"args", []string{"mcp"}}}, "mcpServers", "tally"); err != nil {
			t.Fatal(err)
		}
		if err := d.remove("mcpServers", "tally"); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(d.text, before) {
			t.Fatalf("%s", Diff("", before, d.text))
		}
	})
}

func TestListsGrowAndShrink(t *testing.T) {
	for _, before := range []string{
		"{\"hooks\": {\"Stop\": [1]}}", "{\n  \"hooks\": {\n    \"Stop\": [\n      1, // one\n      2\n    ]\n  }\n}\n", "{\n\t\"hooks\": {\n\t\t\"Stop\": [\n\t\t\t1,\n\t\t],\n\t},\n}\n",
	} {
		d := &jsonDoc{[]byte(before)}
		if err := d.add("ours", "hooks", "Stop"); err != nil {
			t.Fatal(err)
		}
		n, err := d.drop(func(raw json.RawMessage) bool { return string(raw) == `"ours"` }, "hooks", "Stop")
		if err != nil || n != 1 || string(d.text) != before {
			t.Errorf("%d, %v\n%s", n, err, Diff("", []byte(before), d.text))
		}
	}
}

func FuzzSettings(f *testing.F) {
	for _, s := range []string{"", "//", " 0:", "{}", "{\"a\": [1, 2,], // x\n}", "[1]", "{\"mcpServers\": {\"tally\": 1}}", "\ufeff{}", "{\"a\":\"\\u00e9\"}", "a: 1\nb:\n- c\n", "[a]\nb = 1\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if n, err := parseJSON(text); err == nil && n != nil && !json.Valid(plain(text, n)) {
			t.Errorf("read, and is none: %q", plain(text, n))
		}
		for _, c := range Clients() {
			for _, change := range c.Changes(home(nil), wish()) {
				after, err := change.Edit(text)
				if err != nil {
					continue
				}
				if again, err := change.Edit(after); err != nil || !bytes.Equal(again, after) {
					t.Errorf("%s: a second time: %v\n%q\n%q\n%q", change.Path, err, text, after, again)
				}
				if _, err := change.Undo(after); err != nil {
					t.Errorf("%s: undo: %v\n%q\n%q", change.Path, err, text, after)
				}
			}
		}
	})
}
