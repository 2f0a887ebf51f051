package core

import (
	"cmp"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scenarios, to be reviewed as a diff")

// TestScenarios plays testdata/*.txt. A file is a sequence of blocks: a command,
// a line of dashes, and the effects that must follow, up to an empty line. Lines
// before a command that begin with # are comments. Node a is the one under test; its ops
// are numbered under a.1.
//
//	start b c                members; options head=SEQ (own head), b=SEQ (cursor),
//	                         numbers=unknown (the file may be a copy)
//	commit N [w=W]           N own ops; with w, somebody waits for W votes of the last
//	hold ORIGIN=SEQ…         entries of others were accepted here
//	loaded M #ID SEQ         the batch reaches up to SEQ (or: truncated)
//	reply M #ID ORIGIN=SEQ…  a push was answered with these heads (SEQ!G,G: with gaps;
//	                         SEQ~: of other entries; SEQ?: it is not said of which);
//	                         options lsn=N, root=N, epoch=N, refused=SEQ
//	fault M #ID [identity] [after=DURATION]
//	heard M ORIGIN=SEQ…      a call of M came with these heads
//	pulled ORIGIN #ID M ORIGIN=SEQ…   a pull was answered (or: … fault, truncated)
//	snapshotted #ID [fault]
//	compared M
//	settled M [fault]
//	moved ORIGIN.SEQ ORIGIN.SEQ   an entry of ours has another dot from now on
//	moved ORIGIN.SEQ              it has none, because others have taken its place
//	reborn ORIGIN
//	members b c d            options epoch=N, voters=a,b,c, former=a,b (b:N sits there since epoch N)
//	wait DURATION            time passes; ticks come when they are due
//	status                   what is known of the members
//	held DOT                 who holds an op
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := gocmp.Diff(string(text), got); d != "" {
				t.Errorf("expected -, got +; go test -update rewrites the file\n%s", d)
			}
		})
	}
}

const dashes = "----"

// play runs a scenario and returns its text with the output that it had.
func play(t *testing.T, text string) string {
	t.Helper()
	s := &scene{t: t, heads: memory.Heads{}, now: time.Unix(1_800_000_000, 0)}
	var out []string
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		out = append(out, lines[i])
		if i+1 >= len(lines) || lines[i+1] != dashes {
			continue
		}
		out = append(out, dashes)
		s.command(strings.Fields(lines[i]))
		out = append(out, s.out...)
		s.out = nil
		for i++; i+1 < len(lines) && lines[i+1] != ""; i++ {
		}
	}
	return strings.Join(out, "\n") + "\n"
}

type scene struct {
	t     *testing.T
	core  *Core
	now   time.Time
	heads memory.Heads
	lsn   uint64
	root  byte
	waits uint64
	out   []string
}

const self = memory.Origin("a.1")

func (s *scene) printf(format string, args ...any) {
	s.out = append(s.out, fmt.Sprintf(format, args...))
}

func (s *scene) command(f []string) {
	args, opts := f[1:], options(f[1:])
	switch f[0] {
	case "start":
		s.start(args, opts)
	case "commit":
		s.commit(number(args[0]), opts)
	case "written":
		s.step(Written{Own: s.number(number(args[0]), maps.Clone(s.heads))})
	case "hold":
		s.hold(args)
	case "loaded":
		ev := Loaded{Member: memory.Node(args[0]), ID: id(args[1])}
		if ev.Truncated = args[2] == "truncated"; !ev.Truncated {
			ev.Last = number(args[2])
		}
		s.step(ev)
	case "reply":
		s.reply(args, opts)
	case "fault":
		s.step(Pushed{Member: memory.Node(args[0]), ID: id(args[1]), Fault: fault(args, opts)})
	case "heard":
		s.step(Heard{Member: memory.Node(args[0]), View: view(args[1:], opts)})
	case "pulled":
		s.pulled(args, opts)
	case "snapshotted":
		ev := Snapshotted{ID: id(args[0])}
		if slices.Contains(args, "fault") {
			ev.Fault = fault(args, opts)
		}
		s.step(ev)
	case "settled":
		ev := Settled{Member: memory.Node(args[0])}
		if slices.Contains(args, "fault") {
			ev.Fault = fault(args, opts)
		}
		s.step(ev)
	case "compared":
		s.step(Compared{Member: memory.Node(args[0])})
	case "reborn":
		s.step(Reborn{Origin: memory.Origin(args[0]), View: s.view()})
	case "members":
		s.step(MembersChanged{Members: roster(args, opts), View: s.view()})
	case "moved":
		s.moved(args)
	case "wait":
		s.wait(duration(args[0]))
	case "status":
		for _, st := range s.core.Status() {
			s.printf("%s %s acked=%d owed=%d parked=%d equal=%v", st.Member, st.State, st.Acked, st.Owed, st.Parked, !st.EqualAt.IsZero())
		}
	case "held":
		d, err := memory.ParseDot(args[0])
		if err != nil {
			s.t.Fatal(err)
		}
		s.printf("%v", s.core.Held(d, 1).HeldBy)
	default:
		s.t.Fatalf("unknown command %q", f[0])
	}
}

