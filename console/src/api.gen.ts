// Made of the OpenAPI document by `make console`. Do not edit.

export interface Absent {
  error?: string;
  member: string;
  owed: number;
  why: "unreachable" | "refused" | "behind";
}

export interface Account {
  at?: string;
  certificate?: Certificate;
  digest?: string;
  error?: string;
  incarnation?: string;
  lsn: number;
  members: Member[];
  node: string;
  parked: number;
  started_at?: string;
  time?: string;
  version?: string;
}

export interface Adopted {
  adopted: boolean;
  home: string;
  id: string;
  receipt: Receipt | null;
}

export interface Agent {
  agent_id: string;
  agent_type: string;
  capabilities: string[];
  last_seen_at: string;
  registered_at: string;
}

export interface AgentKeyInfo {
  agent: string;
  alive: boolean;
  created_at: string;
  expires_at?: string;
  id: string;
  namespaces: string[];
  revoked_at?: string;
  verbs: string[];
}

export interface AgentKeyMade {
  agent: string;
  alive: boolean;
  created_at: string;
  expires_at?: string;
  id: string;
  key: string;
  namespaces: string[];
  revoked_at?: string;
  verbs: string[];
}

export interface AgentKeys {
  count: number;
  keys: AgentKeyInfo[];
}

export interface Agents {
  agents: Agent[];
  count: number;
}

export interface Allotment {
  agent_id: string;
  max_links_per_day: number | null;
  max_memories_per_day: number | null;
  max_storage_bytes: number | null;
  memories: number;
  namespace: string;
}

export interface Approval {
  agent_id: string;
  approved_at: string;
}

export interface ApprovalEvent {
  pending: Pending;
  pending_id: string;
}

export interface Approved {
  approved: boolean;
  decided_by: string;
  detail?: string;
  executed: boolean;
  id: string;
  memory_id: string | null;
  reason?: string;
  receipt: Receipt | null;
  status: "pending" | "approved" | "rejected" | "failed";
}

export interface ArchiveInput {
  agent_id?: string;
  dry_run?: boolean;
  ids: string[];
  reason?: string;
}

export interface ArchiveList {
  archived: ArchivedMemory[];
  count: number;
  damaged?: string[];
  next?: string;
}

export interface ArchiveStats {
  archived_total: number;
  by_namespace: NamespaceCount[];
}

export interface Archived {
  archived: string[];
  count: number;
  dry_run?: boolean;
  missing: string[];
  pending?: string[];
  reason: string;
  receipt?: Receipt;
  receipts: Receipt[];
}

export interface ArchivedMemory {
  access_count: number;
  archive_reason: string;
  archived_at: string;
  citations: Citation[];
  confidence: number;
  confidence_decayed_at?: string;
  confidence_signals?: Confidence;
  confidence_source: "caller_provided" | "auto_derived" | "calibrated" | "decayed" | "curator_derived" | "default";
  conflicts: number;
  content: string;
  created_at: string;
  entity_id?: string;
  expires_at: string | null;
  id: string;
  last_accessed_at: string | null;
  memory_kind: "observation" | "reflection" | "persona" | "concept" | "entity" | "claim" | "relation" | "event" | "conversation" | "decision";
  metadata: Record<string, unknown>;
  namespace: string;
  persona_version?: number;
  priority: number;
  reflection_depth: number;
  signature: "valid" | "absent" | "invalid";
  signature_value?: string;
  signed_at?: string;
  signed_by?: string;
  signing_key?: string;
  source: "user" | "nhi" | "claude" | "hook" | "api" | "cli" | "import" | "consolidation" | "system" | "chaos" | "notify";
  source_span?: Span;
  source_uri?: string;
  tags: string[];
  tier: "short" | "mid" | "long";
  title: string;
  updated_at: string;
  version: number;
}

export interface Arm {
  found: number;
  name: string;
  state: "ran" | "partial" | "skipped";
  why?: string;
}

export interface AuditPage {
  count: number;
  head: string;
  looked_to?: string;
  next?: number;
  rows: AuditRow[];
}

export interface AuditRow {
  actor?: string;
  at: string;
  detail?: string;
  kind: string;
  seq: number;
  subject?: string;
  tag?: string;
  times?: number;
}

export interface AuditVerdict {
  faults: number;
  findings: string[];
  head: string;
  ok: boolean;
  rows: number;
}

export interface BackupFile {
  base: boolean;
  bytes: number;
  digest: string;
  entries: number;
  file: string;
  lsn: number;
  sha256: string;
  taken_at: string;
  verified: boolean;
}

export interface BackupJob {
  entries: number;
  of: number;
  since: string;
  what: "back_up" | "verify";
}

export interface BackupOutcome {
  added?: "base" | "increment" | "nothing";
  at: string;
  entries: number;
  error?: string;
  file?: string;
  files?: number;
  ok: boolean;
  took_ms: number;
  why?: string;
}

export interface Backups {
  bytes: number;
  count: number;
  dir: string;
  fault?: string;
  files: BackupFile[];
  running?: BackupJob;
  same_disk?: boolean;
  taken?: BackupOutcome;
  verified?: BackupOutcome;
}

export interface Branch {
  children: Branch[];
  count: number;
  name: string;
  namespace: string;
  subtree_count: number;
}

export interface Briefing {
  conflicts: number;
  items: BriefingItem[];
  left_out: string[];
  namespace: string;
  open_proposals: number;
  text: string;
  tokens: number;
  unread: number;
}

export interface BriefingItem {
  id: string;
  version: number;
  why: "standard" | "rule" | "pinned" | "handoff" | "conflict" | "important" | "trigger";
}

export interface Budget {
  budget_overflow: boolean;
  budget_tokens_remaining: number;
  budget_tokens_used: number;
  memories_dropped: number;
}

export interface Bulk {
  count: number;
  created: number;
  error_details: BulkItem[];
  errors: string[];
  ids: string[];
  pending?: string[];
  receipt: Receipt | null;
  receipts: Receipt[];
}

export interface BulkInput {
  memories: (Record<string, unknown>)[];
}

export interface BulkItem {
  code: ErrorCode;
  error: string;
  id?: string;
  index: number;
  receipt?: Receipt;
}

export interface Capabilities {
  families: Families;
  features: Features;
  implementation: string;
  kinds: string[];
  limits: Limits;
  models: Models;
  relations: string[];
  schema_version: string;
  storage_backend: string;
  summary: string;
  tier: string;
  to_describe_to_user: string;
  tools: string[];
  version: string;
}

export interface Certificate {
  key: string;
  until: string;
}

export interface Checkup {
  at: string;
  checks: Finding[];
  count: number;
  node: string;
  ok: boolean;
}

export interface Citation {
  accessed_at: string;
  hash?: string;
  span?: Span;
  uri: string;
}

export interface Collected {
  db_size_bytes: number;
  expired_deleted: number;
  history_dropped: number;
}

export interface Confidence {
  atom_derivation: boolean;
  baseline_per_source: number;
  freshness_factor: number;
  prior_corroboration_count: number;
  source_age_days: number;
}

export interface ConsolidateInput {
  agent_id?: string;
  dry_run?: boolean;
  ids: string[];
  namespace?: string;
  summary?: string;
  tier?: "short" | "mid" | "long";
  title: string;
}

export interface Consolidated {
  consolidated: number;
  content?: string;
  dry_run?: boolean;
  id: string;
  memory?: Memory;
  receipt: Receipt | null;
  summary?: string;
}

export interface Content {
  access_count?: number;
  archive_reason?: string;
  archived_at?: string;
  citations: Citation[];
  confidence: number;
  confidence_decayed_at?: string;
  confidence_signals?: Confidence;
  confidence_source: "caller_provided" | "auto_derived" | "calibrated" | "decayed" | "curator_derived" | "default";
  conflicts?: number;
  content: string;
  created_at: string;
  entity_id?: string;
  expires_at?: string;
  id: string;
  last_accessed_at?: string;
  memory_kind: "observation" | "reflection" | "persona" | "concept" | "entity" | "claim" | "relation" | "event" | "conversation" | "decision";
  metadata: Record<string, unknown>;
  namespace: string;
  persona_version?: number;
  priority: number;
  reflection_depth: number;
  signature: "valid" | "absent" | "invalid";
  signature_value?: string;
  signed_at?: string;
  signed_by?: string;
  signing_key?: string;
  source: "user" | "nhi" | "claude" | "hook" | "api" | "cli" | "import" | "consolidation" | "system" | "chaos" | "notify";
  source_span?: Span;
  source_uri?: string;
  tags: string[];
  tier: "short" | "mid" | "long";
  title: string;
  updated_at?: string;
  version: number;
}

