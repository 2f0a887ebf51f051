package api

import (
	"maps"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/openapi"
)

// words say what the fields of bodies mean, and which values they take, in
// documents. A word holds wherever a field has its name, unless there is a word
// for the field of that component. A field without one fails a test.
func words() map[string]openapi.Schema {
	all := map[string]openapi.Schema{}
	for _, list := range wordLists() {
		maps.Copy(all, list)
	}
	return all
}

func wordLists() []map[string]openapi.Schema {
	return []map[string]openapi.Schema{
		memoryWords(), requestWords(), resultWords(), ruleWords(), receiptWords(), nodeWords(), serverWords(), failureWords(),
		graphWords(), agentWords(), upkeepWords(), subscriptionWords(), deliveryWords(), dumpWords(),
	}
}

func say(text string) openapi.Schema { return openapi.Schema{Description: text} }

// atMost bounds the characters of a text. Where the limit is one of bytes, it is
// one of characters all the more.
func atMost(n int, text string) openapi.Schema {
	return openapi.Schema{Description: text, MaxLength: &n}
}

func between(least, most int, text string) openapi.Schema {
	return openapi.Schema{Description: text, Minimum: number(least), Maximum: number(most)}
}

func oneOfThese[T ~string](text string, values ...T) openapi.Schema {
	return openapi.Schema{Description: text, Enum: enum(values...)}
}

// listOf bounds an array of texts.
func listOf(items, length int, text string) openapi.Schema {
	return openapi.Schema{Description: text, MaxItems: &items, Items: &openapi.Schema{MaxLength: &length}}
}

func memoryWords() map[string]openapi.Schema {
	return map[string]openapi.Schema{
		"id":                        atMost(memory.MaxID, "The id of the memory."),
		"tier":                      say("How long it is meant to live: short 6 hours, mid 7 days, long for ever."),
		"namespace":                 atMost(memory.MaxNamespace, "A path of at most 8 segments, such as house/cellar."),
		"title":                     atMost(memory.MaxTitle, "What it is about; no two live memories of a namespace have the same."),
		"content":                   atMost(memory.MaxContent, "The text: at most 65,536 bytes."),
		"tags":                      listOf(memory.MaxTags, memory.MaxTag, "Words to find it by."),
		"priority":                  between(1, 10, "How much it matters."),
		"confidence":                between(0, 1, "How sure its author is."),
		"source":                    oneOfThese("Where it came from.", memory.Sources()...),
		"access_count":              say("How often recall has found it, on this node."),
		"created_at":                say("When it was made."),
		"updated_at":                say("When it was last edited."),
		"last_accessed_at":          say("When recall found it last, on this node."),
		"expires_at":                say("When it goes to the archive by itself; absent: never."),
		"metadata":                  say("Whatever else is to be kept: at most 65,536 bytes of JSON. `agent_id` is the owner, `scope` who may see it."),
		"reflection_depth":          between(0, 1<<31-1, "How many reflections it is away from what was observed."),
		"memory_kind":               oneOfThese("What sort of memory it is.", memory.MemoryKinds()...),
		"entity_id":                 say("The entity that a persona is of."),
		"persona_version":           say("The version of a persona."),
		"citations":                 {Description: "Evidence.", MaxItems: new(memory.MaxCitations)},
		"source_uri":                atMost(memory.MaxURI, "Where the text is from: uri:…, doc:… or file:…."),
		"source_span":               say("The part of the source that the text is from."),
		"confidence_source":         oneOfThese("Where the confidence comes from.", memory.ConfidenceSources()...),
		"confidence_signals":        say("What the confidence was computed from."),
		"confidence_decayed_at":     say("When the confidence was last lowered by age."),
		"version":                   say("1 at creation, and 1 more with each edit. If-Match names it."),
		"conflicts":                 say("How many concurrent edits lost against the one shown, and are settled by none. They are in the history."),
		"agent_id":                  say("The owner; anonymous if nobody is."),
		"score":                     say("How well it fits; higher is better."),
		"archived_at":               say("When it left the live memories."),
		"archive_reason":            say("Why: archive, forget, ttl_expired, or what the caller said."),
		"uri":                       atMost(memory.MaxURI, "uri:…, doc:… or file:…."),
		"accessed_at":               say("When the source was read."),
		"hash":                      {Description: "SHA-256 of what was read.", Pattern: "^[0-9a-fA-F]{64}$"},
		"span":                      say("The part of it."),
		"start":                     say("The first byte."),
		"end":                       say("The byte behind the last."),
		"source_age_days":           say("Age of the source."),
		"atom_derivation":           say("Whether it was taken out of another memory."),
		"prior_corroboration_count": say("How many others said so before."),
		"freshness_factor":          say("What age leaves of it."),
		"baseline_per_source":       say("What a memory of this source begins with."),
	}
}