func (s *scene) start(args []string, opts map[string]string) {
	s.heads[self] = headOf(self, opts["head"])
	s.lsn = s.heads[self].Seq
	cfg := Config{Self: "a", Origin: self, View: s.view(), Members: roster(args, opts), Cursors: map[memory.Node]uint64{}, Seed: 1, Confirmed: opts["numbers"] == "", Outrun: opts["numbers"] == "outrun"}
	for k, v := range opts {
		if !slices.Contains([]string{"head", "numbers", "epoch", "voters", "former"}, k) {
			cfg.Cursors[memory.Node(k)] = number(v)
		}
	}
	s.core = New(cfg, s.now)
	s.step(Tick{})
}

func (s *scene) view() memory.View {
	return memory.View{Heads: maps.Clone(s.heads), LSN: s.lsn, Root: memory.Digest{s.root}}
}

func (s *scene) commit(n uint64, opts map[string]string) {
	ev := Committed{Own: s.number(n, s.heads)}
	s.lsn += n
	ev.View = s.view()
	if w := number(opts["w"]); w > 0 {
		s.waits++
		ev.Waits = []Wait{{ID: s.waits, Dot: memory.Dot{Origin: self, Seq: s.heads[self].Seq}, W: int(w)}}
	}
	s.step(ev)
}

// number makes the next n entries of this node, and moves its head in heads.
func (s *scene) number(n uint64, heads memory.Heads) (own []memory.OwnEntry) {
	for range n {
		heads[self] = headOf(self, strconv.FormatUint(heads[self].Seq+1, 10))
		own = append(own, memory.OwnEntry{Dot: memory.Dot{Origin: self, Seq: heads[self].Seq}, Chain: heads[self].Chain})
	}
	return own
}

func (s *scene) moved(args []string) {
	from, err := memory.ParseDot(args[0])
	if err != nil {
		s.t.Fatal(err)
	}
	if len(args) == 1 {
		s.lsn++
		s.step(Committed{View: s.view(), Moved: []memory.Move{{From: from}}})
		return
	}
	to, err := memory.ParseDot(args[1])
	if err != nil {
		s.t.Fatal(err)
	}
	s.heads[to.Origin] = headOf(to.Origin, strconv.FormatUint(to.Seq, 10))
	s.heads[from.Origin] = headOf(from.Origin, strconv.FormatUint(s.heads[from.Origin].Seq, 10))
	s.lsn++
	own := []memory.OwnEntry{{Dot: to, Chain: s.heads[to.Origin].Chain}}
	s.step(Committed{View: s.view(), Own: own, Moved: []memory.Move{{From: from, To: to}}})
}

func (s *scene) hold(args []string) {
	maps.Copy(s.heads, view(args, nil).Heads)
	s.lsn++
	s.step(Committed{View: s.view()})
}

func (s *scene) reply(args []string, opts map[string]string) {
	r := &memory.PushReply{From: memory.Node(args[0]), View: view(args[2:], opts)}
	if no, ok := opts["refused"]; ok {
		r.Refused = []memory.Refusal{{Dot: memory.Dot{Origin: self, Seq: number(no)}, Code: memory.CodeUnknownKind}}
	}
	s.step(Pushed{Member: memory.Node(args[0]), ID: id(args[1]), Reply: r})
}

func (s *scene) pulled(args []string, opts map[string]string) {
	ev := Pulled{Origin: memory.Origin(args[0]), ID: id(args[1]), View: view(args[3:], opts)}
	ev.Truncated = slices.Contains(args, "truncated")
	if slices.Contains(args, "fault") {
		ev.Fault = fault(args, opts)
	}
	s.step(ev)
}

// wait lets time pass, with ticks when they are due.
func (s *scene) wait(d time.Duration) {
	from, end := s.now, s.now.Add(d)
	for range 1000 {
		due := s.core.Deadline()
		if due.After(end) {
			s.now = end
			return
		}
		if due.After(s.now) {
			s.now = due
		}
		before := len(s.out)
		s.step(Tick{})
		for i := before; i < len(s.out); i++ {
			s.out[i] = fmt.Sprintf("+%-7s %s", s.now.Sub(from).Round(time.Millisecond), s.out[i])
		}
	}
	s.t.Fatal("the core asks for ticks without end")
}

func (s *scene) step(ev Event) {
	for _, e := range s.core.Step(s.now, ev) {
		s.out = append(s.out, describe(e))
	}
}

