package verb

import (
	"encoding/json"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/openapi"
)

// Registry returns a registry of schemas that knows the types of inputs and
// answers which write themselves. Every surface describes verbs with one.
func Registry() *openapi.Registry {
	r := openapi.NewRegistry(nil)
	text := openapi.Types{"string"}
	openapi.Define[client.Time](r, openapi.Schema{Type: text, Format: "date-time"})
	openapi.Define[client.Code](r, *openapi.RefTo("ErrorCode"))
	openapi.Define[client.Floats](r, openapi.Schema{AnyOf: []*openapi.Schema{
		{Type: openapi.Types{"array"}, Items: &openapi.Schema{Type: openapi.Types{"number"}}}, {Type: text},
	}})
	openapi.Define[client.Texts](r, openapi.Schema{AnyOf: []*openapi.Schema{
		{Type: openapi.Types{"array"}, Items: &openapi.Schema{Type: text}}, {Type: text}, {Type: openapi.Types{"null"}},
	}})
	openapi.Define[json.RawMessage](r, openapi.Schema{Type: openapi.Types{"object"}, Additional: &openapi.Schema{}})
	openapi.Name[client.ErrorBody](r, "Problem")
	return r
}
