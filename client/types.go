package client

import "encoding/json"

// Memory is a titled text in a namespace. The JSON names are those of the API.
type Memory struct {
	ID                string          `json:"id" doc:"The id of the memory." maxlen:"128" example:"4198b4ee-3c63-8a5c-9c2e-7b0f6f0a1d11"`
	Tier              string          `json:"tier" doc:"How long it is meant to live: short 6 hours, mid 7 days, long for ever." enum:"short,mid,long"`
	Namespace         string          `json:"namespace" doc:"A path of at most 8 segments, such as house/cellar." maxlen:"512" example:"house/cellar"`
	Title             string          `json:"title" doc:"What it is about; no two live memories of a namespace have the same." maxlen:"512" example:"Gate code"`
	Content           string          `json:"content" doc:"The text: at most 65,536 bytes." example:"It is 4711, since May."`
	Tags              []string        `json:"tags" doc:"Words to find it by." maxitems:"50" maxlen:"128" example:"[\"access\"]"`
	Priority          int32           `json:"priority" doc:"How much it matters." min:"1" max:"10" example:"5"`
	Confidence        float64         `json:"confidence" doc:"How sure its author is." min:"0" max:"1" example:"1"`
	Source            string          `json:"source" doc:"Where it came from." enum:"user,nhi,claude,hook,api,cli,import,consolidation,system,chaos,notify"`
	CreatedAt         Time            `json:"created_at" doc:"When it was made."`
	ExpiresAt         Time            `json:"expires_at,omitzero" doc:"When it goes to the archive by itself; absent: never."`
	Metadata          json.RawMessage `json:"metadata" doc:"Whatever else is to be kept: at most 65,536 bytes of JSON. agent_id is the owner, scope who may see it." type:"object"`
	ReflectionDepth   int32           `json:"reflection_depth" doc:"How many reflections it is away from what was observed." min:"0" max:"2147483647"`
	MemoryKind        string          `json:"memory_kind" doc:"What sort of memory it is." enum:"observation,reflection,persona,concept,entity,claim,relation,event,conversation,decision"`
	EntityID          string          `json:"entity_id,omitempty" doc:"The entity that a persona is of." example:"ent-1"`
	PersonaVersion    *int32          `json:"persona_version,omitempty" doc:"The version of a persona."`
	Citations         []Citation      `json:"citations" doc:"Evidence." maxitems:"64"`
	SourceURI         string          `json:"source_uri,omitempty" doc:"Where the text is from: uri:…, doc:… or file:…." maxlen:"4096" example:"doc:plan"`
	SourceSpan        *Span           `json:"source_span,omitempty" doc:"The part of the source that the text is from."`
	ConfidenceSource  string          `json:"confidence_source" doc:"Where the confidence comes from." enum:"caller_provided,auto_derived,calibrated,decayed,curator_derived,default"`
	ConfidenceSignals *Confidence     `json:"confidence_signals,omitempty" doc:"What the confidence was computed from."`
	ConfidenceDecayed Time            `json:"confidence_decayed_at,omitzero" doc:"When the confidence was last lowered by age."`
	Version           int64           `json:"version" doc:"1 at creation, and 1 more with each edit. If-Match names it."`
	AccessCount       int64           `json:"access_count" doc:"How often recall has found it, on this node."`
	UpdatedAt         Time            `json:"updated_at" doc:"When it was last edited."`
	LastAccessedAt    Time            `json:"last_accessed_at,omitzero" doc:"When recall found it last, on this node."`
	Conflicts         int             `json:"conflicts" doc:"How many concurrent edits lost against the one shown, and are settled by none. They are in the history."`
	Signature         string          `json:"signature" doc:"valid: the author has signed this text with a key of its own. invalid: it has signed another one. absent: it has signed nothing, or the text was edited since." enum:"valid,absent,invalid"`
	SignedBy          string          `json:"signed_by,omitempty" doc:"The agent that has signed it." example:"alice"`
	SigningKey        string          `json:"signing_key,omitempty" doc:"The Ed25519 key that it was signed with, in base64." example:"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="`
	SignedAt          string          `json:"signed_at,omitempty" doc:"The time that was signed, as it was signed." example:"2026-01-31T12:00:00Z"`
	SignatureValue    string          `json:"signature_value,omitempty" doc:"The signature, in base64; what it is over is told in docs/trust.md." example:"AAAA"`
	ArchivedAt        Time            `json:"archived_at,omitzero" doc:"In the archive: when it left the live memories."`
	ArchiveReason     string          `json:"archive_reason,omitempty" doc:"In the archive, why: archive, forget, ttl_expired, or what the caller said." example:"ttl_expired"`
}