export interface Contradiction {
  relation: string;
  source_id: string;
  synthesized: boolean;
  target_id: string;
}

export interface Contradictions {
  damaged?: string[];
  links: Contradiction[];
  memories: Memory[];
}

export interface Counts {
  archived: number;
  bytes: number;
  conflicts: number;
  deleted: number;
  erased: number;
  links: number;
  live: number;
  pending?: boolean;
}

export interface DeadLetter {
  correlation_id: string;
  event_type: string;
  first_failed_at: string;
  id: number;
  last_error: string;
  last_failed_at: string;
  payload: string;
  queued: boolean;
  retry_count: number;
  subscription_id: string;
}

export interface DeadLetterList {
  count: number;
  entries: DeadLetter[];
  limit: number;
  subscription_id: string | null;
}

export interface DeadLettersInput {
  limit?: number;
  subscription_id?: string;
}

export interface DecideInput {
  decision: "approve" | "deny";
  remember?: "once" | "session" | "forever";
}

export interface Deleted {
  deleted: boolean;
  dry_run?: boolean;
  erased?: boolean;
  id: string;
  receipt: Receipt | null;
}

export interface Delivered {
  access_count: number;
  body: string;
  created_at: string;
  delivered: boolean;
  delivered_at: string;
  from: string;
  id: string;
  memory_id?: string;
  namespace: string;
  payload: string | Record<string, unknown>;
  priority: number;
  read: boolean;
  receipt: Receipt | null;
  received_at: string;
  sent: boolean;
  subject: string;
  tier: "short" | "mid" | "long";
  title: string;
  to: string;
}

export interface Diff {
  count: number;
  differences: Difference[];
  equal: boolean;
  here: string;
  member: string;
  there: string;
  truncated?: boolean;
}

export interface Difference {
  family: string;
  here?: string;
  here_at?: string;
  key: string;
  there?: string;
  there_at?: string;
}

export interface Duplicate {
  candidates_scanned: number;
  is_duplicate: boolean;
  method: string;
  nearest: Nearest | null;
  suggested_merge: string | null;
  threshold: number;
}

export interface DuplicateGroup {
  memories: Nearest[];
  proposal: Merging;
  similarity: number;
}

export interface DuplicateGroups {
  count: number;
  groups: DuplicateGroup[];
  looked_at: number;
  threshold: number;
}

export interface DuplicateInput {
  content: string;
  namespace?: string;
  threshold?: number;
  title: string;
}

export interface Edge {
  depth?: number;
  observed_by: string | null;
  path?: string;
  relation: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  target_id: string;
  target_namespace: string;
  title: string;
  valid_from: string | null;
  valid_until: string | null;
}

export interface Embedding {
  model: string;
  vector: number[] | string;
}

export interface EntityInput {
  agent_id?: string;
  aliases?: string[];
  canonical_name: string;
  metadata?: Record<string, unknown>;
  namespace: string;
}

export type ErrorCode = "VALIDATION_FAILED" | "MALFORMED_JSON" | "AMBIGUOUS_ID" | "INVALID_RELATION" | "UNKNOWN_FIELD" | "NOT_SUPPORTED" | "UNAUTHORIZED" | "FORBIDDEN" | "AGENT_MISMATCH" | "OUT_OF_SCOPE" | "OPERATOR_ONLY" | "CROSS_ORIGIN" | "ATTESTATION_FAILED" | "NOT_FOUND" | "UNKNOWN_ROUTE" | "METHOD_NOT_ALLOWED" | "REQUEST_TIMEOUT" | "CONFLICT" | "STALE" | "CYCLE" | "ALREADY_DECIDED" | "NOT_HOME" | "IDEMPOTENCY_KEY_REUSED" | "PRECONDITION_FAILED" | "BODY_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "MISDIRECTED" | "BUSY" | "QUOTA_EXCEEDED" | "CANCELED" | "DAMAGED" | "INTERNAL" | "NOT_IMPLEMENTED" | "MEMBER_UNREACHABLE" | "QUORUM_NOT_MET" | "SHUTTING_DOWN" | "TIMEOUT" | "NOT_READY" | "DISK_FULL";

export interface Event {
  actor: string;
  at: string;
  digest: string;
  dot: string;
  kind: string;
  lsn: number;
  stamp: string;
  subjects: string[];
}

export interface Exported {
  count: number;
  damaged?: string[];
  exported_at: string;
  links: Link[];
  memories: Memory[];
}

export interface Families {
  always_on: string[];
  families: Family[];
  schema_version: string;
}

export interface Family {
  loaded: boolean;
  name: string;
  tool_count: number;
}

export interface FamilyInput {
  family: "core" | "lifecycle" | "graph" | "governance" | "power" | "meta" | "archive" | "other";
  k?: number;
  namespace?: string;
}

export interface FamilyLoad {
  count: number;
  family: string;
  k: number;
  memories: Memory[];
  namespace: string | null;
}

export interface Features {
  durability: ("local"|"quorum"|"all")[];
  erase: boolean;
  events: boolean;
  history: boolean;
  idempotency_keys: boolean;
  keyword_search: boolean;
  receipts: boolean;
  semantic_search: boolean;
}

export interface Finding {
  check: string;
  fix?: "repair" | "retry_parked" | "close_files" | "back_up" | "verify_backup";
  member?: string;
  next?: string;
  state: "ok" | "warn" | "fail";
  text: string;
}

export interface ForgetInput {
  agent_id?: string;
  dry_run?: boolean;
  namespace?: string;
  pattern?: string;
  tier?: "short" | "mid" | "long";
}

export interface Forgotten {
  archived: number;
  damaged?: string[];
  deleted: number;
  dry_run?: boolean;
  ids?: string[];
}

export interface Found {
  count: number;
  damaged?: string[];
  index_lag?: number;
  memories: Hit[];
  query?: string;
  results: Hit[];
  source_uri?: string;
}

export interface FoundEntity {
  aliases: string[];
  canonical_name: string | null;
  entity_id: string | null;
  found: boolean;
  namespace: string | null;
}

export interface Given {
  how: "recall" | "get" | "briefing";
  id: string;
  last_at: string;
  times: number;
}

export interface Gone {
  erased: boolean;
  id: string;
  receipt: Receipt | null;
}

export interface Got {
  access_count: number;
  archive_reason?: string;
  archived_at?: string;
  citations: Citation[];
  confidence: number;
  confidence_decayed_at?: string;
  confidence_signals?: Confidence;
  confidence_source: "caller_provided" | "auto_derived" | "calibrated" | "decayed" | "curator_derived" | "default";
  conflicts: number;
  content: string;
  created_at: string;
  damaged?: string[];
  entity_id?: string;
  expires_at?: string;
  id: string;
  last_accessed_at?: string;
  links: Link[];
  memory: Memory;
  memory_kind: "observation" | "reflection" | "persona" | "concept" | "entity" | "claim" | "relation" | "event" | "conversation" | "decision";
  metadata: Record<string, unknown>;
  namespace: string;
  persona_version?: number;
  priority: number;
  reflection_depth: number;
  signature: "valid" | "absent" | "invalid";
  signature_value?: string;
  signed_at?: string;
  signed_by?: string;
  signing_key?: string;
  source: "user" | "nhi" | "claude" | "hook" | "api" | "cli" | "import" | "consolidation" | "system" | "chaos" | "notify";
  source_span?: Span;
  source_uri?: string;
  tags: string[];
  tier: "short" | "mid" | "long";
  title: string;
  updated_at: string;
  version: number;
}

export interface HandedOver {
  expires_at: string;
  from: string;
  id: string;
  namespace: string;
  next_steps: string[];
  open_questions: string[];
  receipt: Receipt | null;
  title: string;
  to?: string;
}

export interface HandoffInput {
  agent_id?: string;
  namespace?: string;
  next_steps?: string[];
  open_questions?: string[];
  summary: string;
  title: string;
  to?: string;
  ttl_secs?: number;
}

export interface Head {
  chain?: string;
  gaps?: number[];
  seq: number;
}

export interface Health {
  embedder_ready: boolean;
  federation_enabled: boolean;
  implementation: string;
  service: string;
  status: "ok" | "error";
  version: string;
}