func describe(e Effect) string {
	switch e := e.(type) {
	case Push:
		if e.From == 0 {
			return fmt.Sprintf("heads to %s #%d", e.Member, e.ID)
		}
		return fmt.Sprintf("push to %s #%d %s from %d, at most to %d", e.Member, e.ID, e.Origin, e.From, e.To)
	case Pull:
		return fmt.Sprintf("pull from %s #%d %s %d to %d", e.Member, e.ID, e.Range.Origin, e.Range.From, e.Range.To)
	case Snapshot:
		return fmt.Sprintf("snapshot of %s #%d", e.Member, e.ID)
	case Compare:
		return fmt.Sprintf("compare with %s", e.Member)
	case Resolve:
		return fmt.Sprintf("resolve wait %d: %s held by %v, %d of %d asked for", e.ID, e.Tally.Dot, e.Tally.HeldBy, e.Tally.W, e.Tally.N)
	case Short:
		return fmt.Sprintf("wait %d is short", e.ID)
	case SaveCursor:
		return fmt.Sprintf("save cursor of %s: %s %d", e.Member, e.Origin, e.Seq)
	case Park:
		return fmt.Sprintf("park %s for %s: %s", e.Refusal.Dot, e.Member, e.Refusal.Code)
	case Unpark:
		return fmt.Sprintf("unpark %v for %s", e.Dots, e.Member)
	case Settle:
		return fmt.Sprintf("settle with %s: %s to %d", e.Member, e.Origin, e.To)
	case Confirm:
		return fmt.Sprintf("confirm %s", e.Origin)
	case TakeIncarnation:
		if e.Lost {
			return fmt.Sprintf("take a new incarnation: %s may be lost", e.Head)
		}
		return fmt.Sprintf("take a new incarnation: %s holds %s", cmp.Or(e.Member, "somebody"), e.Head)
	case Ended:
		return fmt.Sprintf("the change of epoch %d has ended", e.Epoch)
	case Overtaken:
		return fmt.Sprintf("%s goes by epoch %d", e.Member, e.Epoch)
	case Notice:
		return fmt.Sprintf("notice: %s %s", e.Member, e.What)
	}
	return fmt.Sprintf("unknown effect %T", e)
}

// options are the words of the form key=value, that name no origin.
func options(args []string) map[string]string {
	opts := map[string]string{}
	for _, a := range args {
		if k, v, ok := strings.Cut(a, "="); ok && !strings.Contains(k, ".") {
			opts[k] = v
		}
	}
	return opts
}

// headOf reads a head without gaps: SEQ, or SEQ~ where the entries up to it are
// not those that this node has, or SEQ? where nothing is said of what they are.
func headOf(o memory.Origin, text string) memory.Head {
	seq := strings.TrimRight(text, "~?")
	h := memory.Head{Seq: number(seq)}
	if h.Seq > 0 && !strings.HasSuffix(text, "?") {
		h.Chain = memory.Chain{}.Next(sha256.Sum256([]byte(string(o) + text)))
	}
	return h
}

// view reads words of the form ORIGIN=SEQ or ORIGIN=SEQ!GAP,GAP. Unless an
// option says otherwise, its LSN is the sum of the heads.
func view(args []string, opts map[string]string) memory.View {
	v := memory.View{Heads: memory.Heads{}}
	for _, a := range args {
		o, head, ok := strings.Cut(a, "=")
		if !ok || !strings.Contains(o, ".") {
			continue
		}
		seq, gaps, _ := strings.Cut(head, "!")
		h := headOf(memory.Origin(o), seq)
		for g := range strings.SplitSeq(gaps, ",") {
			if g != "" {
				h.Gaps = append(h.Gaps, number(g))
			}
		}
		v.Heads[memory.Origin(o)] = h
		v.LSN += h.Seq - uint64(len(h.Gaps))
	}
	if lsn, ok := opts["lsn"]; ok {
		v.LSN = number(lsn)
	}
	v.Epoch = number(opts["epoch"])
	v.Root = memory.Digest{byte(number(opts["root"]))}
	return v
}

func fault(args []string, opts map[string]string) *memory.Fault {
	f := &memory.Fault{Err: os.ErrDeadlineExceeded}
	if slices.Contains(args, "identity") {
		f.Class = memory.FaultIdentity
	}
	if after, ok := opts["after"]; ok {
		f.RetryAfter = duration(after)
	}
	return f
}

func names(args []string) []memory.Node {
	var out []memory.Node
	for _, a := range args {
		if !strings.Contains(a, "=") {
			out = append(out, memory.Node(a))
		}
	}
	return out
}

// roster reads the words of a command about members.
func roster(args []string, opts map[string]string) Roster {
	r := Roster{Epoch: number(opts["epoch"])}
	for _, n := range names(args) {
		r.Others = append(r.Others, seat(string(n)))
	}
	for name, list := range map[string]*[]Seat{"voters": &r.Voters, "former": &r.Former} {
		for n := range strings.SplitSeq(opts[name], ",") {
			if n != "" {
				*list = append(*list, seat(n))
			}
		}
	}
	return r
}

func seat(text string) Seat {
	node, since, _ := strings.Cut(text, ":")
	return Seat{Node: memory.Node(node), Since: number(since)}
}

func id(s string) uint64 { return number(strings.TrimPrefix(s, "#")) }

func number(s string) uint64 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}
