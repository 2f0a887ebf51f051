package importer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	errNotText = errors.New("not UTF-8 text, perhaps Latin-1 or another old encoding: convert it first, for example with iconv")
	errNUL     = errors.New("not text: it has NUL bytes")
)

// checked returns an error if raw is no text.
func checked(raw []byte) error {
	switch {
	case bytes.IndexByte(raw, 0) >= 0:
		return errNUL
	case !utf8.Valid(raw):
		return errNotText
	}
	return nil
}

// decoded reads UTF-8 and, where a byte order mark says so, UTF-16.
func decoded(in *bufio.Reader) io.Reader {
	head, _ := in.Peek(3)
	switch {
	case bytes.Equal(head, []byte("\ufeff")):
		_, _ = in.Discard(3)
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		_, _ = in.Discard(2)
		return &utf16Reader{in: in, order: binary.LittleEndian}
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		_, _ = in.Discard(2)
		return &utf16Reader{in: in, order: binary.BigEndian}
	}
	return in
}

// utf16Reader makes UTF-8 of UTF-16. Half of a surrogate pair becomes bytes that
// are not UTF-8, so that what it stands in is refused.
type utf16Reader struct {
	in    *bufio.Reader
	order binary.ByteOrder
	out   []byte
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 && u.err == nil {
		u.fill()
	}
	if len(u.out) == 0 {
		return 0, u.err
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) fill() {
	u.out = make([]byte, 0, 4096)
	for len(u.out) < 4000 && u.err == nil {
		r := u.unit()
		if u.err != nil {
			return
		}
		if !utf16.IsSurrogate(r) {
			u.out = utf8.AppendRune(u.out, r)
			continue
		}
		next, _ := u.in.Peek(2)
		if len(next) == 2 {
			if full := utf16.DecodeRune(r, rune(u.order.Uint16(next))); full != utf8.RuneError {
				_, _ = u.in.Discard(2)
				u.out = utf8.AppendRune(u.out, full)
				continue
			}
		}
		u.out = append(u.out, 0xed, 0xa0, 0x80)
	}
}

func (u *utf16Reader) unit() rune {
	var b [2]byte
	_, err := io.ReadFull(u.in, b[:])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errNotText // half of a character
	}
	u.err = err
	return rune(u.order.Uint16(b[:]))
}

// withoutCR leaves out the carriage returns of what it reads.
type withoutCR struct{ in io.Reader }

func (w withoutCR) Read(p []byte) (int, error) {
	for {
		n, err := w.in.Read(p)
		if bytes.IndexByte(p[:n], '\r') < 0 {
			return n, err
		}
		kept := p[:0]
		for _, b := range p[:n] {
			if b != '\r' {
				kept = append(kept, b)
			}
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}

// refusal says why a file that begins with head cannot be read as text; nil if
// it may be text. The bytes behind the head are not known.
func refusal(head []byte) error {
	if kind := binaryKind(head); kind != "" {
		return fmt.Errorf("not text, but %s", kind)
	}
	if bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return nil
	}
	if every(head, 0) || every(head, 1) {
		return errors.New("this looks like UTF-16 without a byte order mark: convert it to UTF-8 first")
	}
	if start := bytes.TrimLeft(head, " \t\r\n\xef\xbb\xbf"); len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		return nil // a broken line costs that line
	}
	for cut := 0; cut < utf8.UTFMax && len(head) == headSize && !utf8.Valid(head); cut++ {
		head = head[:len(head)-1] // it may end in the middle of a character
		if cut == utf8.UTFMax-1 {
			break
		}
	}
	return checked(head)
}

// every reports whether every second byte of head is NUL, beginning with one.
func every(head []byte, from int) bool {
	head = head[:min(len(head), 64)]
	if len(head) < 4 {
		return false
	}
	for i, b := range head {
		if (b == 0) != (i%2 == from) {
			return false
		}
	}
	return true
}

// binaryKind names what a file is that begins as no text does.
func binaryKind(head []byte) string {
	for _, k := range []struct {
		at    int
		magic string
		kind  string
	}{
		{0, "%PDF-", "a PDF"},
		{0, "\x89PNG", "a PNG image"},
		{0, "\xff\xd8\xff", "a JPEG image"},
		{0, "GIF8", "a GIF image"},
		{8, "WEBP", "a WebP image"},
		{0, "RIFF", "sound, video or an image"},
		{4, "ftyp", "video or an image"},
		{0, "ID3", "sound"},
		{0, "OggS", "sound or video"},
		{0, "PK\x03\x04", "an archive in an archive"},
		{0, "\xd0\xcf\x11\xe0", "a document of an office program"},
		{0, "\x7fELF", "a program"},
		{0, "MZ\x90", "a program"},
		{0, "BZh", "packed with bzip2: unpack it first"},
		{0, "\xfd7zXZ\x00", "packed with xz: unpack it first"},
		{0, "\x28\xb5\x2f\xfd", "packed with zstd: unpack it first"},
		{0, "7z\xbc\xaf\x27\x1c", "packed with 7-Zip: unpack it first"},
		{0, "Rar!", "packed with RAR: unpack it first"},
		{257, "ustar", "a tar archive: unpack it first"},
		{0, "\x1f\x8b", "packed twice: unpack it first"},
		{0, "SQLite format 3\x00", "a database"},
		{0, "\xff\xfe\x00\x00", "UTF-32: convert it to UTF-8 first"},
		{0, "\x00\x00\xfe\xff", "UTF-32: convert it to UTF-8 first"},
	} {
		if len(head) >= k.at && bytes.HasPrefix(head[k.at:], []byte(k.magic)) {
			return k.kind
		}
	}
	return ""
}