export interface History {
  conflicts: number;
  count: number;
  damaged?: string[];
  id: string;
  reason?: string;
  revisions: Revision[];
  state: "live" | "archived" | "deleted" | "erased";
  state_dot: string;
}

export interface Hit {
  access_count: number;
  archive_reason?: string;
  archived_at?: string;
  band?: "strong" | "likely" | "weak";
  citations: Citation[];
  confidence: number;
  confidence_decayed_at?: string;
  confidence_signals?: Confidence;
  confidence_source: "caller_provided" | "auto_derived" | "calibrated" | "decayed" | "curator_derived" | "default";
  conflicts: number;
  content: string;
  created_at: string;
  entity_id?: string;
  expires_at?: string;
  id: string;
  last_accessed_at?: string;
  memory_kind: "observation" | "reflection" | "persona" | "concept" | "entity" | "claim" | "relation" | "event" | "conversation" | "decision";
  metadata: Record<string, unknown>;
  namespace: string;
  parts?: Record<string, number>;
  persona_version?: number;
  priority: number;
  reflection_depth: number;
  score: number;
  signature: "valid" | "absent" | "invalid";
  signature_value?: string;
  signed_at?: string;
  signed_by?: string;
  signing_key?: string;
  source: "user" | "nhi" | "claude" | "hook" | "api" | "cli" | "import" | "consolidation" | "system" | "chaos" | "notify";
  source_span?: Span;
  source_uri?: string;
  superseded_by?: string[];
  tags: string[];
  tier: "short" | "mid" | "long";
  title: string;
  updated_at: string;
  version: number;
}

export interface ImportInput {
  count?: number;
  dry_run?: boolean;
  exported_at?: string;
  links?: (Record<string, unknown>)[];
  memories: (Record<string, unknown>)[];
}

export interface Imported {
  count: number;
  dry_run?: boolean;
  errors: string[];
  ids: string[];
  ignored?: string[];
  imported: number;
  links_imported: number;
  pending?: string[];
  receipt: Receipt | null;
}

export interface Inbox {
  agent_id: string;
  count: number;
  messages: Message[];
  namespace: string;
  unread: number;
  unread_only: boolean;
}

export interface IntentInput {
  intent: string;
  k?: number;
  namespace?: string;
}

export interface InvalidateInput {
  dry_run?: boolean;
  relation: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  source_id: string;
  target_id: string;
  valid_until?: string;
}

export interface Invalidated {
  dry_run?: boolean;
  found: boolean;
  previous_valid_until: string | null;
  receipt: Receipt | null;
  relation: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  source_id: string;
  target_id: string;
  valid_until: string;
}

export interface JoinToken {
  expires_at: string;
  id: string;
  token: string;
  url: string;
  words: string[];
}

export interface LegacyHolder {
  durability: "unknown";
  name: string;
  reason?: string;
  state: "answered" | "owed" | "refused" | "made_there" | "not_told";
}

export interface LegacyPeer {
  direction: "both" | "in" | "out";
  durability: "unknown";
  expires_at?: string;
  failed: number;
  id_drift: number;
  last_error?: string;
  last_push_at?: string;
  name: string;
  namespaces: string[];
  owed: number;
  state: "ok" | "owed" | "failing" | "expired" | "only_calls";
  taken: number;
  url?: string;
}

export interface Limits {
  body_bytes: number;
  bulk: number;
  content_bytes: number;
  list: number;
  metadata_bytes: number;
  recall: number;
  tags: number;
  title_characters: number;
}

export interface Link {
  attest_level?: "unsigned" | "self_signed" | "peer_attested" | "signed_by_peer" | "daemon_signed";
  created_at: string;
  observed_by?: string;
  relation: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  signature?: number[];
  source_id: string;
  target_id: string;
  valid_from?: string;
  valid_until?: string;
}

export interface LinkInput {
  from?: string;
  rel_type?: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  relation?: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  source_id?: string;
  target_id?: string;
  to?: string;
  valid_from?: string;
  valid_until?: string;
}

export interface LinkVerdict {
  attest_level: "unsigned" | "self_signed" | "peer_attested" | "signed_by_peer" | "daemon_signed";
  created_at: string;
  observed_by?: string;
  reason: string;
  relation: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  signature?: number[];
  signed: boolean;
  source_id: string;
  target_id: string;
  valid_from?: string;
  valid_until?: string;
  verified: boolean;
}

export interface Linked {
  attest_level: "unsigned" | "self_signed" | "peer_attested" | "signed_by_peer" | "daemon_signed";
  created_at: string;
  linked: boolean;
  receipt: Receipt | null;
  relation: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  source_id: string;
  target_id: string;
}

export interface Links {
  count: number;
  damaged?: string[];
  links: Link[];
}

export interface Loaded {
  adopted: boolean;
  applied: number;
  counts: Record<string, number>;
  deferred: number;
  digest: string;
  dry_run: boolean;
  entries: number;
  equal: boolean;
  from: string;
  known: number;
  manifest_digest: string;
  origin: string;
  refusals: Refusal[];
  refused: number;
}

export interface Measurement {
  at: string;
  list_p50_ms: number;
  list_p95_ms: number;
  lists: number;
  memories: number;
  recall_p50_ms: number;
  recall_p95_ms: number;
  recalls: number;
  sync_p50_ms: number;
  sync_p99_ms: number;
  syncs: number;
  took_ms: number;
  version: string;
  write_p50_ms: number;
  write_p95_ms: number;
  writes: number;
}

export interface Measurements {
  before?: Measurement;
  last?: Measurement;
}

export interface Member {
  acked: number;
  clock_skew_ms: number;
  last_ack_at?: string;
  last_error?: string;
  name: string;
  oldest_owed_at?: string;
  owed: number;
  parked: number;
  proven_equal_at?: string;
  state: "ok" | "catching_up" | "backoff" | "own_calls" | "stopped" | "unknown";
  url: string;
}

export interface MemberInfo {
  key: string;
  name: string;
  node: string;
  role: "voter" | "observer";
  self: boolean;
  since: number;
  url: string;
}

export interface Membership {
  authority: boolean;
  certificate_ends?: string;
  changing: boolean;
  domain?: string;
  epoch: number;
  identity: boolean;
  members: MemberInfo[];
  root?: string;
  words: string[];
}

export interface Memory {
  access_count: number;
  archive_reason?: string;
  archived_at?: string;
  citations: Citation[];
  confidence: number;
  confidence_decayed_at?: string;
  confidence_signals?: Confidence;
  confidence_source: "caller_provided" | "auto_derived" | "calibrated" | "decayed" | "curator_derived" | "default";
  conflicts: number;
  content: string;
  created_at: string;
  entity_id?: string;
  expires_at?: string;
  id: string;
  last_accessed_at?: string;
  memory_kind: "observation" | "reflection" | "persona" | "concept" | "entity" | "claim" | "relation" | "event" | "conversation" | "decision";
  metadata: Record<string, unknown>;
  namespace: string;
  persona_version?: number;
  priority: number;
  reflection_depth: number;
  signature: "valid" | "absent" | "invalid";
  signature_value?: string;
  signed_at?: string;
  signed_by?: string;
  signing_key?: string;
  source: "user" | "nhi" | "claude" | "hook" | "api" | "cli" | "import" | "consolidation" | "system" | "chaos" | "notify";
  source_span?: Span;
  source_uri?: string;
  tags: string[];
  tier: "short" | "mid" | "long";
  title: string;
  updated_at: string;
  version: number;
}

export interface Merging {
  ids: string[];
  namespace: string;
  summary: string;
  title: string;
}

export interface Message {
  access_count: number;
  body: string;
  created_at: string;
  from: string;
  id: string;
  memory_id?: string;
  namespace: string;
  payload: string | Record<string, unknown>;
  priority: number;
  read: boolean;
  received_at: string;
  subject: string;
  tier: "short" | "mid" | "long";
  title: string;
  to: string;
}

export interface Model {
  behind: number;
  bytes: number;
  name: string;
  problem?: string;
  state: "ready" | "embedding" | "failed";
  unread?: number;
  vectors: number;
}

export interface Models {
  embedder: string | null;
  llm: string | null;
}

export interface NamespaceCount {
  count: number;
  namespace: string;
}

export interface Namespaces {
  count: number;
  namespaces: NamespaceCount[];
}

export interface Nearest {
  id: string;
  namespace: string;
  similarity: number;
  title: string;
}

