package memory_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
)

// sample is a memory of which every field is right.
func sample() memory.Memory {
	return memory.Memory{
		ID: "m-1", Tier: memory.Mid, Namespace: "team/build", Title: "a title", Content: "a content", Tags: []string{"go"},
		Priority: 5, Confidence: 1, Source: "api", CreatedAt: 1, MemoryKind: "observation", ConfidenceSource: "caller_provided", Version: 1,
	}
}

func TestMemoriesAtTheLimits(t *testing.T) {
	tests := map[string]struct {
		change func(*memory.Memory)
		ok     bool
	}{
		"nothing changed":                  {func(*memory.Memory) {}, true},
		"id: 128 bytes":                    {func(m *memory.Memory) { m.ID = strings.Repeat("i", 128) }, true},
		"id: 129 bytes":                    {func(m *memory.Memory) { m.ID = strings.Repeat("i", 129) }, false},
		"id: blank":                        {func(m *memory.Memory) { m.ID = " " }, false},
		"id: a slash":                      {func(m *memory.Memory) { m.ID = "a/b" }, false},
		"id: two dots":                     {func(m *memory.Memory) { m.ID = "a..b" }, false},
		"tier: unknown":                    {func(m *memory.Memory) { m.Tier = "forever" }, false},
		"tier: upper case":                 {func(m *memory.Memory) { m.Tier = "Mid" }, false},
		"namespace: 512 characters":        {func(m *memory.Memory) { m.Namespace = strings.Repeat("ä", 512) }, true},
		"namespace: 513 characters":        {func(m *memory.Memory) { m.Namespace = strings.Repeat("ä", 513) }, false},
		"namespace: 8 segments":            {func(m *memory.Memory) { m.Namespace = "a/b/c/d/e/f/g/h" }, true},
		"namespace: 9 segments":            {func(m *memory.Memory) { m.Namespace = "a/b/c/d/e/f/g/h/i" }, false},
		"namespace: empty":                 {func(m *memory.Memory) { m.Namespace = "" }, false},
		"namespace: leading slash":         {func(m *memory.Memory) { m.Namespace = "/a" }, false},
		"namespace: trailing slash":        {func(m *memory.Memory) { m.Namespace = "a/" }, false},
		"namespace: a space":               {func(m *memory.Memory) { m.Namespace = "a b" }, false},
		"namespace: an unbroken space":     {func(m *memory.Memory) { m.Namespace = "a\u00a0b" }, false},
		"namespace: a backslash":           {func(m *memory.Memory) { m.Namespace = `a\b` }, false},
		"namespace: dots":                  {func(m *memory.Memory) { m.Namespace = "a/../b" }, false},
		"namespace: NUL":                   {func(m *memory.Memory) { m.Namespace = "a\x00" }, false},
		"namespace: not UTF-8":             {func(m *memory.Memory) { m.Namespace = "a\xff" }, false},
		"title: 512 characters":            {func(m *memory.Memory) { m.Title = strings.Repeat("ß", 512) }, true},
		"title: 513 characters":            {func(m *memory.Memory) { m.Title = strings.Repeat("ß", 513) }, false},
		"title: blank":                     {func(m *memory.Memory) { m.Title = "\t\n " }, false},
		"title: newline and tab":           {func(m *memory.Memory) { m.Title = "a\n\tb" }, true},
		"title: NUL":                       {func(m *memory.Memory) { m.Title = "a\x00b" }, false},
		"title: escape":                    {func(m *memory.Memory) { m.Title = "a\x1b[31m" }, false},
		"title: C1 control":                {func(m *memory.Memory) { m.Title = "a\u0085" }, false},
		"title: not UTF-8":                 {func(m *memory.Memory) { m.Title = "a\xc3" }, false},
		"content: 65536 bytes":             {func(m *memory.Memory) { m.Content = strings.Repeat("c", 65536) }, true},
		"content: 65537 bytes":             {func(m *memory.Memory) { m.Content = strings.Repeat("c", 65537) }, false},
		"content: blank":                   {func(m *memory.Memory) { m.Content = "\n" }, false},
		"content: carriage return":         {func(m *memory.Memory) { m.Content = "a\r\nb" }, false},
		"tags: 50":                         {func(m *memory.Memory) { m.Tags = strings.Split(strings.Repeat("t,", 49)+"t", ",") }, true},
		"tags: 51":                         {func(m *memory.Memory) { m.Tags = strings.Split(strings.Repeat("t,", 50)+"t", ",") }, false},
		"tag: 128 bytes":                   {func(m *memory.Memory) { m.Tags = []string{strings.Repeat("t", 128)} }, true},
		"tag: 129 bytes":                   {func(m *memory.Memory) { m.Tags = []string{strings.Repeat("t", 129)} }, false},
		"tag: blank":                       {func(m *memory.Memory) { m.Tags = []string{" "} }, false},
		"tag: newline":                     {func(m *memory.Memory) { m.Tags = []string{"a\nb"} }, false},
		"version: limit":                   {func(m *memory.Memory) { m.Version = memory.MaxVersion }, true},
		"version: over the limit":          {func(m *memory.Memory) { m.Version = memory.MaxVersion + 1 }, false},
		"version: the greatest number":     {func(m *memory.Memory) { m.Version = math.MaxInt64 }, false},
		"priority: 0":                      {func(m *memory.Memory) { m.Priority = 0 }, false},
		"priority: 10":                     {func(m *memory.Memory) { m.Priority = 10 }, true},
		"priority: 11":                     {func(m *memory.Memory) { m.Priority = 11 }, false},
		"confidence: 0":                    {func(m *memory.Memory) { m.Confidence = 0 }, true},
		"confidence: above 1":              {func(m *memory.Memory) { m.Confidence = math.Nextafter(1, 2) }, false},
		"confidence: below 0":              {func(m *memory.Memory) { m.Confidence = -0.001 }, false},
		"confidence: NaN":                  {func(m *memory.Memory) { m.Confidence = math.NaN() }, false},
		"source: unknown":                  {func(m *memory.Memory) { m.Source = "dream" }, false},
		"source: none":                     {func(m *memory.Memory) { m.Source = "" }, false},
		"created: never":                   {func(m *memory.Memory) { m.CreatedAt = 0 }, false},
		"expires: before 1970":             {func(m *memory.Memory) { m.ExpiresAt = -1 }, false},
		"decayed: before 1970":             {func(m *memory.Memory) { m.ConfidenceDecayed = -1 }, false},
		"kind: unknown":                    {func(m *memory.Memory) { m.MemoryKind = "idea" }, false},
		"confidence source: unknown":       {func(m *memory.Memory) { m.ConfidenceSource = "guessed" }, false},
		"signals: infinite":                {func(m *memory.Memory) { m.ConfidenceSignals = &memory.Confidence{FreshnessFactor: math.Inf(1)} }, false},
		"version: 0":                       {func(m *memory.Memory) { m.Version = 0 }, false},
		"reflection depth: negative":       {func(m *memory.Memory) { m.ReflectionDepth = -1 }, false},
		"entity: 129 bytes":                {func(m *memory.Memory) { m.EntityID = strings.Repeat("e", 129) }, false},
		"source uri: a document":           {func(m *memory.Memory) { m.SourceURI = "doc:handbook" }, true},
		"source uri: another scheme":       {func(m *memory.Memory) { m.SourceURI = "https://example.org" }, false},
		"source uri: empty behind":         {func(m *memory.Memory) { m.SourceURI = "uri:" }, false},
		"source uri: 4097 bytes":           {func(m *memory.Memory) { m.SourceURI = "uri:" + strings.Repeat("u", 4093) }, false},
		"source uri: newline":              {func(m *memory.Memory) { m.SourceURI = "uri:a\nb" }, false},
		"span: empty":                      {func(m *memory.Memory) { m.SourceSpan = &memory.Span{Start: 2, End: 2} }, false},
		"span: one byte":                   {func(m *memory.Memory) { m.SourceSpan = &memory.Span{Start: 2, End: 3} }, true},
		"citations: 65":                    {func(m *memory.Memory) { m.Citations = make([]memory.Citation, 65) }, false},
		"citation: right":                  {cite(memory.Citation{URI: "uri:x", AccessedAt: 1, Hash: strings.Repeat("0a", 32)}), true},
		"citation: never accessed":         {cite(memory.Citation{URI: "uri:x"}), false},
		"citation: short hash":             {cite(memory.Citation{URI: "uri:x", AccessedAt: 1, Hash: "0a"}), false},
		"citation: no hash but text":       {cite(memory.Citation{URI: "uri:x", AccessedAt: 1, Hash: strings.Repeat("xy", 32)}), false},
		"citation: bad span":               {cite(memory.Citation{URI: "uri:x", AccessedAt: 1, Span: &memory.Span{Start: 9}}), false},
		"citation: no uri":                 {cite(memory.Citation{AccessedAt: 1}), false},
		"metadata: an object":              {meta(`{"a":[1,{"b":null}]}`), true},
		"metadata: spaces around":          {meta(" \n{}"), true},
		"metadata: a list":                 {meta(`[]`), false},
		"metadata: cut short":              {meta(`{"a":1`), false},
		"metadata: two objects":            {meta(`{}{}`), false},
		"metadata: blank":                  {meta(` `), false},
		"metadata: not UTF-8":              {meta("{\"a\":\"\xff\"}"), false},
		"metadata: 65536 bytes":            {meta(`{"a":"` + strings.Repeat("x", 65536-8) + `"}`), true},
		"metadata: 65537 bytes":            {meta(`{"a":"` + strings.Repeat("x", 65536-7) + `"}`), false},
		"metadata: nested 32 deep":         {meta(strings.Repeat(`{"a":`, 32) + "1" + strings.Repeat("}", 32)), true},
		"metadata: nested 33 deep":         {meta(strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33)), false},
		"metadata: brackets inside a text": {meta(`{"a":"` + strings.Repeat("[{", 40) + `\"["}`), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := sample()
			tt.change(&m)
			if err := m.Validate(); (err == nil) != tt.ok || err != nil && !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func cite(c memory.Citation) func(*memory.Memory) {
	return func(m *memory.Memory) { m.Citations = []memory.Citation{c} }
}

func meta(s string) func(*memory.Memory) {
	return func(m *memory.Memory) { m.Metadata = memory.Object(s) }
}

// An error goes to whoever sent the value: it must not repeat 64 KiB at them.
func TestErrorsStayShort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		long := strings.Repeat(rapid.StringN(1, 1, -1).Draw(t, "character"), 5000)
		for _, change := range []func(*memory.Memory){
			func(m *memory.Memory) { m.ID = long }, func(m *memory.Memory) { m.Tier = memory.Tier(long) },
			func(m *memory.Memory) { m.Namespace = long }, func(m *memory.Memory) { m.Title = long },
			func(m *memory.Memory) { m.Tags = []string{long} }, func(m *memory.Memory) { m.Source = long },
			func(m *memory.Memory) { m.SourceURI = long }, func(m *memory.Memory) { m.EntityID = long },
		} {
			m := sample()
			change(&m)
			if err := m.Validate(); err == nil || len(err.Error()) > 800 {
				t.Fatalf("got %v", err)
			}
		}
	})
}

