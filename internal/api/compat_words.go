package api

import "github.com/tallystick/tallystick/internal/openapi"

// graphWords say what the fields of the routes about links and names mean.
func graphWords() map[string]openapi.Schema {
	const hops = "Follow chains of at most so many links: 1 to 7."
	return map[string]openapi.Schema{
		"subtree_count":                 say("Its memories, and those of all namespaces below it."),
		"children":                      say("The namespaces right below it."),
		"tree":                          say("The namespace that was asked for, or the root."),
		"total_count":                   say("All memories below the root of the tree, whatever the depth and the limit."),
		"max_depth":                     say(hops),
		"ReachRequest.max_depth":        between(1, 7, hops+" 1 if it is absent."),
		"PathsRequest.max_depth":        between(1, 7, hops+" 4 if it is absent."),
		"max_results":                   between(1, 50, "Find at most so many chains: 10 if it is absent."),
		"valid_at":                      {Description: "Follow only links that hold at this time; now if it is absent.", Format: "date-time"},
		"allowed_agents":                say("Follow only links that one of these agents observed: the agent that the link names, or else the owner of its source."),
		"ReachRequest.limit":            between(1, 1000, "At most so many memories: 100 if it is absent."),
		"target_namespace":              say("The namespace of the memory at the other end."),
		"depth":                         say("So many links away."),
		"path":                          say("The ids of the memories on the way, with `->` between them."),
		"Reach.paths":                   say("The way to each of memories."),
		"paths":                         say("Chains of links, the shortest first: the ids of the memories, both ends included."),
		"found":                         say("There is one."),
		"previous_valid_until":          say("Until when it held before; null: there was no end to it."),
		"link_id":                       say("Source and target with `→` between them, in place of source_id and target_id."),
		"verified":                      say("It is signed, and this node has checked the signature."),
		"Verification.signed":           say("How many of the links are signed."),
		"Verdict.signed":                say("The link is signed."),
		"threshold":                     between(0, 1, "The share of words in common from which two texts count as the same: 0.8 if it is absent."),
		"is_duplicate":                  say("The nearest memory has at least so much in common with the text."),
		"similarity":                    say("The share of words that both have, among those that either has."),
		"nearest":                       say("The memory with most words in common; null: none has any."),
		"suggested_merge":               say("The id of the nearest memory, if it is a duplicate."),
		"candidates_scanned":            say("How many memories were compared."),
		"Duplicate.method":              say("lexical: words are compared, not what they mean."),
		"synthesized":                   say("Nobody has linked them: they are about one topic, and say different things."),
		"canonical_name":                say("The name of the entity: the title of the memory that stands for it."),
		"aliases":                       say("Other names of the entity."),
		"InvalidateRequest.valid_until": {Description: "Until when the link holds; now if it is absent.", Format: "date-time"},
	}
}

// agentWords say what the fields of the routes for agents mean.
func agentWords() map[string]openapi.Schema {
	const (
		recipient = "The agent that it is for."
		sender    = "The agent that it is from."
	)
	return map[string]openapi.Schema{
		"agent_type":            say("What kind of agent it is, such as ai:planner or human."),
		"capabilities":          say("What it says it can do."),
		"registered_at":         say("When it was registered first."),
		"last_seen_at":          say("When it was registered last."),
		"agents":                say("Registered agents, by name."),
		"registered":            say("The agent is registered."),
		"target_agent_id":       say(recipient),
		"to":                    say(recipient),
		"NotifyRequest.to":      say("Another name of target_agent_id."),
		"from":                  say(sender),
		"subject":               say("Another name of title."),
		"body":                  say("The text of the message."),
		"payload":               say("The text of the message; or an object, which goes along beside it."),
		"received_at":           say("When it was sent: members get it soon after."),
		"read":                  say("A recall of this node has given it out."),
		"delivered":             say("It is in the inbox."),
		"delivered_at":          say("When it was put there."),
		"Session.unread":        say("How many messages wait in the inbox of the caller."),
		"Inbox.unread":          say("How many of all messages have not been read."),
		"unread_only":           say("Only those were asked for."),
		"messages":              say("The newest first."),
		"source_memory_id":      say("The memory that was copied, or is to be."),
		"shared_memory_id":      say("The copy."),
		"ShareRequest.to":       say("Another name of target_agent_id."),
		"from_agent_id":         say(sender),
		"host_session_id":       say("The conversation, as the host calls it."),
		"host_turn_index":       say("Which turn of the conversation it is, from 0."),
		"role":                  oneOfThese("Who spoke.", "user", "assistant", "tool_use", "tool_result", "system", "other"),
		"host_kind":             say("What program the host is."),
		"host_version":          say("Which version of it."),
		"tool_calls":            say("What tools were called."),
		"timestamp_iso":         {Description: "When it was said.", Format: "date-time"},
		"host_signature_b64":    say("Refused: this node has no keys of hosts."),
		"captured":              say("It was written now."),
		"duplicate":             say("It had been captured before, and nothing was written."),
		"SessionRequest.limit":  between(1, 1000, "At most so many memories: 10 if it is absent."),
		"session_id":            say("A name for the session. The server keeps no sessions."),
		"Session.mode":          say("session_start"),
		"family":                say("core, lifecycle, graph, governance, power, meta, archive or other; of memories: their metadata.family."),
		"k":                     between(1, 100, "At most so many memories: 20 if it is absent."),
		"intent":                say("What the caller is about to do, in words."),
		"chosen_family":         say("The family that most words of the intent are about."),
		"chosen_family_source":  say("keyword; or fallback, if no word is about any family."),
		"Smart.score":           say("The share of the words of the intent that are about the family."),
		"Tool.method":           say("The HTTP method."),
		"Tool.path":             say("The path, with its parameters in braces."),
		"description":           say("What it does."),
		"ApprovalEvent.pending": say("The proposal, as it stands now."),
		"decision":              oneOfThese("What is decided.", "approve", "deny"),
		"remember":              oneOfThese("once; the others are not implemented.", "once", "session", "forever"),
	}
}

// upkeepWords say what the fields of the routes for operators mean.
func upkeepWords() map[string]openapi.Schema {
	return map[string]openapi.Schema{
		"ImportRequest.memories": {
			Description: "At most 1,000 memories, as exports have them.", Type: openapi.Types{"array"},
			Items: &openapi.Schema{Type: openapi.Types{"object"}, Additional: &openapi.Schema{}},
		},
		"ImportRequest.links": {
			Description: "At most 10,000 links between them.", Type: openapi.Types{"array"},
			Items: &openapi.Schema{Type: openapi.Types{"object"}, Additional: &openapi.Schema{}},
		},
		"exported_at":          say("When it was written."),
		"imported":             say("How many memories were taken in."),
		"links_imported":       say("How many links were taken in."),
		"purged":               say("How many memories were deleted, or would be."),
		"expired_deleted":      say("0: what expires goes to the archive by itself, and stays there."),
		"history_dropped":      say("How many versions lost their text."),
		"enforced":             say("false: there are no quotas."),
		"quota":                say("All that the agent keeps."),
		"quotas":               say("What it keeps, by namespace."),
		"max_memories_per_day": say("null: there is no limit."),
		"max_storage_bytes":    say("null: there is no limit."),
		"max_links_per_day":    say("null: there is no limit."),
		"Allotment.memories":   say("How many memories it keeps there."),
	}
}