// What [Memory.Signature] may be.
const (
	SignatureValid   = "valid"
	SignatureAbsent  = "absent"
	SignatureInvalid = "invalid"
)

// Citation names evidence for a memory.
type Citation struct {
	URI        string `json:"uri" doc:"uri:…, doc:… or file:…." maxlen:"4096" example:"doc:plan"`
	AccessedAt Time   `json:"accessed_at" doc:"When the source was read."`
	Hash       string `json:"hash,omitempty" doc:"SHA-256 of what was read." pattern:"^[0-9a-fA-F]{64}$"`
	Span       *Span  `json:"span,omitempty" doc:"The part of it."`
}

// Span is a half-open range of bytes.
type Span struct {
	Start uint64 `json:"start" doc:"The first byte."`
	End   uint64 `json:"end" doc:"The byte behind the last."`
}

// Confidence is what a confidence was computed from.
type Confidence struct {
	SourceAgeDays           float64 `json:"source_age_days" doc:"Age of the source."`
	AtomDerivation          bool    `json:"atom_derivation" doc:"Whether it was taken out of another memory."`
	PriorCorroborationCount int64   `json:"prior_corroboration_count" doc:"How many others said so before."`
	FreshnessFactor         float64 `json:"freshness_factor" doc:"What age leaves of it."`
	BaselinePerSource       float64 `json:"baseline_per_source" doc:"What a memory of this source begins with."`
}

// Embedding is a vector that the client has computed, to save the node work.
type Embedding struct {
	Model  string `json:"model" doc:"What computed the vector." example:"all-MiniLM-L6-v2"`
	Vector Floats `json:"vector" doc:"Numbers, or base64 of little-endian float32."`
}

// Receipt says which op a write became and which members hold it on disk.
type Receipt struct {
	Dot        string   `json:"dot" doc:"The identity of the op: node.incarnation.seq." example:"north.1.42"`
	Digest     string   `json:"digest" doc:"SHA-256 of the op, in hex." pattern:"^[0-9a-f]{64}$"`
	Durability string   `json:"durability" doc:"How widely it is held: on this node, by a quorum, or by all." enum:"local,quorum,all"`
	Epoch      uint64   `json:"epoch" doc:"Of the members that w and n are of; 0 where they are configured." example:"3"`
	W          int      `json:"w" doc:"How many members are asked for."`
	N          int      `json:"n" doc:"How many members there are that count."`
	HeldBy     []string `json:"held_by" doc:"The members that have it on disk." example:"[\"north\", \"east\"]"`
	// Told are nodes of ai-memory: set where a receipt is asked for, not where one is given.
	Told []LegacyHolder `json:"legacy_peers,omitempty" doc:"The nodes of ai-memory that are told of it; none of them counts, for they answer before it is on their disk."`
}

// LegacyHolder is what is known of one write at a node of ai-memory.
type LegacyHolder struct {
	Name       string `json:"name" doc:"How it identifies itself." example:"region/nyc/old-1"`
	State      string `json:"state" doc:"Answered: it was sent what it is told of the write, and has answered. Made_there: it is where the write comes from." enum:"answered,owed,refused,made_there,not_told"`
	Reason     string `json:"reason,omitempty" doc:"Why it was refused." example:"id_drift: memories 0198c0de: refused"`
	Durability string `json:"durability" doc:"What its answers say of its disk: nothing." enum:"unknown"`
}