// requestWords are about bodies of requests, where they say something else than
// elsewhere.
func requestWords() map[string]openapi.Schema {
	text := openapi.Types{"string"}
	list := &openapi.Schema{Type: openapi.Types{"array"}, Items: &openapi.Schema{Type: text}}
	textOrList := func(meaning string) openapi.Schema {
		return openapi.Schema{Description: meaning, AnyOf: []*openapi.Schema{{Type: text}, list, {Type: openapi.Types{"null"}}}}
	}
	const claim = "Who asks, for clients that cannot set headers: it must be the X-Agent-Id."
	return map[string]openapi.Schema{
		"CreateRequest.id":            atMost(memory.MaxID, "Letters, digits and _:@.-. Without it, it follows from namespace and title: two nodes that create the same make one memory."),
		"CreateRequest.agent_id":      say(claim),
		"CreateRequest.expires_at":    {Description: "Instead of the time of the tier.", Format: "date-time"},
		"CreateRequest.created_at":    say("For imports: when it was made. Never in the future."),
		"CreateRequest.kind":          oneOfThese("What sort of memory it is.", memory.MemoryKinds()...),
		"CreateRequest.confidence":    between(0, 1, "How sure the author is."),
		"UpdateRequest.agent_id":      say(claim),
		"UpdateRequest.expires_at":    {Description: "When it goes to the archive by itself; null, \"null\" and \"\" clear it.", Type: openapi.Types{"string", "null"}},
		"UpdateRequest.metadata":      {Description: "Replaces what is there; the owner stays.", Type: openapi.Types{"object", "null"}, Additional: &openapi.Schema{}},
		"UpdateRequest.tier":          say("Only upwards."),
		"ttl_secs":                    between(1, int(maxTTL/time.Second), "How many seconds it lives, instead of the time of the tier."),
		"scope":                       say("Goes into the metadata: private (only the owner and the recipient see it), collective (everybody), or team, unit, org: private as long as there are none."),
		"on_conflict":                 say("What to do if the title is taken: error is 409, merge edits what is there, version takes the title with a suffix."),
		"signature":                   say("Not supported: refused until nodes know agents' keys."),
		"embedding":                   say("A vector that the client has computed, to save the node work."),
		"model":                       say("What computed the vector."),
		"vector":                      {Description: "Numbers, or base64 of little-endian float32.", AnyOf: []*openapi.Schema{{Type: openapi.Types{"array"}, Items: &openapi.Schema{Type: openapi.Types{"number"}}}, {Type: text}}},
		"resolve_conflicts":           say("This edit settles all conflicting versions."),
		"ConsolidateRequest.agent_id": say(claim),
		"ConsolidateRequest.summary":  say("The text of the new memory; without it, a list of the titles."),
		"ConsolidateRequest.ids":      {Description: "What to replace.", MinItems: new(memory.MinSources), MaxItems: new(memory.MaxSources)},
		"ForgetRequest.agent_id":      say(claim),
		"pattern":                     say("Archive the memories in which these words occur."),
		"ArchiveRequest.agent_id":     say(claim),
		"ArchiveRequest.ids":          {Description: "What to archive.", MaxItems: new(maxArchive)},
		"ArchiveRequest.reason":       atMost(memory.MaxReason, "Why; archive if nothing is said."),
		"BulkRequest.memories":        {Description: "What to create.", MaxItems: new(maxBulk)},
		"RecallRequest.context":       say("What to find memories for; any of its words may occur. Required, under one of its three names."),
		"RecallRequest.query":         say("Another name of context."),
		"q":                           say("Another name of context."),
		"subtree":                     say("With namespace: and of all namespaces below."),
		"RecallRequest.limit":         {Description: "At most so many hits, and no more than 50.", AnyOf: []*openapi.Schema{{Type: openapi.Types{"integer"}, Minimum: number(1)}, {Type: text}, {Type: openapi.Types{"null"}}}},
		"RecallRequest.tags":          textOrList("Only memories that have all these tags."),
		"RecallRequest.kinds":         textOrList("Only memories of one of these kinds; all is any."),
		"RecallRequest.since":         say("Only memories created at this time or later."),
		"until":                       say("Only memories created at this time or earlier."),
		"min_priority":                between(1, 10, "Only memories of this priority and above."),
		"as_agent":                    say("Must be the caller."),
		"RecallRequest.agent_id":      say(claim),
		"RecallRequest.budget_tokens": between(0, 1<<30, "Keep the best hits that fit into so many tokens of 4 bytes. The first one always stays, unless this is 0."),
		"source_uri_prefix":           say("Only memories whose source_uri begins with this."),
		"has_citations":               say("Not supported: true is refused."),
		"include_archived":            say("Not supported: true is refused."),
		"confidence_tier":             say("Not supported: refused."),
		"LinkRequest.from":            say("Another name of source_id."),
		"LinkRequest.to":              say("Another name of target_id."),
		"rel_type":                    oneOfThese("Another name of relation.", memory.Relations()...),
		"dots":                        say("Which of them; none stands for all."),
		"StandardRequest.id":          say("The memory that states the rules. Without it the present one stays, or a placeholder is made."),
		"StandardFields.id":           say("The memory that states the rules. Without it the present one stays, or a placeholder is made."),
		"StandardRequest.standard_id": say("Another name of id."),
		"StandardFields.standard_id":  say("Another name of id."),
		"StandardRequest.agent_id":    say(claim),
		"StandardFields.agent_id":     say(claim),
		"standard":                    say("The same fields, one level down."),
	}
}

