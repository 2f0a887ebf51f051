package verb

import (
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// written is what a change gives: the body, or [client.Waiting] where it waits
// for approval. A missed quorum comes as err and is passed on.
func written(out engine.Outcome, err error, how How, body func() any) (Done, error) {
	if err != nil {
		return Done{}, err
	}
	if out.Pending != nil {
		return Done{How: Accepted, Body: waiting(out), Replayed: out.Replayed}, nil
	}
	return Done{How: how, Body: body(), Replayed: out.Replayed}, nil
}

// shown is written for a change that shows what it has made. Of a memory that was erased
// since, by a request that is repeated under its key, there is nothing to show, and
// nothing is made up.
func shown(out engine.Outcome, err error, how How, body func() any) (Done, error) {
	return written(out, err, how, func() any {
		if out.Gone {
			return client.Gone{ID: Subject(out), Erased: true, Receipt: ShowReceipt(out.Receipt)}
		}
		return body()
	})
}

const statusPending = "pending"

// waiting is the answer to a change that needs approval.
func waiting(out engine.Outcome) client.Waiting {
	p := out.Pending
	return client.Waiting{
		Status: statusPending, ID: p.ID, Reason: "governance requires approval", Action: actionType(p.Action),
		Namespace: p.Namespace, MemoryID: actionSubject(p.Action), Receipt: ShowReceipt(out.Receipt),
	}
}

// actionType is ai-memory's word for a proposed op where it has one.
func actionType(op memory.Op) string {
	switch {
	case op == nil:
		return "unknown"
	case op.Kind() == memory.KindPut:
		return "store"
	}
	return op.Kind().String()
}

// actionSubject is the existing memory that a proposed op is about, or "".
func actionSubject(op memory.Op) string {
	if op == nil {
		return ""
	}
	a := op.About()
	if op.Kind() == memory.KindPut && a.Memories[0].Life == memory.Live {
		return ""
	}
	return a.Changed()
}

// record gives the memory as it is after a write, or what a client prefers.
func record(out engine.Outcome, err error, how How, prefer string) (Done, error) {
	done, err := shown(out, err, how, func() any {
		r, receipt := out.Record, ShowReceipt(out.Receipt)
		if strings.Contains(prefer, "return=minimal") {
			return client.WrittenMinimal{
				ID: r.ID, Tier: string(r.Tier), Namespace: r.Namespace, Title: r.Title, AgentID: ownerOf(r), Version: r.Version, Masked: out.Masked, Receipt: receipt,
			}
		}
		return client.Written{Memory: ShowMemory(r), AgentID: ownerOf(r), Masked: out.Masked, Receipt: receipt}
	})
	if out.Record != nil && !out.Gone {
		done.Version = out.Record.Version
	}
	return done, err
}

// idOf checks an id that the path names.
func idOf(in client.ByID) (string, error) { return in.ID, memory.ValidID(in.ID) }
