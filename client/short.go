package client

import (
	"encoding/json"
	"errors"
	"net/http"
)

// WhenShort is what becomes of a write that fewer members hold at the deadline
// than it asked for. Either way it is kept, and reaches them all by itself.
type WhenShort string

// Answers to a write that missed its quorum.
const (
	ShortFails WhenShort = "fail"  // an *[Error] with the receipt: the default
	ShortLocal WhenShort = "local" // success, with a receipt of durability local
)

// settle makes a success of a missed quorum, where the caller asks for that: out
// gets what is known of the write. Other errors stay as they are.
func (k call) settle(err error, out any) (http.Header, error) {
	e, ok := errors.AsType[*Error](err)
	if !ok || k.with.WhenShort != ShortLocal || !e.QuorumMissed() || e.Receipt == nil {
		return nil, err
	}
	raw, encodeErr := json.Marshal(struct {
		ID      string   `json:"id,omitempty"`
		Receipt *Receipt `json:"receipt"`
	}{e.ID, e.Receipt})
	if encodeErr != nil || json.Unmarshal(raw, out) != nil {
		return nil, err
	}
	return http.Header{}, nil
}
