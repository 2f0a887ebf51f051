package importer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// nextLine returns the next line without its end. One that is longer than the
// limit is passed over, and long says so. The last one comes without an error;
// behind it comes io.EOF.
func nextLine(in *bufio.Reader, limit int) (line []byte, long bool, err error) {
	begun := false
	for {
		part, err := in.ReadSlice('\n')
		begun = begun || len(part) > 0
		if long = long || len(line)+len(part) > limit; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && begun:
			return bytes.TrimRight(line, "\r\n"), long, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, false, err
		}
	}
}