export interface Notice {
  agent_id: string;
  at: string;
  correlation_id: string;
  delivered_at?: string;
  details?: Record<string, unknown>;
  dot: string;
  event: string;
  kind: string;
  lsn: number;
  memory_id: string;
  namespace: string;
}

export interface NotifyInput {
  agent_id?: string;
  body?: string;
  content?: string;
  memory_id?: string;
  metadata?: Record<string, unknown>;
  payload?: string | Record<string, unknown>;
  priority?: number;
  subject?: string;
  target_agent_id?: string;
  tier?: "short" | "mid" | "long";
  title?: string;
  to?: string;
}

export interface OperatorInfo {
  key_file?: string;
  operator: boolean;
}

export interface OutboundInput {
  rules?: string[];
}

export interface OutboundRules {
  receipt?: Receipt;
  rules: string[];
}

export interface Page {
  count: number;
  damaged?: string[];
  memories: Memory[];
  next?: string;
}

export interface Parked {
  code: string;
  dot: string;
  member: string;
  retry?: string;
  since: string;
  text: string;
}

export interface ParkedList {
  count: number;
  parked: Parked[];
}

export interface Paths {
  count: number;
  damaged?: string[];
  paths: string[][];
  source_id: string;
  target_id: string;
  truncated: boolean;
}

export interface PathsInput {
  max_depth?: number;
  max_results?: number;
  source_id: string;
  target_id: string;
}

export interface Pending {
  action_type: string;
  approvals: Approval[];
  approver: string | Record<string, unknown>;
  decided_at?: string;
  decided_by?: string;
  detail?: string;
  home: string;
  id: string;
  memory_id: string | null;
  namespace: string;
  payload: Record<string, unknown>;
  rejections?: Approval[];
  requested_at: string;
  requested_by: string;
  status: "pending" | "approved" | "rejected" | "failed";
}

export interface PendingList {
  count: number;
  owner_scope: string;
  pending: Pending[];
}

export interface Probe {
  status: "ok" | "ready";
}

export interface Problem {
  allowed?: string[];
  caller?: string;
  code: ErrorCode;
  column?: number;
  detail: string;
  error: string;
  existing_id?: string;
  fields?: string[];
  got?: string;
  home?: string;
  line?: number;
  needs?: string;
  offset?: number;
  owner?: string;
  reason?: string;
  status: number;
  title: string;
  type: string;
}

export interface Promoted {
  access_count: number;
  archive_reason?: string;
  archived_at?: string;
  citations: Citation[];
  confidence: number;
  confidence_decayed_at?: string;
  confidence_signals?: Confidence;
  confidence_source: "caller_provided" | "auto_derived" | "calibrated" | "decayed" | "curator_derived" | "default";
  conflicts: number;
  content: string;
  created_at: string;
  entity_id?: string;
  expires_at?: string;
  id: string;
  last_accessed_at?: string;
  memory?: Memory;
  memory_kind: "observation" | "reflection" | "persona" | "concept" | "entity" | "claim" | "relation" | "event" | "conversation" | "decision";
  metadata: Record<string, unknown>;
  namespace: string;
  persona_version?: number;
  priority: number;
  promoted: boolean;
  receipt: Receipt | null;
  reflection_depth: number;
  signature: "valid" | "absent" | "invalid";
  signature_value?: string;
  signed_at?: string;
  signed_by?: string;
  signing_key?: string;
  source: "user" | "nhi" | "claude" | "hook" | "api" | "cli" | "import" | "consolidation" | "system" | "chaos" | "notify";
  source_span?: Span;
  source_uri?: string;
  tags: string[];
  tier: "short" | "mid" | "long";
  title: string;
  updated_at: string;
  version: number;
}

export interface Prospect {
  actor?: string;
  at?: string;
  code: string;
  dot: string;
  kind?: string;
  member: string;
  retry?: string;
  since: string;
  subjects?: string[];
  text: string;
  would: "taken" | "refused" | "forbidden" | "elsewhere";
}

export interface ProtectedResource {
  authorization_servers: string[];
  bearer_methods_supported: string[];
  resource: string;
  resource_name: string;
}

export interface Purged {
  damaged?: string[];
  dry_run: boolean;
  owner_scope: string;
  purged: number;
}

export interface QuorumMissed {
  archived?: string[];
  code: ErrorCode;
  error: "quorum_not_met";
  got: number;
  id?: string;
  message: string;
  missing?: string[];
  missing_members: Absent[];
  needed: number;
  reason: string;
  receipt: Receipt | null;
}

export interface Quota {
  agent_id: string;
  count: number;
  enforced: boolean;
  quota: Allotment;
  quotas: Allotment[];
}

export interface QuotaInput {
  agent_id?: string;
  namespace?: string;
}

export interface Reach {
  count: number;
  damaged?: string[];
  max_depth: number;
  memories: Edge[];
  paths: string[];
  source_id: string;
}

export interface ReachInput {
  allowed_agents?: string[];
  limit?: number;
  max_depth?: number;
  source_id: string;
  valid_at?: string;
}

export interface Reader {
  agent_id: string;
  how: "recall" | "get" | "briefing";
  last_at: string;
  times: number;
}

export interface Readers {
  by?: string;
  count: number;
  id?: string;
  read?: Given[];
  readers: Reader[];
  since?: string;
}

export interface RecallInput {
  agent_id?: string;
  as_agent?: string;
  as_of?: string;
  as_of_lsn?: number;
  budget_tokens?: number;
  confidence_tier?: string;
  context?: string;
  deadline_ms?: number;
  explain?: boolean;
  freshness?: string;
  has_citations?: boolean;
  include_archived?: boolean;
  k?: number | string | null;
  kinds?: string[] | string | null;
  limit?: number | string | null;
  min_priority?: number;
  namespace?: string;
  q?: string;
  query?: string;
  since?: string;
  source_uri?: string;
  source_uri_prefix?: string;
  subtree?: boolean;
  tags?: string[] | string | null;
  tier?: "short" | "mid" | "long";
  title?: string;
  until?: string;
  why_not?: string;
  with?: string[] | string | null;
}

export interface Recalled {
  abstained: boolean;
  arms?: Arm[];
  budget_tokens?: number;
  count: number;
  damaged?: string[];
  found: number;
  index_lag: number;
  late?: boolean;
  memories: Hit[];
  meta?: Budget;
  mode: string;
  not_kept?: string[];
  stale?: string;
  standing?: Briefing;
  tokens_used: number;
  unknown_words?: number;
  why_not?: WhyNot;
}

export interface Receipt {
  digest: string;
  dot: string;
  durability: "local" | "quorum" | "all";
  epoch: number;
  held_by: string[];
  legacy_peers?: LegacyHolder[];
  n: number;
  w: number;
}

export interface ReceiptNow {
  digest: string;
  dot: string;
  durability: "local" | "quorum" | "all";
  epoch: number;
  held_by: string[];
  legacy_peers?: LegacyHolder[];
  n: number;
  receipt: Receipt | null;
  signed?: Record<string, unknown>;
  w: number;
}

export interface Redelivered {
  dead_letters: boolean;
  dry_run?: boolean;
  events?: number;
  home?: string;
  letters?: number;
  queued: boolean;
  receipt: Receipt | null;
  since?: string;
  subscription_id: string;
}

export interface Refusal {
  code: string;
  dot: string;
  text: string;
}

export interface RegisterAgentInput {
  agent_id: string;
  agent_type: string;
  capabilities?: string[];
}

export interface Registered {
  agent_id: string;
  agent_type: string;
  capabilities: string[];
  id: string;
  last_seen_at: string;
  receipt: Receipt | null;
  registered: boolean;
  registered_at: string;
}

export interface RegisteredEntity {
  aliases: string[];
  canonical_name: string | null;
  created: boolean;
  entity_id: string | null;
  namespace: string | null;
  receipt?: Receipt;
}

export interface Rehearsal {
  cut?: string;
  ends_at?: string;
  equal: boolean;
  memory?: string;
  nodes: RehearsalNode[];
  notes: RehearsalNote[];
  offered: boolean;
  state: "none" | "running";
}

export interface RehearsalLink {
  name: string;
  owed: number;
  state: string;
}

export interface RehearsalNode {
  conflicts: number;
  digest: string;
  error?: string;
  live: number;
  members: RehearsalLink[];
  n: number;
  name: string;
  url: string;
  w: number;
  written: number;
}

export interface RehearsalNote {
  after_ms?: number;
  at: string;
  count?: number;
  node?: string;
  what: "begun" | "cut" | "healed" | "written" | "edited" | "apart" | "equal";
}