// resultWords are about the answers to reads and writes.
func resultWords() map[string]openapi.Schema {
	return map[string]openapi.Schema{
		"memory":                  say("The memory."),
		"memories":                say("The memories."),
		"results":                 say("The memories."),
		"links":                   say("Its links, both ways, as far as both ends are visible."),
		"count":                   say("How many there are in this answer."),
		"NamespaceCount.count":    say("How many memories are in it."),
		"TierCount.count":         say("How many memories are in it."),
		"BulkReply.count":         say("How many memories the request had."),
		"next":                    say("The cursor of the next page; absent on the last."),
		"deleted":                 say("Whether something was removed."),
		"Forgotten.deleted":       say("How many were archived."),
		"Forgotten.archived":      say("How many were archived."),
		"erased":                  say("It is gone on every member, versions included."),
		"promoted":                say("It is in the tier long now."),
		"restored":                say("It is live again."),
		"linked":                  say("The link is there now."),
		"removed":                 say("How many links were removed."),
		"archived":                say("What is in the archive now."),
		"missing":                 say("Ids that are not there, or not the caller's."),
		"Archive.count":           say("How many were archived."),
		"Archive.pending":         say("Ids of the proposals of those that wait for approval."),
		"Archive.reason":          say("Why."),
		"created":                 say("How many are held as widely as was asked for."),
		"ids":                     say("Of those that were created."),
		"errors":                  say("A word on each that was not created, as ai-memory says it."),
		"error_details":           say("The same, for programs."),
		"index":                   say("The place in the request, from 0."),
		"BulkReply.pending":       say("Ids of the proposals of those that wait for approval."),
		"state":                   oneOfThese("live, archived, deleted or erased.", "live", "archived", "deleted", "erased"),
		"History.reason":          say("Why it is archived."),
		"revisions":               say("All versions that are known, the newest first."),
		"previous":                say("The versions that this one has seen and replaced."),
		"current":                 say("This is the version shown elsewhere."),
		"conflict":                say("It lost, and no later edit has seen it."),
		"replaced_by":             say("Set: the text of this version is no longer kept, and this op replaced it."),
		"Revision.memory":         say("The content of this version."),
		"consolidated":            say("How many memories were replaced."),
		"summary":                 say("The text of the new memory."),
		"tokens_used":             say("4 bytes of content are a token."),
		"mode":                    say("How was searched: keyword."),
		"index_lag":               say("Entries that are stored and not yet in the text index."),
		"budget_tokens":           say("The budget that was asked for."),
		"meta":                    say("What became of the budget."),
		"budget_tokens_used":      say("What the memories below take of it."),
		"budget_tokens_remaining": say("What is left of it."),
		"memories_dropped":        say("How many hits did not fit."),
		"budget_overflow":         say("The first hit alone is more than the budget."),
		"query":                   say("What was searched for."),
		"source_id":               say("The memory that the link leaves."),
		"target_id":               say("The memory that it leads to."),
		"relation":                oneOfThese("What the first is to the second.", memory.Relations()...),
		"attest_level":            oneOfThese("How well its author is proven.", memory.AttestLevels()...),
		"observed_by":             say("Who noticed it."),
		"valid_from":              say("The time from which it holds."),
		"valid_until":             say("The time until which it holds."),
		"Link.signature":          say("The bytes of an Ed25519 signature."),
		"archived_total":          say("How many memories are archived."),
		"by_namespace":            say("How many by namespace."),
	}
}

