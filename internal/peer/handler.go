package peer

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"hash"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tallystick/tallystick/internal/identity/httpsig"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/pace"
	"github.com/tallystick/tallystick/internal/peer/packing"
	"github.com/tallystick/tallystick/internal/wire"
)

// Acceptor is what answers the members. It is called by many goroutines at once,
// with messages of members that are known and meant this node; who that is, from
// says. An error of [memory.PutOff] is a 429, of [memory.ErrInvalid] a 400, of
// [memory.ErrForbidden] a 403, any other a 503.
type Acceptor interface {
	// AcceptPush returns when what it says is held has been fsynced.
	AcceptPush(ctx context.Context, from memory.Source, p *memory.Push) (*memory.PushReply, error)
	// AcceptPull answers with entries, by range or by name. It changes nothing.
	AcceptPull(ctx context.Context, from memory.Source, r *memory.PullRequest) (*memory.PullReply, error)
	// AcceptDigest answers with sums, or with what some buckets hold.
	AcceptDigest(ctx context.Context, from memory.Source, r *memory.DigestRequest) (*memory.DigestReply, error)
	// AcceptSnapshot hands the whole state to yield and returns its view.
	AcceptSnapshot(ctx context.Context, from memory.Source, yield func([]memory.Shipment) error) (memory.View, error)
}

// NewHandler serves the routes of the protocol below /api/v1/sync/. cfg must be
// valid and have an Origin.
func NewHandler(cfg Config, a Acceptor, log *slog.Logger) http.Handler {
	h := &handler{cfg: cfg.withDefaults(), acceptor: a, log: log, room: semaphore.NewWeighted(maxBodies), readings: newShelves()}
	mux := http.NewServeMux()
	mux.Handle(pathHello, h.route(http.MethodGet, h.hello))
	mux.Handle(pathSnapshot, h.route(http.MethodGet, h.fromMember(h.snapshot)))
	mux.Handle(pathPush, h.route(http.MethodPost, h.fromMember(h.push)))
	mux.Handle(pathPull, h.route(http.MethodPost, h.fromMember(answer(h, pullRoute(), a.AcceptPull, nil))))
	mux.Handle(pathDigest, h.route(http.MethodPost, h.fromMember(answer(h, digestRoute(), a.AcceptDigest, nil))))
	if cfg.Account != nil {
		mux.Handle(pathStatus, h.route(http.MethodGet, h.fromMember(h.account)))
	}
	if t := cfg.Trust; t != nil {
		mux.Handle(pathMembers, h.route(http.MethodGet, h.fromMember(h.members)))
		mux.Handle(pathRenew, h.route(http.MethodGet, h.fromMember(h.document(func(c *caller) ([]byte, error) {
			return t.Renew(c.proof.Name, c.proof.Key)
		}))))
		if t.Evidence != nil {
			mux.Handle(pathHeld, h.route(http.MethodGet, h.fromMember(aboutOp(h, t.Evidence.Prove))))
		}
		if t.Witness != nil {
			mux.Handle(pathWords, h.route(http.MethodGet, h.fromMember(aboutOp(h, t.Witness.Words))))
			mux.Handle(pathProofs, h.route(http.MethodGet, h.fromMember(h.proofs)))
		}
	}
	mux.Handle("/", h.route("", func(http.ResponseWriter, *http.Request) error {
		return refuse(http.StatusNotFound, "not_found", "there is no such route")
	}))
	return mux
}

// maxBodies bounds the bytes of all request bodies that are held at once.
const maxBodies = 64 << 20

type handler struct {
	cfg      Config
	acceptor Acceptor
	log      *slog.Logger
	room     *semaphore.Weighted
	readings *shelves
	own      latest
	coder    packing.Coder
}

// endpoint answers a request, or returns an error to be answered in its place.
type endpoint func(http.ResponseWriter, *http.Request) error