func TestNamespacesInheritFromTheirAncestors(t *testing.T) {
	for ns, want := range map[string]string{"a/b/c": "a/b/c a/b a *", "a": "a *", "*": "*"} {
		if got := strings.Join(memory.Ancestors(ns), " "); got != want {
			t.Errorf("%s: got %q, want %q", ns, got, want)
		}
	}
}

func FuzzValidObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":"\"["}`, `[{}]`, "{\"a\":\"\\u0000\"}", ` {"a":{"b":[[]]}} `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		o := memory.Object(raw)
		if err := memory.ValidObject("metadata", o); err != nil {
			if !errors.Is(err, memory.ErrInvalid) {
				t.Fatalf("%v is not an invalid value", err)
			}
			return
		}
		if len(raw) == 0 {
			return
		}
		with, err := o.With("key", "value")
		if err != nil {
			t.Fatalf("a valid object takes no key: %v", err)
		}
		var v string
		if !with.Field("key", &v) || v != "value" {
			t.Fatalf("the key is lost: %s", with)
		}
		_ = memory.Memory{Metadata: o}.Access()
	})
}

func TestVersionsEndAtTheirLimit(t *testing.T) {
	for v, want := range map[int64]int64{1: 2, memory.MaxVersion - 1: memory.MaxVersion, memory.MaxVersion: memory.MaxVersion, math.MaxInt64: memory.MaxVersion} {
		if got := memory.NextVersion(v); got != want {
			t.Errorf("after %d comes %d, want %d", v, got, want)
		}
	}
}