// Waiting answers a write that needs approval: nothing has changed yet.
type Waiting struct {
	Status    string   `json:"status" doc:"Nothing has been changed yet." enum:"pending"`
	ID        string   `json:"pending_id" doc:"The proposal; POST /api/v1/pending/{id}/approve is a vote for it." example:"0198c0de-0000-7000-8000-000000000001"`
	Reason    string   `json:"reason" doc:"Why." example:"governance requires approval"`
	Action    string   `json:"action" doc:"What is proposed: store, delete, archive, restore, link …" example:"store"`
	Namespace string   `json:"namespace" doc:"The namespace whose rules ask for it." example:"guarded"`
	MemoryID  string   `json:"memory_id,omitempty" doc:"The memory that it is about, if it exists." example:"4198b4ee-3c63-8a5c-9c2e-7b0f6f0a1d11"`
	Receipt   *Receipt `json:"receipt" doc:"Who holds the proposal on disk."`
}

// Draft is a memory to be created. Only Title and Content are required; absent
// fields take the defaults of the data model.
type Draft struct {
	ID         string          `json:"id,omitempty" doc:"Letters, digits and _:@.-. Without it, it follows from namespace and title: two nodes that create the same make one memory." maxlen:"128" minlen:"1" example:"gate-code"`
	Title      string          `json:"title" need:"true" doc:"What it is about; no two live memories of a namespace have the same." maxlen:"512" example:"Gate code"`
	Content    string          `json:"content" need:"true" doc:"The text: at most 65,536 bytes." example:"It is 4711, since May."`
	Namespace  string          `json:"namespace,omitempty" doc:"A path of at most 8 segments, such as house/cellar; global if it is absent." maxlen:"512" minlen:"1" example:"house/cellar"`
	Tier       string          `json:"tier,omitempty" doc:"How long it is meant to live: short 6 hours, mid 7 days, long for ever." enum:"short,mid,long"`
	Tags       []string        `json:"tags,omitempty" doc:"Words to find it by." maxlen:"128" example:"[\"access\"]"`
	Priority   int32           `json:"priority,omitempty" doc:"How much it matters." min:"1" max:"10" example:"5"`
	Confidence *float64        `json:"confidence,omitempty" doc:"How sure the author is." min:"0" max:"1" example:"1"`
	Source     string          `json:"source,omitempty" doc:"Where it came from." enum:"user,nhi,claude,hook,api,cli,import,consolidation,system,chaos,notify"`
	Kind       string          `json:"kind,omitempty" doc:"What sort of memory it is." enum:"observation,reflection,persona,concept,entity,claim,relation,event,conversation,decision"`
	TTL        int64           `json:"ttl_secs,omitempty" doc:"How many seconds it lives, instead of the time of the tier." min:"1" max:"31536000"`
	ExpiresAt  *Time           `json:"expires_at,omitempty" doc:"When it goes to the archive, instead of the time of the tier."`
	Metadata   json.RawMessage `json:"metadata,omitempty" doc:"Whatever else is to be kept: at most 65,536 bytes of JSON." type:"object" example:"{\"project\":\"house\"}"`
	Scope      string          `json:"scope,omitempty" doc:"Goes into the metadata: private (only the owner and the recipient see it), team (also who is in a team with the owner), collective (everybody), or unit, org: private as long as there are none." example:"private"`
	Citations  []Citation      `json:"citations,omitempty" doc:"Evidence." maxitems:"64"`
	SourceURI  string          `json:"source_uri,omitempty" doc:"Where the text is from: uri:…, doc:… or file:…." maxlen:"4096" example:"doc:plan"`
	SourceSpan *Span           `json:"source_span,omitempty" doc:"The part of the source that the text is from."`
	OnConflict string          `json:"on_conflict,omitempty" doc:"What to do if the title is taken: error is 409, merge edits what is there, version takes the title with a suffix." enum:"error,merge,version"`
	CreatedAt  *Time           `json:"created_at,omitempty" doc:"For imports: when it was made. Never in the future. With a signature: the time that was signed, within 300 seconds."`
	EntityID   string          `json:"entity_id,omitempty" doc:"The entity that a persona is of." example:"ent-1"`
	Depth      int32           `json:"reflection_depth,omitempty" doc:"How many reflections it is away from what was observed." min:"0" max:"2147483647"`

	PersonaVersion    *int32      `json:"persona_version,omitempty" doc:"The version of a persona."`
	ConfidenceSource  string      `json:"confidence_source,omitempty" doc:"Where the confidence comes from." enum:"caller_provided,auto_derived,calibrated,decayed,curator_derived,default"`
	ConfidenceSignals *Confidence `json:"confidence_signals,omitempty" doc:"What the confidence was computed from."`
	ConfidenceDecayed *Time       `json:"confidence_decayed_at,omitempty" doc:"When the confidence was last lowered by age."`
	Embedding         *Embedding  `json:"embedding,omitempty" doc:"A vector that the client has computed, to save the node work."`
	Signature         string      `json:"signature,omitempty" minlen:"1" doc:"The caller's Ed25519 signature, in base64, of the text, title, namespace and kind, made at created_at with a key that is registered for it at this node." example:"AAAA"`
	AgentID           string      `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
}

// Patch is an edit: nil fields stay as they are.
type Patch struct {
	Title      *string         `json:"title,omitempty" doc:"What it is about; no two live memories of a namespace have the same." maxlen:"512" example:"Gate code"`
	Content    *string         `json:"content,omitempty" doc:"The text: at most 65,536 bytes." example:"It is 4712, since June."`
	Tier       *string         `json:"tier,omitempty" doc:"How long it is meant to live. Only upwards." enum:"short,mid,long"`
	Namespace  *string         `json:"namespace,omitempty" doc:"Where it moves to." maxlen:"512" example:"house/cellar"`
	Tags       *[]string       `json:"tags,omitempty" doc:"Words to find it by, in place of those there are." maxlen:"128" example:"[\"access\"]"`
	Priority   *int32          `json:"priority,omitempty" doc:"How much it matters." min:"1" max:"10" example:"5"`
	Confidence *float64        `json:"confidence,omitempty" doc:"How sure its author is." min:"0" max:"1" example:"1"`
	ExpiresAt  *string         `json:"expires_at,omitempty" doc:"When it goes to the archive by itself; null, \"null\" and \"\" clear it." type:"string,null" example:"2030-01-31T12:00:00Z"`
	Metadata   json.RawMessage `json:"metadata,omitempty" doc:"Replaces what is there; the owner stays." type:"object,null" example:"{\"project\":\"house\"}"`
	SourceURI  *string         `json:"source_uri,omitempty" doc:"Where the text is from: uri:…, doc:… or file:…." maxlen:"4096" example:"doc:plan"`
	Resolve    bool            `json:"resolve_conflicts,omitempty" doc:"This edit settles all conflicting versions."`
	Embedding  *Embedding      `json:"embedding,omitempty" doc:"A vector that the client has computed, to save the node work."`
	AgentID    string          `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`

	// IfVersion, if not 0, makes the edit fail with a conflict unless it is the
	// current version.
	IfVersion int64 `json:"-"`
}

// Outcome is what became of a write.
type Outcome struct {
	ID       string   `json:"id,omitempty"`
	Memory   *Memory  `json:"memory,omitempty"` // as it is now, where the answer has it
	Receipt  *Receipt `json:"receipt,omitempty"`
	Masked   []string `json:"masked,omitempty"`   // kinds of secrets that were found in it, and masked
	Replayed bool     `json:"replayed,omitempty"` // an equal request with the same idempotency key did it before
	Erased   bool     `json:"erased,omitempty"`   // and the memory has been erased since
	// PotentialContradictions are memories that are about the same and say something
	// else, if that was asked for.
	PotentialContradictions []string `json:"potential_contradictions,omitempty"`
	// Pending is set when the write waits for approval: nothing has changed yet.
	Pending *Waiting `json:"pending,omitempty"`
}