// route checks what every request must have.
func (h *handler) route(method string, next endpoint) http.Handler {
	want := sha256.Sum256([]byte(h.cfg.APIKey))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(headerProtocol, protocol())
		w.Header().Set(headerFrom, string(h.cfg.Self))
		if h.cfg.Compress != packing.Never {
			w.Header().Set(packing.HeaderAccept, packing.Coding)
		}
		err := func() error {
			if got := sha256.Sum256([]byte(r.Header.Get(headerKey))); h.cfg.APIKey != "" && h.cfg.Trust == nil && subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
				return refuse(http.StatusUnauthorized, "unauthorized", "the API key is missing or wrong")
			}
			if to := r.Header.Get(headerTo); to != "" && to != string(h.cfg.Self) {
				return refuse(http.StatusForbidden, "misdirected", "this is "+string(h.cfg.Self)+", not "+printable(to))
			}
			if method != "" && r.Method != method {
				w.Header().Set("Allow", method)
				return refuse(http.StatusMethodNotAllowed, "method_not_allowed", "want "+method)
			}
			return next(w, r)
		}()
		if err != nil {
			h.fail(w, r, err)
		}
	})
}

// fromMember is the first step of every request of a member: it finds out who
// sent it, and hands that on. Nothing behind it looks at a header to learn that.
func (h *handler) fromMember(next memberEndpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		from, err := h.prove(r)
		if err != nil {
			return err
		}
		pace.Apart(r.Context())
		return next(w, r, from)
	}
}

// memberEndpoint is an endpoint for a member that has proved who it is.
type memberEndpoint func(w http.ResponseWriter, r *http.Request, from *caller) error

// prove checks that a request comes from a member, was meant for this node and
// speaks its protocol. A member without identity is believed its name, on this
// machine.
func (h *handler) prove(r *http.Request) (*caller, error) {
	if got := r.Header.Get(headerProtocol); got != protocol() {
		return nil, refuse(http.StatusBadRequest, "protocol", headerProtocol+" "+printable(strconv.Quote(got))+": want "+protocol())
	}
	if h.cfg.Trust != nil {
		return h.attest(r)
	}
	from := r.Header.Get(headerFrom)
	if _, ok := h.cfg.Members[memory.Node(from)]; !ok {
		return nil, refuse(http.StatusForbidden, "unknown_member", printable(strconv.Quote(from))+" is not a member here")
	}
	if r.Header.Get(headerTo) == "" {
		return nil, refuse(http.StatusForbidden, "misdirected", headerTo+" is missing")
	}
	if !h.cfg.AnyAddress {
		if err := onLoopback(r, memory.Node(from)); err != nil {
			return nil, err
		}
	}
	return &caller{Source: memory.Source{Member: memory.Node(from), Route: memory.RoutePush}}, nil
}

func (h *handler) hello(w http.ResponseWriter, _ *http.Request) error {
	body, err := wire.EncodeHello(wire.Hello{
		Member: h.cfg.Self, Incarnation: h.cfg.Origin().Incarnation(), Time: memory.InstantOf(time.Now()),
	})
	if err != nil {
		return err
	}
	h.send(w, typeJSON, body)
	return nil
}

// answer is the endpoint of a message that accept answers. vouch, if not nil, adds to
// the header of the answer.
func answer[Req, Rep any](
	h *handler, m route[Req, Rep], accept func(context.Context, memory.Source, *Req) (*Rep, error), vouch func(context.Context, http.Header, *Req, *Rep) error,
) memberEndpoint {
	return func(w http.ResponseWriter, r *http.Request, sender *caller) error {
		said, release, err := h.received(w, r, sender)
		defer release()
		if err != nil {
			return err
		}
		req, err := opened(h, m, sender, said)
		if err != nil {
			return err
		}
		rep, err := accept(r.Context(), sender.Source, req)
		if err != nil {
			return err
		}
		out, err := m.encodeReply(rep)
		if err != nil {
			return refuse(http.StatusRequestEntityTooLarge, "reply_too_large", "ask for less: "+err.Error())
		}
		if vouch != nil {
			if err := vouch(r.Context(), w.Header(), req, rep); err != nil {
				return err
			}
		}
		return h.reply(w, r, sender, out)
	}
}

