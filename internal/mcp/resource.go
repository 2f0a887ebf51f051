package mcp

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/mcp/tool"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

// Schemes of resources.
const (
	memoryScheme    = "memory://"
	namespaceScheme = "namespace://"
	briefingScheme  = "briefing://"
	standardSuffix  = "/standard"
)

const plainText = "text/plain"

var errNoResource = errors.New("there is no such resource")

// read returns a resource as a text, with the verb that reads it. What is not there,
// or not for the caller, is [errNoResource]. Unseen says that the caller is not shown
// the text.
func (s *surface) read(ctx context.Context, uri string, unseen bool) (string, error) {
	name, args, ok := resourceOf(uri)
	if !ok {
		return "", errNoResource
	}
	body, err := s.tools.Read(ctx, name, args, unseen)
	if err != nil {
		if code := verb.ProblemOf(err, "").Code; code == client.CodeNotFound || code == client.CodeInvalid {
			return "", errNoResource
		}
		return "", err
	}
	return tool.Show(body), nil
}

// resourceOf says which verb reads a resource, and with what.
func resourceOf(uri string) (name string, args map[string]any, ok bool) {
	scheme, path, _ := strings.Cut(uri, "://")
	path, err := url.PathUnescape(path)
	if err != nil || path == "" {
		return "", nil, false
	}
	switch scheme + "://" {
	case memoryScheme:
		return "memory_get", map[string]any{"id": path}, true
	case briefingScheme:
		return "memory_briefing", map[string]any{"namespace": path}, true
	case namespaceScheme:
		ns, is := strings.CutSuffix(path, standardSuffix)
		return "memory_namespace_get_standard", map[string]any{"namespace": ns, "inherit": true}, is && ns != ""
	}
	return "", nil, false
}

// addResources offers resources by templates: there are as many as memories.
func (s *surface) addResources(server *mcp.Server) {
	for _, t := range []mcp.ResourceTemplate{
		{Name: "memory", Title: "Memory", URITemplate: memoryScheme + "{+id}", Description: "A memory, whole, with its links."},
		{Name: "standard", Title: "Standard", URITemplate: namespaceScheme + "{+ns}" + standardSuffix, Description: "The rules that hold for a namespace, with those that it inherits."},
		{Name: "briefing", Title: "Briefing", URITemplate: briefingScheme + "{+project}", Description: "What to know before work in a project begins."},
	} {
		t.MIMEType = plainText
		server.AddResourceTemplate(&t, s.readResource)
	}
	server.AddResource(briefingResource(memory.DefaultNamespace), s.readResource)
}

func briefingResource(project string) *mcp.Resource {
	return &mcp.Resource{
		Name: "briefing of " + project, Title: "Briefing: " + project, URI: briefingScheme + project, MIMEType: plainText,
		Description: "What to know before work in " + project + " begins.",
	}
}

func (s *surface) readResource(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	ctx, cancel := whileWanted(ctx, req, true)
	defer cancel()
	text, err := s.read(ctx, req.Params.URI, false)
	if errors.Is(err, errNoResource) {
		return nil, mcp.ResourceNotFoundError(req.Params.URI)
	}
	if err != nil {
		return nil, errors.New(s.tools.Refusal(ctx, err).Text)
	}
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: req.Params.URI, MIMEType: plainText, Text: text}}}, nil
}

// withProject lists the briefing of the project that the client works in beside the
// resources that are there for everybody.
func (s *surface) withProject(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		res, err := next(ctx, method, req)
		list, is := res.(*mcp.ListResourcesResult)
		if project := projectOf(req); is && err == nil && project != "" && project != memory.DefaultNamespace && memory.ValidNamespace(project) == nil {
			list.Resources = append([]*mcp.Resource{briefingResource(project)}, list.Resources...)
		}
		return res, err
	}
}
