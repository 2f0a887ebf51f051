package verb

import (
	"context"

	"github.com/tallystick/tallystick/client"
)

// Care is what a node does for itself. It is safe for concurrent use.
type Care interface {
	// Check looks for what is wrong, given what the node says of itself.
	Check(s *client.Status) []client.Finding
	// Backups says what is in the folder of the backup, and what is done with it.
	Backups() client.Backups
	// BackUp has the backup go on, with a new base if that is wanted; it does not wait.
	BackUp(base bool)
	// VerifyBackup has all of the backup read; it does not wait.
	VerifyBackup()
	// Measured says what was measured last, and before that.
	Measured() client.Measurements
	// Measure measures the node for a few seconds; live is how many memories there are.
	Measure(ctx context.Context, live int64) (client.Measurements, error)
}

// noCare is a node that does nothing for itself.
type noCare struct{}

func (noCare) Check(*client.Status) []client.Finding { return []client.Finding{} }
func (noCare) Backups() client.Backups               { return client.Backups{Files: []client.BackupFile{}} }
func (noCare) BackUp(bool)                           {}
func (noCare) VerifyBackup()                         {}
func (noCare) Measured() client.Measurements         { return client.Measurements{} }
func (noCare) Measure(context.Context, int64) (client.Measurements, error) {
	return client.Measurements{}, nil
}

type caring struct{ *deps }

// careVerbs are what the operator of a node has it do for itself.
func careVerbs(of *deps) []Verb {
	d := caring{of}
	backups := []Answer{Gives(Fine, client.Backups{})}
	begun := []Answer{Gives(Accepted, client.Backups{})}
	return []Verb{
		Of(Verb{
			Name: "node_checkup", Summary: "look for what is wrong with the node, its files and its backup", Access: Operator,
			Answers: []Answer{Gives(Fine, client.Checkup{})},
		}, d.checkup),
		Of(Verb{Name: "node_backups", Summary: "list what is in the node's backup, and what is done with it", Access: Operator, Answers: backups}, d.backups),
		Of(Verb{
			Name: "node_back_up", Summary: "add to the node's backup what was logged since", Access: Operator, Answers: begun, Codes: []client.Code{client.CodeNotSupported},
		}, d.backUp),
		Of(Verb{
			Name: "node_verify_backup", Summary: "read the node's backup to find damage", Access: Operator, Answers: begun, Codes: []client.Code{client.CodeNotSupported},
		}, d.verifyBackup),
		Of(Verb{
			Name: "node_measured", Summary: "say how fast the node was when it was measured last", Access: Operator, Answers: []Answer{Gives(Fine, client.Measurements{})},
		}, d.measured),
		Of(Verb{
			Name: "node_measure", Summary: "measure for a few seconds how fast the node is", Access: Operator, Answers: []Answer{Gives(Fine, client.Measurements{})},
		}, d.measure),
	}
}

func (d caring) checkup(ctx context.Context, _ *Call, _ *client.NoInput) (Done, error) {
	s, err := d.books.Upkeep.Status(ctx)
	if err != nil {
		return Done{}, err
	}
	shown := showStatus(&s, true)
	v := client.Checkup{Node: shown.Node, At: timeOf(d.now()), OK: true, Checks: d.care.Check(&shown)}
	for i := range v.Checks {
		v.OK = v.OK && v.Checks[i].State != client.FindingFail
	}
	v.Count = len(v.Checks)
	return Done{Body: v}, nil
}

func (d caring) backups(context.Context, *Call, *client.NoInput) (Done, error) {
	return Done{Body: d.care.Backups()}, nil
}

func (d caring) backUp(_ context.Context, _ *Call, in *client.BackUpInput) (Done, error) {
	return d.begin(func() { d.care.BackUp(in.Base) })
}

func (d caring) verifyBackup(context.Context, *Call, *client.NoInput) (Done, error) {
	return d.begin(d.care.VerifyBackup)
}

// begin has something long done with the backup, if there is to be one.
func (d caring) begin(do func()) (Done, error) {
	if d.care.Backups().Dir == "" {
		return Done{}, &Problem{
			Code: client.CodeNotSupported,
			Text: "this node has no folder for backups: set backup_dir (--backup-dir, TALLY_BACKUP_DIR) and start it again, or make one from outside with tally backup DIR",
		}
	}
	do()
	return Done{How: Accepted, Body: d.care.Backups()}, nil
}

func (d caring) measured(context.Context, *Call, *client.NoInput) (Done, error) {
	return Done{Body: d.care.Measured()}, nil
}

func (d caring) measure(ctx context.Context, _ *Call, _ *client.NoInput) (Done, error) {
	s, err := d.books.Upkeep.Status(ctx)
	if err != nil {
		return Done{}, err
	}
	v, err := d.care.Measure(ctx, s.Counts.Live)
	return Done{Body: v}, err
}