// reply answers a caller with a message, compressed if that was asked for.
func (h *handler) reply(w http.ResponseWriter, r *http.Request, sender *caller, out []byte) error {
	packed := false
	if h.packs(r) {
		out, packed = h.coder.Pack(out)
	}
	if err := h.sign(w.Header(), sender, sha256.Sum256(out)); err != nil {
		return err
	}
	if packed {
		w.Header().Set(packing.HeaderCoding, packing.Coding)
	}
	h.send(w, typeCBOR, out)
	return nil
}

// received returns what the body of a request says, which the sender has signed. There is
// room for it until it is released, which has to be done whatever comes of it.
func (h *handler) received(w http.ResponseWriter, r *http.Request, sender *caller) (said []byte, release func(), err error) {
	release = func() {}
	size, err := h.sizeOf(r)
	if err != nil {
		return nil, release, err
	}
	if err := h.reserve(r.Context(), size); err != nil {
		return nil, release, err
	}
	release = func() { h.room.Release(size) }
	body, err := h.read(w, r)
	if err != nil {
		return nil, release, err
	}
	if err := sender.signed(r, body); err != nil || r.Header.Get(packing.HeaderCoding) == "" {
		return body, release, err
	}
	long, err := packing.SizeOf(body)
	switch {
	case err != nil:
		return nil, release, refuse(http.StatusBadRequest, "invalid", err.Error())
	case long > wire.MaxBody:
		return nil, release, tooLarge()
	}
	if err := h.reserve(r.Context(), long); err != nil {
		return nil, release, err
	}
	release = func() { h.room.Release(size + long) }
	if said, err = h.coder.Unpack(body, long); err != nil {
		return nil, release, refuse(http.StatusBadRequest, "invalid", err.Error())
	}
	return said, release, nil
}

// packs reports whether the answer to a request may go compressed.
func (h *handler) packs(r *http.Request) bool {
	return h.cfg.Compress != packing.Never && packing.Accepts(r.Header.Values(packing.HeaderAccept))
}

// opened reads what a body says: a message from the sender to this node.
func opened[Req, Rep any](h *handler, m route[Req, Rep], sender *caller, said []byte) (*Req, error) {
	req, err := m.decode(said)
	if errors.Is(err, wire.ErrOtherBase) {
		return nil, refuse(http.StatusConflict, "other_base", "the heads differ from a reading that is not here: send them whole")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "invalid", err.Error())
	}
	from, to := m.address(req)
	if from != sender.Member || to != h.cfg.Self {
		return nil, refuse(http.StatusForbidden, "misdirected", "the message is from "+string(from)+" to "+string(to)+", unlike its headers")
	}
	return req, nil
}

// sizeOf checks the headers of a body and returns how many bytes it may have.
func (h *handler) sizeOf(r *http.Request) (int64, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != typeCBOR {
		return 0, refuse(http.StatusUnsupportedMediaType, "content_type", "want "+typeCBOR)
	}
	if coding := r.Header.Get(packing.HeaderCoding); coding != "" && (coding != packing.Coding || h.cfg.Compress == packing.Never) {
		return 0, refuse(http.StatusUnsupportedMediaType, "content_encoding", "want none, or what "+packing.HeaderAccept+" says")
	}
	switch n := r.ContentLength; {
	case n > wire.MaxBody:
		return 0, tooLarge()
	case n < 0:
		return wire.MaxBody, nil
	default:
		return n, nil
	}
}

// reserve waits a moment for room in memory for a body.
func (h *handler) reserve(ctx context.Context, size int64) error {
	if h.room.TryAcquire(size) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if h.room.Acquire(ctx, size) != nil {
		return memory.ErrBusy
	}
	return nil
}