// ruleWords are about standards and proposals.
func ruleWords() map[string]openapi.Schema {
	object := openapi.Types{"object"}
	free := &openapi.Schema{}
	return map[string]openapi.Schema{
		"pending_id":         say("The proposal; POST /api/v1/pending/{id}/approve is a vote for it."),
		"Waiting.status":     oneOfThese("Nothing has been changed yet.", statusPending),
		"reason":             say("Why."),
		"action":             say("What is proposed: store, delete, archive, restore, link …"),
		"memory_id":          say("The memory that it is about, if it exists."),
		"Approved.memory_id": say("The memory that was written, or null."),
		"pending":            say("The proposals, the newest first."),
		"owner_scope":        say("The agent in whose eyes this is."),
		"Pending.id":         say("Of the proposal."),
		"action_type":        say("What is proposed: store, delete, archive, restore, link …"),
		"Pending.payload":    {Description: "The memory that it would write, or its own fields.", Type: object, Additional: free},
		"requested_by":       say("Who proposed it."),
		"requested_at":       say("When it was proposed."),
		"status":             oneOfThese("How it stands.", statusPending, memory.OutcomeApproved, memory.OutcomeRejected, memory.OutcomeFailed),
		"detail":             say("Why it could not be carried out."),
		"decided_by":         say("Who decided it."),
		"decided_at":         say("When it was decided."),
		"approvals":          say("The votes for it."),
		"rejections":         say("The votes against it."),
		"Approval.agent_id":  say("Who voted."),
		"approved_at":        say("When."),
		"approver":           {Description: "Who may decide: \"human\" is anybody, {\"agent\"} one agent, {\"consensus\"} so many.", AnyOf: []*openapi.Schema{{Type: openapi.Types{"string"}}, {Type: object, Additional: free}}},
		"home":               say("The node that carries it out."),
		"approved":           say("Whether it is approved now."),
		"executed":           say("Whether it was carried out."),
		"votes":              say("How many are for it."),
		"quorum":             say("How many it needs."),
		"rejected":           say("It is rejected now."),
		"Approved.id":        say("Of the proposal."),
		"Voted.id":           say("Of the proposal."),
		"Rejected.id":        say("Of the proposal."),
		"namespaces":         say("The namespaces that have live memories."),
		"standard_id":        say("The memory that states the rules, or null."),
		"parent":             say("The namespace whose rules come next; without it, the nearest one above that has any."),
		"governance":         {Description: "The rules: write, promote, delete, approver, inherit, write_quorum.", Type: object, Additional: free},
		"Standard.title":     say("Of the memory."),
		"Standard.content":   say("Of the memory."),
		"set_at":             say("When it was set."),
		"warning":            say("Why the memory is not shown."),
		"chain":              say("The namespaces whose standards apply, the nearest first."),
		"standards":          say("Their standards."),
		"set":                say("The standard is set."),
		"cleared":            say("Whether there was one."),
	}
}

