package importer

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// What is read of a source is bounded, whatever it claims or unpacks to.
const (
	maxValue  = 16 << 20 // bytes of a line, of a JSON value, of a text
	maxUnpack = 4 << 30  // bytes of a packed file
	headSize  = 64 << 10 // bytes by which a file is told
)

// file is something that holds bytes. It can be opened more than once, unless it
// is a stream.
type file struct {
	name string // as messages show it
	disk string // its path on disk; "" in an archive and for a stream
	raw  func() (io.ReadCloser, error)

	stream bool // it can be opened once
}

func onDisk(name, disk string) file {
	return file{name: name, disk: disk, raw: func() (io.ReadCloser, error) { return os.Open(disk) }} //nolint:gosec // the user named this file, or the folder that it is in
}

func within(fsys fs.FS, name string) file {
	return file{name: name, raw: func() (io.ReadCloser, error) {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, err
		}
		return both{&bounded{f, maxUnpack}, f}, nil
	}}
}

// called is the file under another name.
func (f file) called(name string) file {
	f.name = name
	return f
}

// ext is the extension of a file, without that of the packing.
func (f file) ext() string {
	name := strings.ToLower(f.name)
	return path.Ext(filepath.ToSlash(strings.TrimSuffix(name, ".gz")))
}

// plain opens the file and takes it out of gzip, if that is what it is in.
func (f file) plain() (io.ReadCloser, error) {
	raw, err := f.raw()
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(raw, headSize)
	if head, _ := in.Peek(2); !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return both{in, raw}, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.name, err), raw.Close())
	}
	return both{&bounded{z, maxUnpack}, raw}, nil
}

// text opens the file as UTF-8 without a byte order mark. What is read of it is
// not checked: the bytes may turn out not to be text.
func (f file) text() (io.ReadCloser, error) {
	in, err := f.plain()
	if err != nil {
		return nil, err
	}
	return both{decoded(bufio.NewReaderSize(in, headSize)), in}, nil
}

// head is how the file begins, unpacked.
func (f file) head() ([]byte, error) {
	in, err := f.plain()
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	head := make([]byte, headSize)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return head[:n], nil
}

// whole returns a file that is one text.
func (f file) whole() (string, error) {
	in, err := f.text()
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	raw, err := io.ReadAll(io.LimitReader(in, maxValue+1))
	switch {
	case err != nil:
		return "", err
	case len(raw) > maxValue:
		return "", errTooLong
	}
	if err := checked(raw); err != nil {
		return "", err
	}
	return string(raw), nil
}

// local calls use with a file on disk that has the bytes of f, for readers that
// need one. What had to be unpacked is gone afterwards.
func (f file) local(use func(path string) error) (err error) {
	in, err := f.plain()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if f.disk != "" && !strings.HasSuffix(strings.ToLower(f.disk), ".gz") {
		return use(f.disk)
	}
	tmp, err := os.CreateTemp("", "tally-import-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(tmp.Name())) }()
	_, err = io.Copy(tmp, in)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return use(tmp.Name())
}

// both reads from one and closes the other.
type both struct {
	io.Reader
	io.Closer
}

// bounded ends with an error where more comes than may.
type bounded struct {
	in   io.Reader
	left int64
}

var (
	errUnpack  = errors.New("unpacks to more than 4 GiB: unpack it first")
	errTooLong = errors.New("longer than 16 MiB")
)

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errUnpack
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// isZip reports whether a file begins as an archive does.
func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

func openZip(f file) (*zip.ReadCloser, error) {
	z, err := zip.OpenReader(f.disk)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	if kind := archivedKind(z); kind != "" {
		return nil, errors.Join(fmt.Errorf("%s: not text, but %s", f.name, kind), z.Close())
	}
	return z, nil
}

// archivedKind names what an archive is of which the parts are nothing for people.
func archivedKind(z *zip.ReadCloser) string {
	for _, part := range z.File {
		switch part.Name {
		case "[Content_Types].xml", "mimetype": // of OOXML; of OpenDocument and EPUB
			return "a document of an office program, or a book: save it as text or Markdown first"
		case "META-INF/MANIFEST.MF", "AndroidManifest.xml":
			return "a program"
		}
	}
	return ""
}
