package etag_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/tallystick/tallystick/internal/etag"
)

func TestParse(t *testing.T) {
	for text, want := range map[string][]etag.Tag{
		`"3"`: {{Text: "3"}}, `3`: {{Text: "3"}}, `*`: {{Text: "*"}}, `W/"3"`: {{Weak: true, Text: "3"}},
		`"1", "2"`: {{Text: "1"}, {Text: "2"}}, `"1","a b",W/"c"`: {{Text: "1"}, {Text: "a b"}, {Weak: true, Text: "c"}}, `"a,b"`: {{Text: "a,b"}}, ` 1 , 2 `: {{Text: "1"}, {Text: "2"}},
		`""`: {{}}, ``: nil, `one`: nil, `"1`: nil, `"1" "2"`: nil, `,`: nil, `"1",`: nil, `W/3`: nil, `-1`: nil, `w/"1"`: nil, `1"2"`: nil,
	} {
		got, err := etag.Parse([]string{text})
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	if got, err := etag.Parse([]string{`"1"`, `"2"`}); err != nil || len(got) != 2 {
		t.Errorf("two headers: %v, %v", got, err)
	}
}

func TestVersions(t *testing.T) {
	tags, err := etag.Parse([]string{`"1", W/"2", "3-x", "y", *, "0", "-4"`})
	if err != nil {
		t.Fatal(err)
	}
	if got := etag.Versions(tags, true); !slices.Equal(got, []int64{1, 3, etag.Any}) {
		t.Errorf("strong: %v", got)
	}
	if got := etag.Versions(tags, false); !slices.Equal(got, []int64{1, 2, 3, etag.Any}) {
		t.Errorf("weak: %v", got)
	}
	if got := etag.Versions(nil, true); got == nil || len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}

func TestATagStandsForItsVersion(t *testing.T) {
	for _, more := range []string{"", "links"} {
		own := etag.Of(7, []byte(more))
		tags, err := etag.Parse([]string{own})
		if err != nil || !etag.Has(tags, own) || !slices.Equal(etag.Versions(tags, true), []int64{7}) {
			t.Errorf("%s: %v, %v", own, tags, err)
		}
	}
	if etag.Of(7, nil) == etag.Of(7, []byte("links")) {
		t.Error("what comes with the version is not seen")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`"1", W/"2", *`)
	f.Add(`W/"`)
	f.Fuzz(func(t *testing.T, text string) {
		tags, err := etag.Parse([]string{text})
		if err != nil {
			return
		}
		for _, v := range etag.Versions(tags, false) {
			if v != etag.Any && !etag.Has(tags, `"`+strconv.FormatInt(v, 10)+`"`) && v < 1 {
				t.Errorf("version %d of %q", v, text)
			}
		}
	})
}