// receiptWords are about ops and who holds them.
func receiptWords() map[string]openapi.Schema {
	return map[string]openapi.Schema{
		"receipt":           say("Who holds the write on disk."),
		"BulkReply.receipt": {Description: "Of the last one that was created, or null.", AnyOf: []*openapi.Schema{openapi.RefTo("Receipt"), {Type: openapi.Types{"null"}}}},
		"receipts":          say("One for each of the ids."),
		"dot":               say("The identity of the op: node.incarnation.seq."),
		"digest":            say("SHA-256 of the op, in hex."),
		"Status.digest":     say("Of the whole replicated state: equal on two nodes exactly when their state is."),
		"durability":        say("How widely it is held: on this node, by a quorum, or by all."),
		"w":                 say("How many members are asked for."),
		"n":                 say("How many members there are."),
		"held_by":           say("The members that have it on disk."),
		"origin":            say("The node and incarnation that logged it."),
		"at":                say("When, by the clock of the node that logged it."),
		"actor":             say("The agent that asked for it."),
		"kind":              say("The kind of op: put, delete, archive …"),
		"lsn":               say("The local sequence number: grows by the order of applying on this node, with holes."),
		"stamp":             say("The reading of the hybrid clock, as a decimal number in text: it is beyond what JavaScript holds."),
		"subjects":          say("What it changes: \"content ID\", \"life ID\", \"link SOURCE TARGET RELATION\" …"),
	}
}

// nodeWords are about the node and its members.
func nodeWords() map[string]openapi.Schema {
	return map[string]openapi.Schema{
		"node":                say("The name of this node."),
		"incarnation":         say("Of its data directory: a restored one takes a new one."),
		"heads":               say("By origin, up to which number this node holds everything."),
		"seq":                 say("Everything up to here is held, but for the gaps."),
		"gaps":                say("Numbers that are not held."),
		"chain":               say("Digest of the entries up to there: which they are, not only how many."),
		"members":             say("The other members."),
		"name":                say("The name of the member."),
		"url":                 say("Where it is."),
		"MemberStatus.state":  oneOfThese("How this node gets on with it.", "ok", "catching_up", "backoff", "stopped", "unknown"),
		"acked":               say("Our ops that it holds, up to this number."),
		"owed":                say("Our ops that it has not acknowledged."),
		"MemberStatus.parked": say("Our ops that it has refused."),
		"last_ack_at":         say("When it last acknowledged something."),
		"proven_equal_at":     say("When its state was last proven equal to ours."),
		"last_error":          say("What went wrong last; absent while all is well."),
		"clock_skew_ms":       say("How far its clock is ahead of ours, in milliseconds."),
		"parked":              say("Ops that somebody has refused, with the reason."),
		"Parked.code":         say("Why, for programs."),
		"text":                say("Why."),
		"member":              say("The other member."),
		"Parked.member":       say("Who refused it; this node itself if it did."),
		"since":               say("Since when."),
		"retry":               say("When it is tried again by itself; absent: on request only."),
		"retried":             say("How many ops are offered again."),
		"counts":              say("What this node keeps."),
		"live":                say("Live memories."),
		"Counts.archived":     say("Archived memories."),
		"Counts.deleted":      say("Deleted memories."),
		"Counts.erased":       say("Erased memories."),
		"Counts.links":        say("Links."),
		"bytes":               say("The size of the database files."),
		"Status.version":      say("Of the program."),
		"started_at":          say("When the node was started."),
		"time":                say("What its clock says."),
		"Operator.operator":   say("Whether the caller has sent the operator's key."),
		"Operator.key_file":   say("Where the key lies; told to callers on the same machine only. Who may read the file is the operator."),
		"warnings":            say("What an operator should know."),
		"equal":               say("Whether the two hold the same."),
		"Diff.here":           say("The digest of this node."),
		"Diff.there":          say("The digest of the member."),
		"differences":         say("What differs, register by register."),
		"truncated":           say("There are more."),
		"key":                 say("Which register."),
		"Difference.family":   say("What sort of register."),
		"here":                say("The op whose version this node has."),
		"here_at":             say("When it was logged."),
		"there":               say("The op whose version the member has."),
		"there_at":            say("When it was logged."),
	}
}