export interface Rejected {
  decided_by: string;
  id: string;
  receipt: Receipt | null;
  rejected: boolean;
  status: "pending" | "approved" | "rejected" | "failed";
}

export interface ReplayInput {
  after?: number;
  dead_letters?: boolean;
  dry_run?: boolean;
  id?: string;
  limit?: number;
  redeliver?: boolean;
  since?: string;
  subscription_id?: string;
}

export interface Replayed {
  count: number;
  events: ReplayedNotice[];
  next?: number;
  since?: string;
  subscription_id: string;
}

export interface ReplayedNotice {
  at: string;
  correlation_id: string;
  event: Notice;
  event_type: string;
  id: number;
  payload: string;
  subscription_id: string;
}

export interface Restored {
  id: string;
  memory?: Memory;
  receipt: Receipt | null;
  restored: boolean;
}

export interface Retried {
  dry_run?: boolean;
  ops?: Prospect[];
  retried: number;
}

export interface RetryInput {
  dots?: string[];
  dry_run?: boolean;
}

export interface Revision {
  actor: string;
  at: string;
  conflict: boolean;
  current: boolean;
  digest: string;
  dot: string;
  kind: string;
  memory?: Content;
  origin: string;
  previous: string[];
  replaced_by?: string;
}

export interface Scrubbing {
  after: number;
  damaged: number;
  digest_was_wrong?: boolean;
  done: boolean;
  entries: number;
  last: number;
}

export interface Session {
  agent_id: string;
  count: number;
  memories: Hit[];
  mode: string;
  session_id: string;
  unread: number;
}

export interface SessionInput {
  agent_id?: string;
  limit?: number;
  namespace?: string;
}

export interface SetStandardInput {
  agent_id?: string;
  governance?: Record<string, unknown>;
  id?: string;
  namespace?: string;
  parent?: string;
  standard?: StandardFields;
  standard_id?: string;
}

export interface Setting {
  key: string;
  origin: string;
  value: string[];
}

export interface Settings {
  count: number;
  settings: Setting[];
}

export interface ShareInput {
  memory_id?: string;
  source_memory_id?: string;
  target_agent_id?: string;
  to?: string;
}

export interface Shared {
  from_agent_id: string;
  receipt: Receipt | null;
  shared_memory_id: string;
  source_memory_id: string;
  target_agent_id: string;
  target_namespace: string;
}

export interface Shortfall {
  acks: number;
  durability: "local";
  missing_members: Absent[];
  needed: number;
  quorum_met: boolean;
  reason: string;
}

export interface Shown {
  agent_id: string;
  at: string;
  digest: string;
  items: BriefingItem[];
  left_out: number;
  namespace: string;
  tokens: number;
}

export interface ShownList {
  count: number;
  shown: Shown[];
}

export interface SmartLoad {
  chosen_family: string;
  chosen_family_source: string;
  count: number;
  family: string;
  intent: string;
  k: number;
  memories: Memory[];
  namespace: string | null;
  score: number;
}

export interface Span {
  end: number;
  start: number;
}

export interface Standard {
  content?: string;
  governance?: Record<string, unknown>;
  namespace: string;
  parent?: string;
  priority?: number;
  set_at?: string;
  standard_id: string | null;
  title?: string;
  warning?: string;
}

export interface StandardChain {
  chain: string[];
  count: number;
  namespace: string;
  standards: Standard[];
}

export interface StandardCleared {
  cleared: boolean;
  dry_run?: boolean;
  namespace: string;
  receipt?: Receipt;
}

export interface StandardFields {
  agent_id?: string;
  governance?: Record<string, unknown>;
  id?: string;
  namespace?: string;
  parent?: string;
  standard_id?: string;
}

export interface StandardSet {
  governance?: Record<string, unknown>;
  namespace: string;
  parent?: string;
  receipt: Receipt | null;
  set: boolean;
  standard_id: string;
}

export interface Stats {
  archived_total: number;
  by_namespace: NamespaceCount[];
  by_tier: TierCount[];
  db_size_bytes: number;
  deleted_total: number;
  dim_violations: number;
  erased_total: number;
  expiring_soon: number;
  index_evictions_total: number;
  links_count: number;
  total: number;
}

export interface Status {
  counts: Counts;
  damaged: number;
  digest: string;
  heads: Record<string, Head>;
  incarnation: string;
  index_lag: number;
  legacy_peers?: LegacyPeer[];
  lsn: number;
  members: Member[];
  models: Model[];
  n: number;
  node: string;
  parked: Parked[];
  started_at: string;
  time: string;
  version: string;
  w: number;
  warnings: string[];
}

export interface StatusAll {
  count: number;
  members: Account[];
  node: string;
  time: string;
}

export interface StoreInput {
  agent_id?: string;
  citations?: Citation[];
  confidence?: number;
  confidence_decayed_at?: string;
  confidence_signals?: Confidence;
  confidence_source?: "caller_provided" | "auto_derived" | "calibrated" | "decayed" | "curator_derived" | "default";
  content: string;
  created_at?: string;
  detect_conflicts?: boolean;
  embedding?: Embedding;
  entity_id?: string;
  expires_at?: string;
  force?: boolean;
  id?: string;
  kind?: "observation" | "reflection" | "persona" | "concept" | "entity" | "claim" | "relation" | "event" | "conversation" | "decision";
  memory_kind?: "observation" | "reflection" | "persona" | "concept" | "entity" | "claim" | "relation" | "event" | "conversation" | "decision";
  metadata?: Record<string, unknown>;
  namespace?: string;
  on_conflict?: "error" | "merge" | "version";
  persona_version?: number;
  priority?: number;
  reflection_depth?: number;
  scope?: string;
  signature?: string;
  source?: "user" | "nhi" | "claude" | "hook" | "api" | "cli" | "import" | "consolidation" | "system" | "chaos" | "notify";
  source_span?: Span;
  source_uri?: string;
  tags?: string[];
  tier?: "short" | "mid" | "long";
  title: string;
  ttl_secs?: number;
}

export interface SubscribeInput {
  agent_filter?: string;
  agent_id?: string;
  callback_url?: string;
  event_types?: string[];
  events?: string[] | string | null;
  namespace?: string;
  namespace_filter?: string;
  secret?: string;
  url?: string;
}

export interface Subscribed {
  agent_filter: string;
  agent_id: string;
  callback_url: string;
  created_at: string;
  created_by: string;
  delivered_through?: number;
  detail?: string;
  dispatch_count: number;
  event_types: string[];
  events: string[];
  failure_count: number;
  home: string;
  id: string;
  last_dispatched_at?: string;
  last_error?: string;
  namespace_filter: string;
  next_attempt_at?: string;
  receipt: Receipt | null;
  secret?: string;
  state: "active" | "retrying" | "unpushed" | "elsewhere" | "invalid";
  url: string;
  warning?: string;
}

export interface Subscription {
  agent_filter: string;
  agent_id: string;
  callback_url: string;
  created_at: string;
  created_by: string;
  delivered_through?: number;
  detail?: string;
  dispatch_count: number;
  event_types: string[];
  events: string[];
  failure_count: number;
  home: string;
  id: string;
  last_dispatched_at?: string;
  last_error?: string;
  namespace_filter: string;
  next_attempt_at?: string;
  state: "active" | "retrying" | "unpushed" | "elsewhere" | "invalid";
  url: string;
}

export interface Subscriptions {
  count: number;
  subscriptions: Subscription[];
}

export interface Taxonomy {
  total_count: number;
  tree: Branch | null;
  truncated: boolean;
}

export interface Team {
  members: string[];
  name: string;
}

export interface TeamChanged {
  members: string[];
  name: string;
  receipt: Receipt | null;
}

export interface TeamInput {
  add?: string[];
  remove?: string[];
}

export interface Teams {
  count: number;
  teams: Team[];
}

export interface TierCount {
  count: number;
  tier: "short" | "mid" | "long";
}

export interface Timeline {
  count: number;
  damaged?: string[];
  events: Edge[];
  source_id: string;
}

export interface Tool {
  description: string;
  family: string;
  method: string;
  name: string;
  path: string;
}

export interface Tools {
  count: number;
  tools: Tool[];
}

export interface Turn {
  captured: boolean;
  duplicate: boolean;
  host_session_id: string;
  host_turn_index: number;
  id: string;
  memory_id: string;
  receipt?: Receipt;
}