func (h *handler) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	// Not all writers can: then the server's own limit holds. net/http takes the
	// deadline away when the body has been read.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.cfg.Timeout))
	body, err := readAll(http.MaxBytesReader(w, r.Body, wire.MaxBody), r.ContentLength)
	if tooMany := (*http.MaxBytesError)(nil); errors.As(err, &tooMany) {
		return nil, tooLarge()
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "cut_off", "the body did not come in full")
	}
	return body, nil
}

func tooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, "too_large", "a body may have "+strconv.Itoa(wire.MaxBody)+" bytes")
}

// send writes a reply of status 200, to a reader who may not take for ever.
func (h *handler) send(w http.ResponseWriter, contentType string, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.cfg.Timeout))
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

func (h *handler) snapshot(w http.ResponseWriter, r *http.Request, from *caller) error {
	if err := from.signed(r, nil); err != nil {
		return err
	}
	ctx := r.Context()
	out := &firstWrite{ResponseWriter: w, sum: sha256.New(), trailer: from.attested != nil, timeout: h.cfg.Timeout}
	// Not put aside: who takes it waits only so long for the next frame.
	var packer flusher = out
	if h.packs(r) {
		enc, err := packing.NewWriter(out)
		if err != nil {
			return err
		}
		out.coding, packer = packing.Coding, enc
	}
	buffer := bufio.NewWriterSize(packer, 64<<10)
	frames := wire.NewSnapshotWriter(buffer, h.cfg.Self)
	view, err := h.acceptor.AcceptSnapshot(ctx, from.Source, func(ops []memory.Shipment) error {
		if err := frames.Batch(ops); err != nil {
			return err
		}
		if err := buffer.Flush(); err != nil {
			return err
		}
		return packer.Flush()
	})
	if err == nil {
		err = frames.End(view)
	}
	if err == nil {
		err = buffer.Flush()
	}
	if err == nil {
		err = packer.Close()
	}
	if err == nil {
		err = h.sign(w.Header(), from, [sha256.Size]byte(out.sum.Sum(nil)))
	}
	if err != nil && out.begun {
		// The status is gone; the missing last frame tells the member.
		h.log.WarnContext(ctx, "snapshot broken off", "peer", from.Member, "err", err)
		return nil
	}
	return err
}

// firstWrite sets the type of the content when there is any, and digests it: what
// has no known end is signed behind it, in a trailer. Each write has a time of its own.
type firstWrite struct {
	http.ResponseWriter
	timeout time.Duration
	begun   bool
	trailer bool
	coding  string // of the content, or ""
	sum     hash.Hash
}

// flusher is a writer whose reader has everything after Flush, and the end after Close.
type flusher interface {
	io.WriteCloser
	// Flush returns when all that was written is on its way.
	Flush() error
}

// Flush and Close implement [flusher]: each write is flushed, and the server knows the end.
func (*firstWrite) Flush() error { return nil }

// Close is described there.
func (*firstWrite) Close() error { return nil }

func (f *firstWrite) Write(b []byte) (int, error) {
	if !f.begun {
		f.begun = true
		f.Header().Set("Content-Type", typeSnapshot)
		if f.coding != "" {
			f.Header().Set(packing.HeaderCoding, f.coding)
		}
		if f.trailer {
			f.Header().Set("Trailer", httpsig.HeaderDigest+", "+httpsig.HeaderInput+", "+httpsig.HeaderSignature)
		}
	}
	f.sum.Write(b)
	rc := http.NewResponseController(f.ResponseWriter)
	_ = rc.SetWriteDeadline(time.Now().Add(f.timeout))
	n, err := f.ResponseWriter.Write(b)
	if err != nil {
		return n, err
	}
	if err := rc.Flush(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return n, err
	}
	return n, nil
}