// serverWords are about what the server is and can do.
func serverWords() map[string]openapi.Schema {
	return map[string]openapi.Schema{
		"total":                 say("Live memories."),
		"by_tier":               say("How many by tier."),
		"links_count":           say("How many links there are."),
		"db_size_bytes":         say("The size of the database files."),
		"dim_violations":        say("Always 0."),
		"index_evictions_total": say("Always 0."),
		"deleted_total":         say("How many memories are deleted, and can be restored."),
		"erased_total":          say("How many ids are used up by an erase."),
		"Health.status":         oneOfThese("ok or error.", "ok", "error"),
		"Health.version":        say("Of the program."),
		"service":               say("ai-memory: what its clients expect."),
		"implementation":        say("tallystick."),
		"embedder_ready":        say("Whether texts are embedded."),
		"federation_enabled":    say("Whether there are other members."),
		"Probe.status":          oneOfThese("ok, or ready.", "ok", "ready"),
		"schema_version":        say("Of this answer."),
		"Capabilities.version":  say("Of the program."),
		"Capabilities.tier":     say("keyword: queries are matched by words."),
		"Capabilities.summary":  say("What this is."),
		"storage_backend":       say("sqlite."),
		"tools":                 say("Tools for agents."),
		"families":              say("Families of tools."),
		"always_on":             say("Families that cannot be turned off."),
		"features":              say("What there is, and is not."),
		"keyword_search":        say("Queries by words."),
		"semantic_search":       say("Queries by meaning."),
		"Features.receipts":     say("Writes say who holds them."),
		"history":               say("Versions are kept."),
		"events":                say("Changes can be followed."),
		"erase":                 say("Memories can be removed for good."),
		"idempotency_keys":      say("Writes may be repeated."),
		"Features.durability":   say("How far a write may wait."),
		"limits":                say("How much of what."),
		"body_bytes":            say("Of a request."),
		"list":                  say("Memories on a page."),
		"recall":                say("Hits of a recall."),
		"bulk":                  say("Memories of a bulk create."),
		"title_characters":      say("Of a title."),
		"content_bytes":         say("Of a content."),
		"metadata_bytes":        say("Of metadata, as JSON."),
		"Limits.tags":           say("Of a memory."),
		"relations":             say("Of links."),
		"kinds":                 say("Of memories."),
	}
}

// failureWords are about answers that say no.
func failureWords() map[string]openapi.Schema {
	return map[string]openapi.Schema{
		"error":                  say("What is wrong, for people."),
		"code":                   {Description: "What is wrong, for programs.", Ref: openapi.RefTo("ErrorCode").Ref},
		"type":                   say("about:blank, as RFC 9457 has it."),
		"Problem.title":          say("The words of the status."),
		"Problem.status":         say("The status."),
		"Problem.detail":         say("What is wrong, for people; more than error where that is a fixed text."),
		"fields":                 say("The fields or parameters that are to blame."),
		"caller":                 say("Who asked."),
		"owner":                  say("Whose it is."),
		"existing_id":            say("The memory that has the title."),
		"offset":                 say("The byte where the body stops being JSON."),
		"line":                   say("The line, from 1."),
		"column":                 say("The column, from 0."),
		"Problem.got":            say("The relation that there is not."),
		"allowed":                say("Those that there are."),
		"QuorumMissed.error":     oneOfThese("quorum_not_met.", "quorum_not_met"),
		"QuorumMissed.reason":    say("unreachable: no member answered in time; timeout: some did."),
		"QuorumMissed.id":        say("What was written."),
		"got":                    say("How many members hold it, this node included."),
		"needed":                 say("How many were asked for."),
		"VersionConflict.status": oneOfThese("conflict.", "conflict"),
		"expected_version":       say("The one that If-Match names."),
		"current_version":        say("The one there is."),
	}
}
