package memory

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Signature is what the author of a memory has signed of it, with a key of the
// author's own. It is kept as it came, and says nothing by itself: [Signature.Holds]
// says whether the memory is still what was signed.
type Signature struct {
	Agent AgentID `json:"agent" cbor:"1,keyasint"`
	Key   []byte  `json:"key" cbor:"2,keyasint"`       // Ed25519, 32 bytes
	Value []byte  `json:"value" cbor:"3,keyasint"`     // 64 bytes
	At    string  `json:"signed_at" cbor:"4,keyasint"` // the time of the signing, as it was signed
}

// SignatureWindow is how far the time of the signing may be from the clock of the node
// that takes it.
const SignatureWindow = 300 * time.Second

const maxSignedAt = 40 // bytes

func (s *Signature) validate() error {
	if err := s.Agent.Valid(); err != nil {
		return err
	}
	if len(s.Key) != ed25519.PublicKeySize || len(s.Value) != ed25519.SignatureSize {
		return invalid("signature: a key of %d bytes and a signature of %d, want 32 and 64", len(s.Key), len(s.Value))
	}
	if _, err := time.Parse(time.RFC3339Nano, s.At); err != nil || len(s.At) > maxSignedAt {
		return invalid("signature: time %.80q: want RFC 3339", s.At)
	}
	return nil
}

// Message is what is signed of a memory: CBOR of a map with the keys agent_id,
// content_sha256, created_at, kind, namespace and title, in this order, in its shortest
// form. The hash is bytes, the others are text.
func (s *Signature) Message(m *Memory) []byte {
	sum := sha256.Sum256([]byte(m.Content))
	b := []byte{0xa6}
	b = append(cborText(cborText(b, "agent_id"), string(s.Agent)), cborText(nil, "content_sha256")...)
	b = append(append(b, 0x58, sha256.Size), sum[:]...)
	for _, f := range [][2]string{{"created_at", s.At}, {"kind", m.MemoryKind}, {"namespace", m.Namespace}, {"title", m.Title}} {
		b = cborText(cborText(b, f[0]), f[1])
	}
	return b
}

// cborText adds a text to CBOR, with its length in the shortest form.
func cborText(b []byte, s string) []byte {
	const short, text = 24, 0x60
	switch n := len(s); {
	case n < short:
		b = append(b, text|byte(n))
	case n < 1<<8:
		b = append(b, text|24, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, text|25), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, text|26), uint32(n))
	}
	return append(b, s...)
}

// Holds reports whether m is what was signed.
func (s *Signature) Holds(m *Memory) bool {
	return s.validate() == nil && ed25519.Verify(s.Key, s.Message(m), s.Value)
}

// Keeping is m, which replaces old, with the signature of old if m is still what was
// signed: an edit of other things leaves it, one of the text takes it away.
func (m Memory) Keeping(old *Signature) Memory {
	m.Signature = nil
	if old != nil && old.Holds(&m) {
		m.Signature = old
	}
	return m
}
