package memory

import "crypto/sha256"

// DerivedID is the id of a memory created under a title: a UUIDv8 (RFC 9562)
// over SHA-256 of namespace and title, so that two nodes that create the same
// title at the same time create one record.
func DerivedID(namespace, title string) string {
	h := sha256.New()
	h.Write([]byte("tallystick memory\x00" + namespace + "\x00" + title))
	var sum [sha256.Size]byte
	u := h.Sum(sum[:0])[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return formatUUID(u)
}

// PrivateID is the [DerivedID] of a memory that only its owner may read: two
// owners who give one title to what is private get two records, and none of them
// learns of the other's.
func PrivateID(owner AgentID, namespace, title string) string {
	return DerivedID(namespace, title+"\x00private to\x00"+string(owner))
}

// IdentityOf is the id that m gets when it is created without one.
func IdentityOf(m Memory) string {
	if a := m.Access(); a.Private {
		return PrivateID(a.Owner, m.Namespace, m.Title)
	}
	return DerivedID(m.Namespace, m.Title)
}

func formatUUID(u []byte) string {
	const hexDigits = "0123456789abcdef"
	out := make([]byte, 0, 36)
	for i, b := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, hexDigits[b>>4], hexDigits[b&15])
	}
	return string(out)
}