export interface TurnInput {
  agent_id?: string;
  content: string;
  host_kind?: string;
  host_session_id: string;
  host_signature_b64?: string;
  host_turn_index: number;
  host_version?: string;
  metadata?: Record<string, unknown>;
  namespace?: string;
  role: "user" | "assistant" | "tool_use" | "tool_result" | "system" | "other";
  timestamp_iso?: string;
  tool_calls?: (Record<string, unknown>)[];
}

export interface UnlinkInput {
  dry_run?: boolean;
  from?: string;
  rel_type?: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  relation?: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
  source_id?: string;
  target_id?: string;
  to?: string;
}

export interface Unlinked {
  deleted: boolean;
  dry_run?: boolean;
  receipt?: Receipt;
  removed: number;
}

export interface Unsubscribed {
  deleted: boolean;
  dry_run?: boolean;
  id: string;
  receipt: Receipt | null;
  removed: boolean;
}

export interface UpdateInput {
  agent_id?: string;
  confidence?: number;
  content?: string;
  embedding?: Embedding;
  expires_at?: string | null;
  metadata?: Record<string, unknown> | null;
  namespace?: string;
  priority?: number;
  resolve_conflicts?: boolean;
  source_uri?: string;
  tags?: string[];
  tier?: "short" | "mid" | "long";
  title?: string;
}

export interface Verification {
  attest_level: "unsigned" | "self_signed" | "peer_attested" | "signed_by_peer" | "daemon_signed";
  count: number;
  damaged?: string[];
  links: LinkVerdict[];
  reason: string;
  signed: number;
  verified: boolean;
}

export interface VerifyInput {
  link_id?: string;
  relation?: string;
  source_id?: string;
  target_id?: string;
}

export interface VersionConflict {
  code: ErrorCode;
  current_version: number;
  error: string;
  expected_version: number;
  id: string;
  status: "conflict";
}

export interface Voted {
  approved: boolean;
  detail?: string;
  executed: boolean;
  id: string;
  quorum: number;
  reason: string;
  receipt: Receipt | null;
  status: "pending" | "approved" | "rejected" | "failed";
  votes: number;
}

export interface Waiting {
  action: string;
  memory_id?: string;
  namespace: string;
  pending_id: string;
  reason: string;
  receipt: Receipt | null;
  status: "pending";
}

export interface WhyNot {
  conditions?: string[];
  id: string;
  last_score?: number;
  parts?: Record<string, number>;
  place?: number;
  reason: string;
  score?: number;
}

export interface Written {
  access_count: number;
  agent_id: string;
  archive_reason?: string;
  archived_at?: string;
  citations: Citation[];
  confidence: number;
  confidence_decayed_at?: string;
  confidence_signals?: Confidence;
  confidence_source: "caller_provided" | "auto_derived" | "calibrated" | "decayed" | "curator_derived" | "default";
  conflicts: number;
  content: string;
  created_at: string;
  entity_id?: string;
  expires_at?: string;
  id: string;
  last_accessed_at?: string;
  masked?: string[];
  memory_kind: "observation" | "reflection" | "persona" | "concept" | "entity" | "claim" | "relation" | "event" | "conversation" | "decision";
  metadata: Record<string, unknown>;
  namespace: string;
  persona_version?: number;
  potential_contradictions?: string[];
  priority: number;
  receipt: Receipt | null;
  reflection_depth: number;
  signature: "valid" | "absent" | "invalid";
  signature_value?: string;
  signed_at?: string;
  signed_by?: string;
  signing_key?: string;
  source: "user" | "nhi" | "claude" | "hook" | "api" | "cli" | "import" | "consolidation" | "system" | "chaos" | "notify";
  source_span?: Span;
  source_uri?: string;
  tags: string[];
  tier: "short" | "mid" | "long";
  title: string;
  updated_at: string;
  version: number;
}

export interface WrittenMinimal {
  agent_id: string;
  id: string;
  masked?: string[];
  namespace: string;
  potential_contradictions?: string[];
  receipt: Receipt | null;
  tier: "short" | "mid" | "long";
  title: string;
  version: number;
}

