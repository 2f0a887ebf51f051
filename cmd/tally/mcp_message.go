package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/tallystick/tallystick/client"
)

const methodListen = "subscriptions/listen"

// rpcMessage is what must be known of a message to pass it on.
type rpcMessage struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string          `json:"name"`
		URI       string          `json:"uri"`
		RequestID json.RawMessage `json:"requestId"`
		Meta      struct {
			Protocol string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	} `json:"params"`
}

// rpcReply is what must be known of what a node says.
type rpcReply struct {
	Method string          `json:"method"`
	Error  json.RawMessage `json:"error"`
	Params struct {
		Notifications map[string]json.RawMessage `json:"notifications"`
	} `json:"params"`
	Result *struct {
		Protocol string `json:"protocolVersion"`
	} `json:"result"`
}

// messageOf reads a line. Several messages in one are passed on unread, and so is
// one whose parts are none of what is asked for: the node says what is wrong.
func messageOf(line json.RawMessage) (*rpcMessage, error) {
	m := &rpcMessage{}
	err := json.Unmarshal(line, m)
	if err != nil && json.Valid(line) {
		return &rpcMessage{ID: idIn(line)}, nil
	}
	if string(m.ID) == "null" {
		m.ID = nil
	}
	return m, err
}

// idIn is the id of a message of which nothing else can be read, nil if it has none.
func idIn(line json.RawMessage) json.RawMessage {
	var m struct {
		ID json.RawMessage `json:"id"`
	}
	_ = json.Unmarshal(line, &m) // then it has none
	return m.ID
}

// name is what a message is about, where headers say it too.
func (m *rpcMessage) name() string {
	switch m.Method {
	case "tools/call", "prompts/get":
		return m.Params.Name
	case "resources/read":
		return m.Params.URI
	}
	return ""
}

// Codes of JSON-RPC 2.0.
const (
	rpcParse    = -32700
	rpcRequest  = -32600 // it is no request
	rpcMethod   = -32601 // there is no such method
	rpcInternal = -32603
)

// refusal is the answer to a message that did not come through. What the node itself
// does not take is no sign that it does not run.
func refusal(id json.RawMessage, err error) json.RawMessage {
	e, is := errors.AsType[*client.Error](err)
	switch {
	case !is || e.Status >= http.StatusInternalServerError:
		return rpcError(id, rpcInternal, err.Error()+"; see whether the node runs: tally status")
	case e.Status != http.StatusBadRequest: // a key, a limit, a size: it says what to do
		return rpcError(id, rpcInternal, err.Error())
	case strings.HasPrefix(e.Message, "JSON RPC not handled"): // so says the library of a method that it does not know
		return rpcError(id, rpcMethod, e.Message)
	}
	return rpcError(id, rpcRequest, e.Message)
}

func rpcError(id json.RawMessage, code int, text string) json.RawMessage {
	if id == nil {
		id = json.RawMessage("null")
	}
	b, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": text}}) // texts and numbers
	return b
}

// oneLine is a message without line breaks between its parts.
func oneLine(message json.RawMessage) []byte {
	if !bytes.ContainsAny(message, "\r\n") {
		return message
	}
	var b bytes.Buffer
	if json.Compact(&b, message) != nil {
		return message
	}
	return b.Bytes()
}
