package api

import (
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/openapi"
)

// subscriptionWords are about subscriptions and what is owed to them.
func subscriptionWords() map[string]openapi.Schema {
	text := openapi.Types{"string"}
	list := &openapi.Schema{Type: openapi.Types{"array"}, Items: &openapi.Schema{Type: text}}
	return map[string]openapi.Schema{
		"Subscribed.id":              say("Of the subscription."),
		"Subscription.id":            say("Of the subscription."),
		"SubscribeRequest.url":       say("Where to post events: https, and not an address inside. Required, unless there is a namespace."),
		"callback_url":               say("Another name of url."),
		"SubscribeRequest.events":    {Description: "The events that are wanted: \"*\", their names with commas, or a list of them.", AnyOf: []*openapi.Schema{{Type: text}, list}},
		"event_types":                say("The events that are wanted; all of them if the list is empty."),
		"Subscription.events":        say("The events that are wanted; \"*\" is all of them."),
		"Subscribed.events":          say("The events that are wanted; \"*\" is all of them."),
		"SubscribeRequest.secret":    say("What deliveries are signed with, 8 to 1,024 bytes. Without one the node makes one up."),
		"Subscribed.secret":          say("What deliveries are signed with: shown once, if the node made it up."),
		"Subscribed.warning":         say("What to mind about it."),
		"SubscribeRequest.namespace": say("Another name of namespace_filter."),
		"namespace_filter":           say("Only events of this namespace; empty: of all."),
		"agent_filter":               say("Only events of what this agent does; empty: of all."),
		"SubscribeRequest.agent_id":  say("Who asks, for clients that cannot set headers: it must be the X-Agent-Id."),
		"created_by":                 say("Whose subscription it is."),
		"Subscription.home":          say("The node that delivers."),
		"Subscribed.home":            say("The node that delivers."),
		"Adopted.home":               say("The node that delivers from now on."),
		"Subscription.state":         oneOfThese("How it stands, in the eyes of this node.", stateActive, stateRetrying, stateUnpushed, stateElsewhere, stateInvalid),
		"Subscribed.state":           oneOfThese("How it stands, in the eyes of this node.", stateActive, stateRetrying, stateUnpushed, stateElsewhere, stateInvalid),
		"Subscription.detail":        say("More about that."),
		"Subscribed.detail":          say("More about that."),
		"dispatch_count":             say("How many events were delivered."),
		"failure_count":              say("How many attempts failed."),
		"last_dispatched_at":         say("When an event was delivered last."),
		"next_attempt_at":            say("When the next attempt is due."),
		"delivered_through":          say("The local sequence number of the home, up to which everything is delivered or given up."),
		"subscriptions":              say("The subscriptions of the caller."),
		"Unsubscribed.removed":       say("It is ended."),
		"Unsubscribed.deleted":       say("It is ended."),
		"Unsubscribed.id":            say("Of the subscription."),
		"Adopted.adopted":            say("It is delivered by this node from now on."),
		"Adopted.id":                 say("Of the subscription."),
	}
}

