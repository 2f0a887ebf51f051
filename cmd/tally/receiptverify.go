package main

import (
	"crypto/x509"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/identity/receipt"
)

// checked is what a receipt in a file proves.
type checked struct {
	Dot      string          `json:"dot"`
	Digest   string          `json:"digest"`
	Issuer   identity.Name   `json:"issuer"` // empty: nobody that the root vouches for
	Holders  []identity.Name `json:"holders"`
	Quorum   int             `json:"quorum"`
	Members  int             `json:"members"`
	Epoch    uint64          `json:"epoch"`
	Enough   bool            `json:"enough"`
	Majority bool            `json:"majority"`
	Refused  []string        `json:"refused"`
}

func newReceiptVerify(a *app) *cobra.Command {
	cmd := command("verify FILE --ca ROOT", "Check a receipt in a file, without asking anybody", argCheck{1, 1}, nil)
	cmd.Long = `Check that distinct members have signed that they hold an op, by the receipt in FILE
("-" is stdin) and the root's certificate alone, which --ca names: root.pem in the
directory identity of any member's data. Nobody is asked. It ends with 0 if as many
members have signed as the receipt says that the writer waited for, and a member has
signed the receipt as a whole.`
	cmd.Example = "  tally receipt verify receipt.json --ca root.pem"
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		roots, err := rootFile(a)
		if err != nil {
			return err
		}
		r, err := receiptIn(a.in, args[0])
		if err != nil {
			return usage("%v", err)
		}
		v := r.Verify(roots.Credentials(), time.Now())
		out := checked{
			Dot: r.Dot.String(), Digest: r.Digest.String(), Issuer: v.Issuer, Holders: append([]identity.Name{}, v.Holders...), Quorum: r.Quorum, Members: v.Members, Epoch: v.Epoch,
			Enough: v.Enough, Majority: v.Majority, Refused: []string{},
		}
		for _, err := range v.Refused {
			out.Refused = append(out.Refused, err.Error())
		}
		if err := a.show(out, out.print); err != nil || v.Enough {
			return err
		}
		return errShown
	}
	return cmd
}

func receiptIn(stdin io.Reader, name string) (receipt.Receipt, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the user names this file
		if err != nil {
			return receipt.Receipt{}, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, receipt.MaxFile+1))
	if err != nil {
		return receipt.Receipt{}, err
	}
	return receipt.Parse(data)
}

// rootFile reads the root that --ca or TALLY_CA names.
func rootFile(a *app) (ca.Roots, error) {
	file := a.authority
	if file == "" {
		file = a.getenv("TALLY_CA")
	}
	if file == "" {
		return ca.Roots{}, usage("--ca is needed: root.pem in the directory identity of any member's data")
	}
	data, err := os.ReadFile(file) //nolint:gosec // the user names this file
	if err != nil {
		return ca.Roots{}, usage("--ca: %v", err)
	}
	certs, err := ca.ParseCertificates(data)
	if err != nil {
		return ca.Roots{}, usage("--ca %s: %v", file, err)
	}
	domain, err := ca.DomainOf(certs[0])
	if err != nil {
		return ca.Roots{}, usage("--ca %s: %v", file, err)
	}
	return ca.Roots{Domain: domain, Certificates: []*x509.Certificate{certs[0]}, Skew: cluster.Skew}, nil
}

func (c checked) print(w io.Writer) error {
	verdict := "NOT PROVEN"
	if c.Enough {
		verdict = "proven"
	}
	say(w, "%s: %s is held by %d of %d members, epoch %d; the writer waited for %d\n", verdict, c.Dot, len(c.Holders), c.Members, c.Epoch, c.Quorum)
	if c.Issuer != "" {
		say(w, "issued by  %s\n", c.Issuer)
	}
	for _, name := range c.Holders {
		say(w, "signed by  %s\n", name)
	}
	for _, why := range c.Refused {
		say(w, "refused    %s\n", why)
	}
	if c.Enough && !c.Majority {
		say(w, "note: that is no majority of the members\n")
	}
	return nil
}
