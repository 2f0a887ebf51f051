package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/tallystick/tallystick/internal/identity"
)

// Hash is the SHA-256 of a row.
type Hash [sha256.Size]byte

// String returns h in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Head is the end of a log: how many rows there were, and the hash of the last one.
// Kept elsewhere it shows later whether the log still holds them.
type Head struct {
	Seq  uint64
	Hash Hash
}

// String is how a head is written down: SEQ:HASH.
func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Seq, h.Hash) }

const context = "tally audit v1\x00"

// row is a row that was read: well formed, and not believed yet.
type row struct {
	seq   uint64
	prev  Hash
	sig   []byte
	json  []byte
	event Event
	hash  Hash
}

func message(seq uint64, prev Hash, event []byte) []byte {
	return append([]byte(context+strconv.FormatUint(seq, 10)+" "+prev.String()+" "), event...)
}

// format returns a row with its line feed, and its hash.
func format(key identity.Key, seq uint64, prev Hash, event []byte) ([]byte, Hash) {
	sig := base64.StdEncoding.EncodeToString(key.Sign(message(seq, prev, event)))
	line := append([]byte(strconv.FormatUint(seq, 10)+" "+prev.String()+" "+sig+" "), event...)
	return append(line, '\n'), sha256.Sum256(line)
}

var errRow = errors.New("it does not look like one")

// parse reads a line without its line feed.
func parse(line []byte) (row, error) {
	r := row{hash: sha256.Sum256(line)}
	fields := bytes.SplitN(line, []byte(" "), 4)
	if len(line) > MaxRow || len(fields) != 4 {
		return row{}, errRow
	}
	var err error
	if r.seq, err = strconv.ParseUint(string(fields[0]), 10, 63); err != nil || strconv.FormatUint(r.seq, 10) != string(fields[0]) {
		return row{}, errRow
	}
	if n, err := hex.Decode(r.prev[:], fields[1][:min(len(fields[1]), 2*len(r.prev))]); err != nil || n != len(r.prev) || r.prev.String() != string(fields[1]) {
		return row{}, errRow
	}
	if r.sig, err = base64.StdEncoding.Strict().DecodeString(string(fields[2])); err != nil || base64.StdEncoding.EncodeToString(r.sig) != string(fields[2]) {
		return row{}, errRow
	}
	r.json = fields[3]
	if err := json.Unmarshal(r.json, &r.event); err != nil {
		return row{}, errRow
	}
	return r, nil
}

func (r *row) signedBy(key identity.PublicKey) bool {
	return key.Verify(message(r.seq, r.prev, r.json), r.sig)
}
