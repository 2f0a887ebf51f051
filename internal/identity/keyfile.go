package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tallystick/tallystick/internal/memory"
)

// MaxKeyFile is how large a key file may be.
const MaxKeyFile = 4 << 10

const keyBlock = "PRIVATE KEY" // PKCS #8

// ErrExposed is that a file that holds a secret can be read or written by others than
// its owner. Whoever could read it may have copied it: make a new key, or be sure
// that nobody has, and take the permissions away.
var ErrExposed = errors.New("the file is open to other users")

// LoadKey reads a key file: one PEM block with an Ed25519 key in PKCS #8, mode 0600
// or less. A file that others may read or write is [ErrExposed].
func LoadKey(path string) (Key, error) {
	data, err := ReadPrivate(path, MaxKeyFile)
	if err != nil {
		return Key{}, fmt.Errorf("load key: %w", err)
	}
	k, err := DecodeKey(data)
	if err != nil {
		return Key{}, fmt.Errorf("load key %s: %w", path, err)
	}
	return k, nil
}

// KeyAt is the key in a file, made if there is none.
func KeyAt(path string) (Key, error) {
	key, err := LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = NewKey(); err != nil {
		return key, err
	}
	return key, SaveKey(path, key)
}

// DecodeKey reads the text of a key file.
func DecodeKey(data []byte) (Key, error) {
	if len(data) > MaxKeyFile {
		return Key{}, fmt.Errorf("key of %d bytes, limit %d: %w", len(data), MaxKeyFile, memory.ErrInvalid)
	}
	block, rest := pem.Decode(data)
	if block == nil || block.Type != keyBlock || len(block.Headers) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return Key{}, fmt.Errorf("want one PEM block %q and nothing else: %w", keyBlock, memory.ErrInvalid)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", err, memory.ErrInvalid)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return Key{}, fmt.Errorf("a key of type %T, want Ed25519: %w", parsed, memory.ErrInvalid)
	}
	return Key{private}, nil
}

// EncodeKey returns the text of a key file. Write it with [WritePrivate].
func EncodeKey(k Key) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der}), nil
}

// SaveKey writes a new key file. One that is there is an error of [fs.ErrExist]:
// a key is never overwritten.
func SaveKey(path string, k Key) error {
	data, err := EncodeKey(k)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // a path of the operator
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("save key %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return syncDir(filepath.Dir(path))
}

// ReadPrivate reads a file of at most limit bytes that only its owner may read
// or write, else [ErrExposed]. Windows has no such modes, so there it does not ask.
func ReadPrivate(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // a path of the operator
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: no regular file: %w", path, memory.ErrInvalid)
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return nil, fmt.Errorf("%s has mode %04o, want 0600: chmod 600 it if nobody can have read it, else make a new one: %w",
			path, info.Mode().Perm(), ErrExposed)
	case info.Size() > limit:
		return nil, fmt.Errorf("%s: %d bytes, limit %d: %w", path, info.Size(), limit, memory.ErrInvalid)
	}
	return io.ReadAll(io.LimitReader(f, limit))
}

// WritePrivate replaces a file by one of mode 0600 with data in it. After a crash
// there is the old one or the new one, never a part.
func WritePrivate(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), ignoreMissing(os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncDir makes the name of a new file durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	d, err := os.Open(dir) //nolint:gosec // a path of the operator
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
