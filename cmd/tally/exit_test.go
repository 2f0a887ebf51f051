package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity"
)

func TestExitCodes(t *testing.T) {
	answer := func(status int, code string) error {
		return fmt.Errorf("around: %w", &client.Error{Status: status, Code: code})
	}
	tests := map[string]struct {
		err  error
		want int
	}{
		"nothing":         {nil, 0},
		"anything":        {errors.New("x"), 1},
		"command line":    {usage("x"), 2},
		"bad request":     {answer(http.StatusBadRequest, "VALIDATION_FAILED"), 2},
		"too large":       {answer(http.StatusRequestEntityTooLarge, ""), 2},
		"unprocessable":   {answer(http.StatusUnprocessableEntity, ""), 2},
		"not found":       {answer(http.StatusNotFound, "NOT_FOUND"), 3},
		"conflict":        {answer(http.StatusConflict, "CONFLICT"), 4},
		"quorum":          {answer(http.StatusServiceUnavailable, "QUORUM_NOT_MET"), 5},
		"quorum as a 202": {answer(http.StatusAccepted, "QUORUM_NOT_MET"), 5},
		"no such member":  {identity.Refuse(identity.NotAMember, "c"), 3},
		"refused":         {identity.Refuse(identity.MemberRemoved, "c"), 7},
		"nobody to join":  {fmt.Errorf("join: %w", &client.UnreachableError{URL: "u", Err: errors.New("x")}), 6},
		"nobody there":    {&client.UnreachableError{URL: "u", Err: errors.New("x")}, 6},
		"key":             {answer(http.StatusUnauthorized, ""), 7},
		"forbidden":       {answer(http.StatusForbidden, ""), 7},
		"busy":            {answer(http.StatusTooManyRequests, "BUSY"), 8},
		"shutting down":   {answer(http.StatusServiceUnavailable, "SHUTTING_DOWN"), 8},
		"disk full":       {answer(http.StatusInsufficientStorage, "DISK_FULL"), 8},
		"server error":    {answer(http.StatusInternalServerError, ""), 1},
		"approval":        {errPending, 9},
		"difference":      {errDiffer, 10},
		"interrupted":     {errInterrupted, 130},
	}
	for name, tc := range tests {
		if got := exitCode(tc.err); got != tc.want {
			t.Errorf("%s: code %d, want %d", name, got, tc.want)
		}
		if !slices.ContainsFunc(exitTable(), func(r exitRow) bool { return r.code == tc.want }) {
			t.Errorf("code %d is not in the table", tc.want)
		}
	}
}

func TestHintsSayWhatToDo(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"quorum":    {&client.Error{Status: 503, Code: "QUORUM_NOT_MET", Receipt: &client.Receipt{Dot: "n.1.7"}}, "see who holds it now: tally receipt n.1.7"},
		"taken":     {&client.Error{Status: 409, Code: "CONFLICT", ID: "1"}, "edit the one that is there (tally update 1), or create with --on-conflict merge or version"},
		"version":   {&client.Error{Status: 409, ID: "1", Current: 4}, "read it again (tally get 1) and edit version 4"},
		"ambiguous": {&client.Error{Status: 400, Code: "AMBIGUOUS_ID"}, "give the whole id, or more characters of it"},
		"busy":      {&client.Error{Status: 429, RetryAfter: 2e9}, "try again in 2s"},
		"key":       {&client.Error{Status: 401}, "give the key with --api-key-file, --api-key or TALLY_API_KEY, the operator's with --operator-key-file"},
		"forbidden": {&client.Error{Status: 403}, "say who you are with --agent or TALLY_AGENT"},
		"other":     {errors.New("x"), ""},
	}
	for name, tc := range tests {
		if got := (&app{}).hint(tc.err); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestMixedUpSchemesAreTold(t *testing.T) {
	d := alone(t, "schemes")
	got := tally(t, nil, "", "status", "--server", strings.Replace(d.url, "http://", "https://", 1))
	if got.code != exitUnreachable || !strings.Contains(got.err, "speaks no TLS") {
		t.Errorf("https for http: code %d, %s", got.code, got.err)
	}
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	got = tally(t, nil, "", "status", "--server", strings.Replace(s.URL, "https://", "http://", 1))
	if !strings.Contains(got.err, "wants TLS") {
		t.Errorf("http for https: code %d, %s", got.code, got.err)
	}
}
