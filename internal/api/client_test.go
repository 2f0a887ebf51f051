package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/verb"
)

// A program that links package client can do all that can be done over HTTP: each
// verb is asked for by a method, or its row says why not.
func TestTheClientHasAMethodForEveryVerb(t *testing.T) {
	verbs := verb.Table(verb.Deps{})
	asked := map[string]bool{}
	var stop context.CancelFunc
	mux := http.NewServeMux()
	for _, rt := range routes() {
		mux.HandleFunc(rt.method+" "+rt.path, func(w http.ResponseWriter, _ *http.Request) {
			if rt.verb == "" {
				stop() // of a stream there is no end
				return
			}
			asked[rt.verb] = true
			_ = json.NewEncoder(w).Encode(map[string]any{"done": true, "memory": map[string]any{}})
		})
	}
	mux.HandleFunc("/console/", func(http.ResponseWriter, *http.Request) {}) // for people, and no part of the table
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the client asks for %s %s, which is no route", r.Method, r.URL.Path)
	})
	node := httptest.NewServer(mux)
	defer node.Close()
	c, err := client.New(client.Options{URL: node.URL})
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range partsOf(reflect.ValueOf(c)) {
		for _, method := range of.Methods() {
			for _, yes := range []bool{false, true} {
				ctx, cancel := context.WithCancel(t.Context())
				stop = cancel
				callWithAnything(ctx, method, yes)
				cancel()
			}
		}
	}
	for i := range verbs {
		switch v := &verbs[i]; {
		case !asked[v.Name] && v.NoClient == "":
			t.Errorf("no method of package client asks for %s: add one, or say in its row why not", v.Name)
		case asked[v.Name] && v.NoClient != "":
			t.Errorf("%s says that the client has no method for it, and it has", v.Name)
		}
	}
}

// HTTP is the binding that has them all.
func TestEveryVerbHasARoute(t *testing.T) {
	bound := map[string]bool{}
	for _, rt := range routes() {
		bound[rt.verb] = true
	}
	for _, v := range verb.Table(verb.Deps{}) {
		if !bound[v.Name] {
			t.Errorf("no route does %s", v.Name)
		}
	}
}

// partsOf is a client and its parts, which its methods without arguments return.
func partsOf(c reflect.Value) []reflect.Value {
	out := []reflect.Value{c}
	for _, method := range c.Methods() {
		typ := method.Type()
		if typ.NumIn() == 0 && typ.NumOut() == 1 && strings.HasSuffix(typ.Out(0).Name(), "API") {
			out = append(out, method.Call(nil)[0])
		}
	}
	return out
}

// callWithAnything calls a method that takes a context with made-up arguments.
func callWithAnything(ctx context.Context, method reflect.Value, yes bool) {
	typ := method.Type()
	if typ.NumIn() == 0 || typ.In(0) != reflect.TypeFor[context.Context]() {
		return
	}
	args := []reflect.Value{reflect.ValueOf(ctx)}
	for i := 1; i < typ.NumIn(); i++ {
		if typ.IsVariadic() && i == typ.NumIn()-1 {
			break
		}
		args = append(args, anything(typ.In(i), yes))
	}
	method.Call(args)
}

// anything is a value of a type, and one of its strings is not empty.
func anything(typ reflect.Type, yes bool) reflect.Value {
	v := reflect.New(typ).Elem()
	switch typ.Kind() { //nolint:exhaustive // the others are zero
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(yes)
	case reflect.Slice:
		v.Set(reflect.Append(v, anything(typ.Elem(), yes)))
	case reflect.Func:
		v.Set(reflect.MakeFunc(typ, func([]reflect.Value) []reflect.Value {
			out := make([]reflect.Value, typ.NumOut())
			for i := range out {
				out[i] = reflect.Zero(typ.Out(i))
			}
			return out
		}))
	case reflect.Interface:
		if reader := reflect.ValueOf(strings.NewReader("")); reader.Type().Implements(typ) {
			v.Set(reader)
		}
	}
	return v
}
