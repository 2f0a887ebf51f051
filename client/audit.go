package client

// AuditInput says which rows of the audit log to list.
type AuditInput struct {
	Kind   string `json:"kind,omitempty" narrows:"true" doc:"Only rows of this kind." example:"refusal"`
	Text   string `json:"text,omitempty" narrows:"true" doc:"Only rows in which this occurs, in whatever case." example:"alice"`
	Before uint64 `json:"before,omitempty" narrows:"true" doc:"Only rows before this one: the next of the answer before."`
	Limit  int    `json:"limit,omitempty" clamp:"true" min:"1" max:"1000" doc:"At most so many, and no more than 1,000." default:"100"`
}

// AuditPage is a part of a node's audit log.
type AuditPage struct {
	Rows     []AuditRow `json:"rows" doc:"What it says, the newest first. Nothing of it was checked here."`
	Count    int        `json:"count" doc:"How many there are here."`
	Next     uint64     `json:"next,omitempty" doc:"Give it as before, for those further back; absent: there are none."`
	LookedTo Time       `json:"looked_to,omitzero" doc:"Rows were looked through back to this time, and not further: what fits may lie before it, and next asks for it. Absent: the page is full, or the log was looked through to its beginning."`
	Head     string     `json:"head" doc:"The last row, and its digest. Kept elsewhere it shows later whether rows are missing at the end." example:"7:9f2c1d"`
}

// AuditRow is something that an operator may have to answer for.
type AuditRow struct {
	Seq     uint64 `json:"seq" doc:"The number of the row."`
	At      Time   `json:"at" doc:"When."`
	Kind    string `json:"kind" doc:"What it is about." example:"refusal"`
	Actor   string `json:"actor,omitempty" doc:"Who did it, or tried." example:"alice"`
	Subject string `json:"subject,omitempty" doc:"What it was about." example:"POST /api/v1/repair"`
	Tag     string `json:"tag,omitempty" doc:"How it ended, as a stable word." example:"OPERATOR_ONLY"`
	Detail  string `json:"detail,omitempty" doc:"More of it." example:"127.0.0.1: asked without the key"`
	Times   int    `json:"times,omitempty" doc:"How many alike it stands for, if more than one."`
}

// AuditVerdict is what a check of every row of an audit log has found.
type AuditVerdict struct {
	OK       bool     `json:"ok" doc:"Every row is as this node has signed it, and none is missing, moved or there twice."`
	Rows     uint64   `json:"rows" doc:"How many rows there are."`
	Head     string   `json:"head" doc:"The last row, and its digest." example:"7:9f2c1d"`
	Faults   int      `json:"faults" doc:"How many faults were found."`
	Findings []string `json:"findings" doc:"The first hundred of them, in words." example:"[]"`
}

// Settings are those that a node runs with.
type Settings struct {
	Settings []Setting `json:"settings" doc:"Each of them, in the order of tally help config."`
	Count    int       `json:"count" doc:"How many there are; 0: the node was not started by tally serve."`
}

// Setting is a setting that a node runs with.
type Setting struct {
	Key    string   `json:"key" doc:"Its name, as in the file." example:"write_quorum"`
	Value  []string `json:"value" doc:"What it is; secrets are masked, and none is not set." example:"[\"2\"]"`
	Origin string   `json:"origin" doc:"Where that comes from." example:"flag --write-quorum"`
}