// deliveryWords are about what subscriptions bring, and what they could not.
func deliveryWords() map[string]openapi.Schema {
	const posted = "The text of what is posted."
	return map[string]openapi.Schema{
		"subscription_id":               say("The subscription."),
		"ReplayRequest.id":              say("Another name of subscription_id."),
		"ReplayRequest.subscription_id": say("The subscription."),
		"ReplayRequest.since":           say("Events of this time and later."),
		"ReplayRequest.after":           say("Go on behind this: the `next` of the part before."),
		"ReplayRequest.limit":           between(1, maxList, "At most so many events: 100 if it is absent."),
		"redeliver":                     say("Have them posted again, instead of answering with them."),
		"ReplayRequest.dead_letters":    say("Have those posted again that could not be delivered."),
		"Replayed.events":               say("The events, the oldest first."),
		"Replayed.since":                say("The time that was asked for."),
		"Replayed.next":                 say("What `after` the next part begins with; absent: there is none."),
		"correlation_id":                say("The same each time this event is delivered for this subscription, so that a receiver can tell what it has had."),
		"event_type":                    say("The name of the event."),
		"ReplayedNotice.payload":        say(posted),
		"DeadLetter.payload":            say(posted),
		"ReplayedNotice.event":          say("The event."),
		"ReplayedNotice.id":             say("The local sequence number on this node."),
		"Notice.event":                  oneOfThese("The name of the event.", memory.Events()...),
		"Notice.agent_id":               say("Who did it."),
		"Notice.memory_id":              say("The memory that it is about."),
		"Notice.namespace":              say("Of that memory."),
		"Notice.delivered_at":           say("When it was posted."),
		"details":                       {Description: "What else is to be said of it.", Type: openapi.Types{"object"}, Additional: &openapi.Schema{}},
		"Redelivered.queued":            say("It will be done by the home of the subscription."),
		"Redelivered.since":             say("Events of this time and later."),
		"Redelivered.dead_letters":      say("Those that could not be delivered."),
		"DeadLettersRequest.limit":      between(1, maxList, "At most so many: 100 if it is absent."),
		"DeadLetters.limit":             say("How many were asked for."),
		"DeadLetters.entries":           say("The events that could not be delivered."),
		"DeadLetters.subscription_id":   say("The subscription that was asked for; null: all of the caller's."),
		"DeadLetter.id":                 say("A number on this node."),
		"retry_count":                   say("How many attempts failed."),
		"first_failed_at":               say("When the first one failed."),
		"last_failed_at":                say("When the last one failed."),
		"DeadLetter.queued":             say("It is to be delivered again."),
		"DeadLetter.last_error":         say("Why the last one failed."),
	}
}

// dumpWords are about complete exports, and about upkeep.
func dumpWords() map[string]openapi.Schema {
	return map[string]openapi.Schema{
		"dry_run":                       say("Nothing was changed: this is what would be."),
		"entries":                       say("How many entries of the log were read."),
		"applied":                       say("How many of them were new here."),
		"known":                         say("How many were held already."),
		"deferred":                      say("How many wait for what replaced them."),
		"refused":                       say("How many were not taken."),
		"refusals":                      say("Why, of the first of them."),
		"Loaded.counts":                 say("How many entries there were, by kind of op."),
		"Loaded.from":                   say("The node that was exported."),
		"Loaded.origin":                 say("What this node logs under now."),
		"Loaded.adopted":                say("This node vouches for everything that the export covers."),
		"manifest_digest":               say("The digest of the state that was exported."),
		"Loaded.digest":                 say("The digest of this node's state now."),
		"Loaded.equal":                  say("Whether the two are the same."),
		"Refusal.code":                  say("Why, for programs."),
		"expiring_soon":                 say("How many live memories expire within an hour."),
		"models":                        say("What works behind it."),
		"llm":                           say("The language model: none."),
		"embedder":                      say("What embeds texts."),
		"to_describe_to_user":           say("What to tell a user about it."),
		"loaded":                        say("It can be used."),
		"tool_count":                    say("How many tools it has."),
		"LinkRequest.source_id":         say("The memory that the link leaves. Required, under one of its names."),
		"LinkRequest.target_id":         say("The memory that it leads to. Required, under one of its names."),
		"VerifyRequest.source_id":       say("The memory that the links leave. Required, unless there is a link_id."),
		"ShareRequest.source_memory_id": say("The memory to give a copy of. Required, under one of its names."),
		"ShareRequest.target_agent_id":  say("The agent to give it to. Required, under one of its names."),
		"NotifyRequest.target_agent_id": say("The agent that it is for. Required, under one of its names."),
		"NotifyRequest.title":           say("What it is about. Required, under one of its names."),
		"NotifyRequest.payload":         {Description: "The text, or an object beside it. Required, under one of its names: payload, content or body.", Type: openapi.Types{"string", "object"}},
		"StandardRequest.namespace":     atMost(memory.MaxNamespace, "The namespace that the standard is for. Required, unless the path or the query names it."),
	}
}
