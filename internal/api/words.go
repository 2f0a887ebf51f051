package api

import "github.com/tallystick/tallystick/internal/openapi"

func words() map[string]openapi.Schema { return map[string]openapi.Schema{} }
