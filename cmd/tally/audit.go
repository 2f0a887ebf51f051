package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/node"
)

func newAudit(a *app) *cobra.Command {
	return parent("audit", "Read a node's audit log, and check it", newAuditList(a), newAuditVerify(a), newAuditExport(a))
}

// auditLog opens the log of a node's data directory.
func auditLog(data string) (*os.File, error) {
	f, err := os.Open(filepath.Join(data, node.AuditFile)) //nolint:gosec // the user names the directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the node in %s has no audit log: it keeps one from when it has an identity", data)
	}
	return f, err
}

// auditOf adds --data to a command that reads the log there. The caller closes the log.
func auditOf(cmd *cobra.Command, a *app) func() (dir string, log *os.File, err error) {
	data := dataOf(cmd, a)
	return func() (string, *os.File, error) {
		dir, err := data()
		if err != nil {
			return "", nil, err
		}
		f, err := auditLog(dir)
		return dir, f, err
	}
}

func newAuditList(a *app) *cobra.Command {
	cmd := command("list [flags]", "List what the log says", argCheck{0, 0}, nil)
	cmd.Long = "List what the log says, without checking it: tally audit verify does that."
	open := auditOf(cmd, a)
	cmd.RunE = func(*cobra.Command, []string) error {
		_, f, err := open()
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
		list := []audit.Entry{}
		for e, err := range audit.Entries(f) {
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return a.show(list, func(w io.Writer) error {
			rows := make([][]string, len(list))
			for i, e := range list {
				rows[i] = []string{strconv.FormatUint(e.Seq, 10), e.At.Format("2006-01-02 15:04:05"), string(e.Kind), e.Tag, e.Actor, cutTo(e.Subject, 40), cutTo(e.Detail, 60)}
			}
			return table(w, []string{"ROW", "TIME", "KIND", "HOW", "WHO", "ABOUT", "DETAIL"}, rows)
		})
	}
	return cmd
}

// auditVerdict is what verify says.
type auditVerdict struct {
	OK       bool     `json:"ok"`
	Rows     uint64   `json:"rows"`
	Head     string   `json:"head"` // SEQ:HASH
	Torn     int      `json:"torn"` // bytes
	Faults   int      `json:"faults"`
	Findings []string `json:"findings"`
}

func newAuditVerify(a *app) *cobra.Command {
	var file, key, head string
	cmd := command("verify [flags]", "Check that the log is as the node wrote it", argCheck{0, 0}, nil)
	cmd.Long = `Check every row: that the node signed it and that none was changed, taken away,
moved or repeated. Ends with 1 if something is found. That rows are missing at the
end shows only against a head that was kept elsewhere: this command prints the
present one.`
	data := dataOf(cmd, a)
	cmd.Flags().StringVar(&file, "file", "", "check this `file` (default audit.log in the data directory)")
	cmd.Flags().StringVar(&key, "key", "", "public `key` of the node, in hex (default that of the data directory)")
	cmd.Flags().StringVar(&head, "head", "", "a head that was printed before: `SEQ:HASH`")
	cmd.RunE = func(*cobra.Command, []string) error {
		dir, err := data()
		if err != nil {
			return err
		}
		public, err := signerOf(dir, key)
		if err != nil {
			return err
		}
		known, err := parseHead(head)
		if err != nil {
			return err
		}
		if file == "" {
			file = filepath.Join(dir, node.AuditFile)
		}
		f, err := os.Open(file) //nolint:gosec // the user names the file
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
		r, err := audit.Verify(f, public, known)
		if err != nil {
			return err
		}
		return judgeLog(a, r)
	}
	return cmd
}

func judgeLog(a *app, r audit.Report) error {
	v := auditVerdict{OK: r.OK(), Rows: r.Rows, Head: r.Head.String(), Torn: r.Torn, Faults: r.Faults, Findings: []string{}}
	for _, f := range r.Findings {
		v.Findings = append(v.Findings, f.String())
	}
	err := a.show(v, func(w io.Writer) error {
		for _, f := range v.Findings {
			say(w, "%s\n", f)
		}
		if v.Torn > 0 {
			say(w, "%d bytes of an unfinished row are at the end: what a crash leaves\n", v.Torn)
		}
		say(w, "%d rows, %d faults\nhead %s\n", v.Rows, v.Faults, v.Head)
		return nil
	})
	if err == nil && !v.OK {
		err = errShown
	}
	return err
}

// signerOf is the key that signed a log.
func signerOf(data, key string) (identity.PublicKey, error) {
	if key != "" {
		public, err := identity.ParsePublicKey(key)
		if err != nil {
			return public, usage("--key: %v", err)
		}
		return public, nil
	}
	c, err := openIdentity(data)
	if err != nil {
		return identity.PublicKey{}, err
	}
	return firstSigner(data, c)
}

// firstSigner is the key that the log begins with: that of the node, or one that it had
// before and has handed over from, as the list says that the root has signed.
func firstSigner(data string, c *cluster.Cluster) (identity.PublicKey, error) {
	present := c.Self().Key().Public()
	f, err := auditLog(data)
	if err != nil {
		return present, nil // another file may be meant
	}
	defer f.Close() //nolint:errcheck // only read
	for e, err := range audit.Entries(f) {
		if err != nil {
			break
		}
		if key, err := identity.ParsePublicKey(e.Subject); err == nil && e.Kind == audit.Opened && c.Had(key) {
			return key, nil
		}
		break
	}
	return present, nil
}

func parseHead(s string) (audit.Head, error) {
	if s == "" {
		return audit.Head{}, nil
	}
	seq, hash, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(seq, 10, 64)
	if err != nil {
		return audit.Head{}, usage("--head %q: want SEQ:HASH", s)
	}
	key, err := identity.ParsePublicKey(hash) // as many hex digits
	if err != nil {
		return audit.Head{}, usage("--head %q: want SEQ:HASH", s)
	}
	return audit.Head{Seq: n, Hash: audit.Hash(key)}, nil
}

func newAuditExport(a *app) *cobra.Command {
	cmd := command("export [flags]", "Write the log, with its signatures, to stdout", argCheck{0, 0}, nil)
	cmd.Long = "Write the rows as they are: elsewhere tally audit verify --file FILE --key KEY\nchecks them. The key of this node goes to stderr."
	open := auditOf(cmd, a)
	cmd.RunE = func(*cobra.Command, []string) error {
		dir, f, err := open()
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
		public, err := signerOf(dir, "")
		if err != nil {
			return err
		}
		say(a.err, "key %s\n", public)
		_, err = io.Copy(a.out, f)
		return err
	}
	return cmd
}