export interface Routes {
  "GET /.well-known/oauth-protected-resource": {
    query: {
    };
    body: never;
    out: ProtectedResource;
  };
  "GET /.well-known/oauth-protected-resource/mcp": {
    query: {
    };
    body: never;
    out: ProtectedResource;
  };
  "GET /api/v1/agents": {
    query: {
    };
    body: never;
    out: Agents;
  };
  "POST /api/v1/agents": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: RegisterAgentInput;
    out: Gone | Registered | Shortfall | Waiting;
  };
  "GET /api/v1/agents/keys": {
    query: {
    };
    body: never;
    out: AgentKeys;
  };
  "POST /api/v1/agents/keys": {
    query: {
      agent?: string;
      namespaces?: string[];
      verbs?: string[];
      ttl_secs?: number;
    };
    body: never;
    out: AgentKeyMade;
  };
  "DELETE /api/v1/agents/keys/{id}": {
    query: {
    };
    body: never;
    out: AgentKeys;
  };
  "POST /api/v1/agents/keys/{id}/rotate": {
    query: {
      overlap_secs?: number;
    };
    body: never;
    out: AgentKeyMade;
  };
  "GET /api/v1/approvals/stream": {
    query: {
      since?: string;
      after?: string;
    };
    body: never;
    out: string;
  };
  "POST /api/v1/approvals/{id}": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: DecideInput;
    out: Approved | Rejected | Shortfall | Voted;
  };
  "DELETE /api/v1/archive": {
    query: {
      older_than_days?: number;
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Purged | Shortfall;
  };
  "GET /api/v1/archive": {
    query: {
      namespace?: string;
      subtree?: boolean;
      tier?: "short" | "mid" | "long";
      tags?: string[];
      kinds?: string[];
      min_priority?: number;
      since?: string;
      until?: string;
      agent_id?: string;
      title?: string;
      source_uri?: string;
      limit?: number;
      offset?: number;
      cursor?: string;
      order?: "priority" | "id" | "edited";
      owner?: string;
      conflicts?: boolean;
      expiry?: "will" | "never";
      held_by?: string;
      missing_at?: string;
    };
    body: never;
    out: ArchiveList;
  };
  "POST /api/v1/archive": {
    query: {
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: ArchiveInput;
    out: Archived | Shortfall;
  };
  "GET /api/v1/archive/stats": {
    query: {
    };
    body: never;
    out: ArchiveStats;
  };
  "POST /api/v1/archive/{id}/restore": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Gone | Restored | Shortfall | Waiting;
  };
  "GET /api/v1/audit": {
    query: {
      kind?: string;
      text?: string;
      before?: number;
      limit?: number;
    };
    body: never;
    out: AuditPage;
  };
  "GET /api/v1/audit/log": {
    query: {
    };
    body: never;
    out: string;
  };
  "POST /api/v1/audit/verify": {
    query: {
    };
    body: never;
    out: AuditVerdict;
  };
  "POST /api/v1/auto_tag": {
    query: {
    };
    body: never;
    out: never;
  };
  "GET /api/v1/backups": {
    query: {
    };
    body: never;
    out: Backups;
  };
  "POST /api/v1/backups": {
    query: {
      base?: boolean;
    };
    body: never;
    out: Backups;
  };
  "POST /api/v1/backups/verify": {
    query: {
    };
    body: never;
    out: Backups;
  };
  "GET /api/v1/briefing": {
    query: {
      namespace?: string;
      budget_tokens?: number;
      paths?: string[];
      tools?: string[];
      text?: string;
    };
    body: never;
    out: Briefing;
  };
  "GET /api/v1/briefing/shown": {
    query: {
      of?: string;
      limit?: number;
    };
    body: never;
    out: ShownList;
  };
  "GET /api/v1/capabilities": {
    query: {
    };
    body: never;
    out: Capabilities;
  };
  "POST /api/v1/capture_turn": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: TurnInput;
    out: Gone | Shortfall | Turn | Waiting;
  };
  "POST /api/v1/check_duplicate": {
    query: {
    };
    body: DuplicateInput;
    out: Duplicate;
  };
  "GET /api/v1/checkup": {
    query: {
    };
    body: never;
    out: Checkup;
  };
  "POST /api/v1/cluster": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/consolidate": {
    query: {
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: ConsolidateInput;
    out: Consolidated | Gone | Shortfall | Waiting;
  };
  "GET /api/v1/contradictions": {
    query: {
      topic?: string;
      namespace?: string;
      limit?: number;
    };
    body: never;
    out: Contradictions;
  };
  "GET /api/v1/diff": {
    query: {
      member?: string;
    };
    body: never;
    out: Diff;
  };
  "GET /api/v1/duplicates": {
    query: {
      namespace?: string;
      subtree?: boolean;
      threshold?: number;
      limit?: number;
    };
    body: never;
    out: DuplicateGroups;
  };
  "POST /api/v1/entities": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: EntityInput;
    out: Gone | RegisteredEntity | Shortfall | Waiting;
  };
  "GET /api/v1/entities/by_alias": {
    query: {
      alias?: string;
      namespace?: string;
    };
    body: never;
    out: FoundEntity;
  };
  "GET /api/v1/events": {
    query: {
      since?: string;
      after?: string;
    };
    body: never;
    out: string;
  };
  "POST /api/v1/expand_query": {
    query: {
    };
    body: never;
    out: never;
  };
  "GET /api/v1/export": {
    query: {
      namespace?: string;
      subtree?: boolean;
      tier?: "short" | "mid" | "long";
      tags?: string[];
      kinds?: string[];
      min_priority?: number;
      since?: string;
      until?: string;
      agent_id?: string;
      title?: string;
      source_uri?: string;
      all?: boolean;
      format?: "json" | "ndjson" | "complete";
      after_lsn?: number;
    };
    body: never;
    out: Exported;
  };
  "POST /api/v1/find_paths": {
    query: {
    };
    body: PathsInput;
    out: Paths;
  };
  "POST /api/v1/forget": {
    query: {
      namespace?: string;
      pattern?: string;
      tier?: "short" | "mid" | "long";
      agent_id?: string;
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: ForgetInput;
    out: Forgotten | Shortfall;
  };
  "POST /api/v1/gc": {
    query: {
    };
    body: never;
    out: Collected;
  };
  "POST /api/v1/handoff": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: HandoffInput;
    out: Gone | HandedOver | Shortfall | Waiting;
  };
  "GET /api/v1/health": {
    query: {
    };
    body: never;
    out: Health;
  };
  "POST /api/v1/import": {
    query: {
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: ImportInput;
    out: Imported | Shortfall;
  };
  "POST /api/v1/import/complete": {
    query: {
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Loaded | Shortfall;
  };
  "GET /api/v1/inbox": {
    query: {
      agent_id?: string;
      unread_only?: boolean;
      limit?: number;
      unread?: boolean;
    };
    body: never;
    out: Inbox;
  };
  "POST /api/v1/kg/find_paths": {
    query: {
    };
    body: PathsInput;
    out: Paths;
  };
  "POST /api/v1/kg/invalidate": {
    query: {
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: InvalidateInput;
    out: Invalidated | Shortfall | Waiting;
  };
  "POST /api/v1/kg/query": {
    query: {
    };
    body: ReachInput;
    out: Reach;
  };
  "GET /api/v1/kg/timeline": {
    query: {
      source_id?: string;
      since?: string;
      until?: string;
      limit?: number;
    };
    body: never;
    out: Timeline;
  };
  "DELETE /api/v1/links": {
    query: {
      source_id?: string;
      target_id?: string;
      relation?: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
      dry_run?: boolean;
      from?: string;
      rel_type?: "related_to" | "supersedes" | "contradicts" | "derived_from" | "reflects_on" | "derives_from";
      to?: string;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: UnlinkInput;
    out: Shortfall | Unlinked | Waiting;
  };
  "POST /api/v1/links": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: LinkInput;
    out: Linked | Shortfall | Waiting;
  };
  "POST /api/v1/links/verify": {
    query: {
    };
    body: VerifyInput;
    out: Verification;
  };
  "GET /api/v1/links/{id}": {
    query: {
    };
    body: never;
    out: Links;
  };
  "GET /api/v1/measurement": {
    query: {
    };
    body: never;
    out: Measurements;
  };
  "POST /api/v1/measurement": {
    query: {
    };
    body: never;
    out: Measurements;
  };
  "GET /api/v1/members": {
    query: {
    };
    body: never;
    out: Membership;
  };
  "POST /api/v1/members/tokens": {
    query: {
      ttl_secs?: number;
      observer?: boolean;
    };
    body: never;
    out: JoinToken;
  };
  "DELETE /api/v1/members/tokens/{id}": {
    query: {
    };
    body: never;
    out: Membership;
  };
  "DELETE /api/v1/members/{node}": {
    query: {
      force?: boolean;
    };
    body: never;
    out: Membership;
  };
  "PUT /api/v1/members/{node}": {
    query: {
      role?: "voter" | "observer";
    };
    body: never;
    out: Membership;
  };
  "GET /api/v1/memories": {
    query: {
      namespace?: string;
      subtree?: boolean;
      tier?: "short" | "mid" | "long";
      tags?: string[];
      kinds?: string[];
      min_priority?: number;
      since?: string;
      until?: string;
      agent_id?: string;
      title?: string;
      source_uri?: string;
      limit?: number;
      offset?: number;
      cursor?: string;
      order?: "priority" | "id" | "edited";
      owner?: string;
      conflicts?: boolean;
      expiry?: "will" | "never";
      held_by?: string;
      missing_at?: string;
    };
    body: never;
    out: Page;
  };
  "POST /api/v1/memories": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: StoreInput;
    out: Gone | Shortfall | Waiting | Written | WrittenMinimal;
  };
  "POST /api/v1/memories/bulk": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: BulkInput | (Record<string, unknown>)[];
    out: Bulk | Shortfall;
  };
  "DELETE /api/v1/memories/{id}": {
    query: {
      erase?: boolean;
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Deleted | Shortfall | Waiting;
  };
  "GET /api/v1/memories/{id}": {
    query: {
    };
    body: never;
    out: Got;
  };
  "PATCH /api/v1/memories/{id}": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: UpdateInput;
    out: Gone | Shortfall | Waiting | Written | WrittenMinimal;
  };
  "PUT /api/v1/memories/{id}": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: UpdateInput;
    out: Gone | Shortfall | Waiting | Written | WrittenMinimal;
  };
  "POST /api/v1/memories/{id}/erase": {
    query: {
      dry_run?: boolean;
      damaged?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Deleted | Shortfall | Waiting;
  };
  "POST /api/v1/memories/{id}/grant": {
    query: {
    };
    body: never;
    out: never;
  };
  "GET /api/v1/memories/{id}/history": {
    query: {
    };
    body: never;
    out: History;
  };
  "POST /api/v1/memories/{id}/promote": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Gone | Promoted | Shortfall | Waiting;
  };
  "POST /api/v1/memories/{id}/revoke": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_atomise": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_calibrate_confidence": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_check_agent_action": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_dependents_of_invalidated": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_export_reflection": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_load_family": {
    query: {
    };
    body: FamilyInput;
    out: FamilyLoad;
  };
  "POST /api/v1/memory_recall_observations": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_reflect": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_reflection_origin": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_replay": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_rule_list": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/memory_smart_load": {
    query: {
    };
    body: IntentInput;
    out: SmartLoad;
  };
  "POST /api/v1/memory_subscription_dlq_list": {
    query: {
    };
    body: DeadLettersInput;
    out: DeadLetterList;
  };
  "POST /api/v1/memory_subscription_replay": {
    query: {
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: ReplayInput;
    out: Redelivered | Replayed | Shortfall | Waiting;
  };
  "POST /api/v1/memory_verify": {
    query: {
    };
    body: never;
    out: never;
  };
  "GET /api/v1/metrics": {
    query: {
    };
    body: never;
    out: string;
  };
  "DELETE /api/v1/namespaces": {
    query: {
      namespace?: string;
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Shortfall | StandardCleared | Waiting;
  };
  "GET /api/v1/namespaces": {
    query: {
      namespace?: string;
      inherit?: boolean;
    };
    body: never;
    out: Namespaces | Standard | StandardChain;
  };
  "POST /api/v1/namespaces": {
    query: {
      namespace?: string;
      id?: string;
      standard_id?: string;
      parent?: string;
      governance?: Record<string, unknown>;
      agent_id?: string;
      standard?: string;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: SetStandardInput;
    out: Shortfall | StandardSet | Waiting;
  };
  "DELETE /api/v1/namespaces/{namespace}/standard": {
    query: {
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Shortfall | StandardCleared | Waiting;
  };
  "GET /api/v1/namespaces/{namespace}/standard": {
    query: {
      inherit?: boolean;
    };
    body: never;
    out: Standard | StandardChain;
  };
  "POST /api/v1/namespaces/{namespace}/standard": {
    query: {
      id?: string;
      standard_id?: string;
      parent?: string;
      governance?: Record<string, unknown>;
      agent_id?: string;
      standard?: string;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: SetStandardInput;
    out: Shortfall | StandardSet | Waiting;
  };
  "POST /api/v1/notify": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: NotifyInput;
    out: Delivered | Gone | Shortfall | Waiting;
  };
  "GET /api/v1/operator": {
    query: {
    };
    body: never;
    out: OperatorInfo;
  };
  "GET /api/v1/outbound": {
    query: {
    };
    body: never;
    out: OutboundRules;
  };
  "POST /api/v1/outbound": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: OutboundInput;
    out: OutboundRules | Shortfall;
  };
  "GET /api/v1/parked": {
    query: {
    };
    body: never;
    out: ParkedList;
  };
  "POST /api/v1/parked/retry": {
    query: {
      dry_run?: boolean;
    };
    body: RetryInput;
    out: Retried;
  };
  "GET /api/v1/pending": {
    query: {
      status?: "all" | "pending" | "approved" | "rejected" | "failed";
      namespace?: string;
      limit?: number;
    };
    body: never;
    out: PendingList;
  };
  "GET /api/v1/pending/{id}": {
    query: {
    };
    body: never;
    out: Pending;
  };
  "POST /api/v1/pending/{id}/approve": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Approved | Shortfall | Voted;
  };
  "POST /api/v1/pending/{id}/reject": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Rejected | Shortfall;
  };
  "POST /api/v1/quota/status": {
    query: {
    };
    body: QuotaInput;
    out: Quota;
  };
  "GET /api/v1/readers": {
    query: {
      id?: string;
      by?: string;
      limit?: number;
    };
    body: never;
    out: Readers;
  };
  "GET /api/v1/recall": {
    query: {
      context?: string;
      namespace?: string;
      subtree?: boolean;
      tier?: "short" | "mid" | "long";
      tags?: string[];
      kinds?: string[];
      min_priority?: number;
      since?: string;
      until?: string;
      agent_id?: string;
      title?: string;
      source_uri?: string;
      limit?: number | string | null;
      budget_tokens?: number;
      deadline_ms?: number;
      as_of?: string;
      as_of_lsn?: number;
      freshness?: string;
      explain?: boolean;
      why_not?: string;
      with?: string[];
      as_agent?: string;
      source_uri_prefix?: string;
      has_citations?: boolean;
      include_archived?: boolean;
      confidence_tier?: string;
      k?: number | string | null;
      q?: string;
      query?: string;
    };
    body: never;
    out: Recalled;
  };
  "POST /api/v1/recall": {
    query: {
      context?: string;
      namespace?: string;
      subtree?: boolean;
      tier?: "short" | "mid" | "long";
      tags?: string[];
      kinds?: string[];
      min_priority?: number;
      since?: string;
      until?: string;
      agent_id?: string;
      title?: string;
      source_uri?: string;
      limit?: number | string | null;
      budget_tokens?: number;
      deadline_ms?: number;
      as_of?: string;
      as_of_lsn?: number;
      freshness?: string;
      explain?: boolean;
      why_not?: string;
      with?: string[];
      as_agent?: string;
      source_uri_prefix?: string;
      has_citations?: boolean;
      include_archived?: boolean;
      confidence_tier?: string;
      k?: number | string | null;
      q?: string;
      query?: string;
    };
    body: RecallInput;
    out: Recalled;
  };
  "GET /api/v1/receipts/{dot}": {
    query: {
      signed?: boolean;
    };
    body: never;
    out: ReceiptNow;
  };
  "DELETE /api/v1/rehearsal": {
    query: {
    };
    body: never;
    out: Rehearsal;
  };
  "GET /api/v1/rehearsal": {
    query: {
    };
    body: never;
    out: Rehearsal;
  };
  "POST /api/v1/rehearsal": {
    query: {
    };
    body: never;
    out: Rehearsal;
  };
  "POST /api/v1/rehearsal/cut": {
    query: {
      node?: string;
    };
    body: never;
    out: Rehearsal;
  };
  "POST /api/v1/rehearsal/edit": {
    query: {
    };
    body: never;
    out: Rehearsal;
  };
  "POST /api/v1/rehearsal/write": {
    query: {
      node?: string;
      count?: number;
    };
    body: never;
    out: Rehearsal;
  };
  "POST /api/v1/repair": {
    query: {
      member?: string;
    };
    body: never;
    out: Diff;
  };
  "POST /api/v1/scrub": {
    query: {
      after?: number;
    };
    body: never;
    out: Scrubbing;
  };
  "GET /api/v1/search": {
    query: {
      q?: string;
      namespace?: string;
      subtree?: boolean;
      tier?: "short" | "mid" | "long";
      tags?: string[];
      kinds?: string[];
      min_priority?: number;
      since?: string;
      until?: string;
      agent_id?: string;
      title?: string;
      source_uri?: string;
      limit?: number;
    };
    body: never;
    out: Found;
  };
  "POST /api/v1/session/start": {
    query: {
    };
    body: SessionInput;
    out: Session;
  };
  "GET /api/v1/settings": {
    query: {
    };
    body: never;
    out: Settings;
  };
  "POST /api/v1/share": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: ShareInput;
    out: Gone | Shared | Shortfall | Waiting;
  };
  "POST /api/v1/skill/compose": {
    query: {
    };
    body: never;
    out: never;
  };
  "GET /api/v1/skill/list": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/skill/promote": {
    query: {
    };
    body: never;
    out: never;
  };
  "POST /api/v1/skill/register": {
    query: {
    };
    body: never;
    out: never;
  };
  "GET /api/v1/skill/{id}": {
    query: {
    };
    body: never;
    out: never;
  };
  "GET /api/v1/skill/{id}/export": {
    query: {
    };
    body: never;
    out: never;
  };
  "GET /api/v1/skill/{id}/resource": {
    query: {
    };
    body: never;
    out: never;
  };
  "GET /api/v1/stats": {
    query: {
    };
    body: never;
    out: Stats;
  };
  "GET /api/v1/status": {
    query: {
    };
    body: never;
    out: Status;
  };
  "GET /api/v1/status/all": {
    query: {
    };
    body: never;
    out: StatusAll;
  };
  "DELETE /api/v1/subscriptions": {
    query: {
      id?: string;
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Shortfall | Unsubscribed | Waiting;
  };
  "GET /api/v1/subscriptions": {
    query: {
    };
    body: never;
    out: Subscriptions;
  };
  "POST /api/v1/subscriptions": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: SubscribeInput;
    out: Gone | Shortfall | Subscribed | Waiting;
  };
  "DELETE /api/v1/subscriptions/{id}": {
    query: {
      id?: string;
      dry_run?: boolean;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Shortfall | Unsubscribed | Waiting;
  };
  "POST /api/v1/subscriptions/{id}/adopt": {
    query: {
      id?: string;
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Adopted | Shortfall | Waiting;
  };
  "GET /api/v1/taxonomy": {
    query: {
      prefix?: string;
      depth?: number;
      limit?: number;
      namespace_prefix?: string;
      root?: string;
    };
    body: never;
    out: Taxonomy;
  };
  "GET /api/v1/teams": {
    query: {
    };
    body: never;
    out: Teams;
  };
  "DELETE /api/v1/teams/{name}": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: never;
    out: Shortfall | TeamChanged;
  };
  "POST /api/v1/teams/{name}": {
    query: {
      durability?: "local" | "quorum" | "all";
      when_short?: "fail" | "local";
    };
    body: TeamInput;
    out: Gone | Shortfall | TeamChanged;
  };
  "GET /api/v1/tools/list": {
    query: {
    };
    body: never;
    out: Tools;
  };
  "GET /debug/pprof/{profile}": {
    query: {
      seconds?: string;
    };
    body: never;
    out: string;
  };
  "GET /docs": {
    query: {
    };
    body: never;
    out: string;
  };
  "GET /health/live": {
    query: {
    };
    body: never;
    out: Probe;
  };
  "GET /health/ready": {
    query: {
    };
    body: never;
    out: Probe;
  };
  "POST /mcp": {
    query: {
    };
    body: never;
    out: Record<string, unknown>;
  };
  "GET /metrics": {
    query: {
    };
    body: never;
    out: string;
  };
  "GET /openapi.json": {
    query: {
    };
    body: never;
    out: Record<string, unknown>;
  };
}
