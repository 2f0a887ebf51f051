package api

import (
	"slices"

	"github.com/tallystick/tallystick/client"
)

// failures are the codes that a route may answer with: those that follow from
// what the table says of it, and those that the table names.
func (rt *route) failures() []client.CodeRow {
	names := []client.Code{client.CodeInvalid, client.CodeAgentMismatch, client.CodeDamaged, client.CodeInternal, client.CodeShuttingDown, client.CodeTimeout, client.CodeMisdirected}
	if !rt.open {
		names = append(names, client.CodeUnauthorized, client.CodeOutOfScope)
	}
	if rt.operator {
		names = append(names, client.CodeOperatorOnly)
	}
	if rt.method != get {
		names = append(names, client.CodeBodyTooLarge, client.CodeRequestTimeout, client.CodeCrossOrigin, client.CodeUnsupportedMediaType, client.CodePreconditionFailed)
	}
	if rt.body != bodyNone {
		names = append(names, client.CodeMalformedJSON)
	}
	if rt.strict {
		names = append(names, client.CodeUnknownField)
	}
	if rt.mutates {
		names = append(names, client.CodeQuorumNotMet, client.CodeForbidden, client.CodeStale, client.CodeIdempotencyKeyReused, client.CodeBusy, client.CodeDiskFull)
	}
	for _, p := range rt.parameters() {
		if p.in == "path" {
			names = append(names, client.CodeNotFound)
		}
	}
	names = append(names, rt.codes...)
	return slices.DeleteFunc(client.Codes(), func(c client.CodeRow) bool { return !slices.Contains(names, c.Code) })
}
