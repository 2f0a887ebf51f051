package api

import (
	"fmt"
	"net/http"
	"runtime/pprof"
	"slices"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

const (
	profilePath       = "/debug/pprof/{profile}"
	cpuProfile        = "profile" // as net/http/pprof calls it
	maxProfileSeconds = 120
)

func profileRoutes() []route {
	return []route{{
		method: get, path: profilePath, summary: "profile the process", handle: profile, operator: true, stream: true,
		query: []param{
			choiceParam("profile", "What to sample, as Go's pprof names it: profile is the CPU.", profileNames()...).path(),
			textParam("seconds", "How long to sample the CPU: 1 to 120.").def("10"),
		},
		out: streams("application/octet-stream", nil), codes: []client.Code{client.CodeBusy},
	}}
}

func profileNames() []string {
	return []string{cpuProfile, "allocs", "heap", "goroutine", "threadcreate", "block", "mutex"}
}

// profile writes a profile of the process, in the format of Go's pprof. There is one
// of the CPU at a time.
func profile(_ *API, q *request) (reply, error) {
	name := q.PathValue("profile")
	if !slices.Contains(profileNames(), name) {
		return reply{}, &verb.Problem{Code: client.CodeNotFound, Text: fmt.Sprintf("no profile %q: want one of %q", name, profileNames())}
	}
	if name != cpuProfile {
		return reply{sent: true}, pprof.Lookup(name).WriteTo(attached(q.w, name), 0)
	}
	span, err := profileTime(q.query.Get("seconds"))
	if err != nil {
		return reply{}, err
	}
	_ = http.NewResponseController(q.w).SetWriteDeadline(time.Time{}) // it comes at the end
	if err := pprof.StartCPUProfile(attached(q.w, name)); err != nil {
		q.w.Header().Del("Content-Type")
		q.w.Header().Del("Content-Disposition")
		return reply{}, &verb.Problem{Code: client.CodeBusy, Text: "the CPU is being profiled already", Retry: 10}
	}
	defer pprof.StopCPUProfile()
	select {
	case <-time.After(span):
	case <-q.Context().Done():
	}
	return reply{sent: true}, nil
}

// attached is w for a file of its own.
func attached(w http.ResponseWriter, name string) http.ResponseWriter {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.pb.gz"`)
	return w
}

func profileTime(given string) (time.Duration, error) {
	if given == "" {
		given = "10"
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1 || n > maxProfileSeconds {
		return 0, &verb.Problem{Code: client.CodeInvalid, Text: fmt.Sprintf("seconds %q: want a number from 1 to %d", given, maxProfileSeconds)}
	}
	return time.Duration(n) * time.Second, nil
}
