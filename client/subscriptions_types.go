package client

// SubscribeInput asks for events.
type SubscribeInput struct {
	URL        string   `json:"url,omitempty" doc:"Where to post events: https, and not an address inside. Required, unless there is a namespace." example:"https://example.org/hook"`
	Events     Texts    `json:"events,omitempty" doc:"The events that are wanted: *, their names with commas, or a list of them." example:"[\"memory_store\"]"`
	EventTypes []string `json:"event_types,omitempty" doc:"The events that are wanted; all of them if the list is empty." example:"[\"memory_store\"]"`
	Secret     string   `json:"secret,omitempty" doc:"What deliveries are signed with, at most 1,024 bytes. Without one the node makes one up." example:"correct horse"`
	Namespace  string   `json:"namespace_filter,omitempty" doc:"Only events of this namespace, name/** also of all below; empty: of all." example:"house/**"`
	Agent      string   `json:"agent_filter,omitempty" doc:"Only events of what this agent does; empty: of all." example:"alice"`
	AgentID    string   `json:"agent_id,omitempty" claim:"true" doc:"Who asks, for clients that cannot set headers: it must be the X-Agent-Id." example:"alice"`
}

// Subscription is a subscription, under the names that different clients use. It
// never has the secret.
type Subscription struct {
	ID          string   `json:"id" doc:"Of the subscription." example:"0198c0de-0000-7000-8000-000000000001"`
	URL         string   `json:"url" doc:"Where events are posted." example:"https://example.org/hook"`
	CallbackURL string   `json:"callback_url" doc:"The same." example:"https://example.org/hook"`
	Events      []string `json:"events" doc:"The events that are wanted; * is all of them." example:"[\"*\"]"`
	EventTypes  []string `json:"event_types" doc:"The events that are wanted; none is all of them." example:"[]"`
	Namespace   string   `json:"namespace_filter" doc:"Only events of this namespace; empty: of all." example:"house/**"`
	Agent       string   `json:"agent_filter" doc:"Only events of what this agent does; empty: of all." example:"alice"`
	CreatedBy   string   `json:"created_by" doc:"Whose subscription it is." example:"alice"`
	AgentID     string   `json:"agent_id" doc:"The same." example:"alice"`
	CreatedAt   Time     `json:"created_at" doc:"When it was made."`
	Home        string   `json:"home" doc:"The node that delivers." example:"north"`
	State       string   `json:"state" doc:"How it stands, in the eyes of this node." enum:"active,retrying,unpushed,elsewhere,invalid"`
	Detail      string   `json:"detail,omitempty" doc:"More about that." example:"the url is not https"`
	Dispatched  int64    `json:"dispatch_count" doc:"How many events were delivered."`
	Failed      int64    `json:"failure_count" doc:"How many attempts failed."`
	LastAt      Time     `json:"last_dispatched_at,omitzero" doc:"When an event was delivered last."`
	LastError   string   `json:"last_error,omitempty" doc:"What went wrong last; absent while all is well." example:"status 500"`
	NextAttempt Time     `json:"next_attempt_at,omitzero" doc:"When the next attempt is due."`
	LSN         uint64   `json:"delivered_through,omitempty" doc:"The local sequence number of the home, up to which everything is delivered or given up."`
}

// Subscribed is a subscription that was made.
type Subscribed struct {
	Subscription

	Secret  string   `json:"secret,omitempty" doc:"What deliveries are signed with: shown once, if the node made it up." example:"correct horse"`
	Warning string   `json:"warning,omitempty" doc:"What to mind about it." example:"the url is not https"`
	Receipt *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// Subscriptions are the subscriptions of an agent.
type Subscriptions struct {
	Count         int            `json:"count" doc:"How many there are."`
	Subscriptions []Subscription `json:"subscriptions" doc:"The subscriptions of the caller."`
}

// SubscriptionInput names a subscription.
type SubscriptionInput struct {
	ID string `json:"id" need:"true" minlen:"1" doc:"The subscription." example:"0198c0de-0000-7000-8000-000000000001"`
}

// UnsubscribeInput ends a subscription.
type UnsubscribeInput struct {
	SubscriptionInput

	DryRun bool `json:"dry_run,omitempty" narrows:"true" doc:"Say whether there is one, and change nothing."`
}

// Unsubscribed answers the end of a subscription.
type Unsubscribed struct {
	Removed bool     `json:"removed" doc:"It is ended."`
	Deleted bool     `json:"deleted" doc:"It is ended."`
	DryRun  bool     `json:"dry_run,omitempty" doc:"Nothing was changed: this is what would be."`
	ID      string   `json:"id" doc:"Of the subscription." example:"0198c0de-0000-7000-8000-000000000001"`
	Receipt *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// Adopted answers the adoption of a subscription.
type Adopted struct {
	Adopted bool     `json:"adopted" doc:"It is delivered by this node from now on."`
	ID      string   `json:"id" doc:"Of the subscription." example:"0198c0de-0000-7000-8000-000000000001"`
	Home    string   `json:"home" doc:"The node that delivers from now on." example:"east"`
	Receipt *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// ReplayInput asks for past events: to be read, or to be delivered again.
type ReplayInput struct {
	Subscription string `json:"subscription_id" need:"true" minlen:"1" doc:"The subscription." example:"0198c0de-0000-7000-8000-000000000001"`
	Since        Time   `json:"since,omitzero" doc:"Events of this time and later."`
	After        uint64 `json:"after,omitempty" doc:"Go on behind this: the next of the part before."`
	Limit        int    `json:"limit,omitempty" min:"1" max:"1000" doc:"At most so many events." default:"100"`
	Redeliver    bool   `json:"redeliver,omitempty" doc:"Have them posted again, instead of answering with them."`
	DeadLetters  bool   `json:"dead_letters,omitempty" doc:"Have those posted again that could not be delivered."`
	DryRun       bool   `json:"dry_run,omitempty" narrows:"true" doc:"With redeliver or dead_letters: say what would be posted again, and have nothing posted."`
}

// Notice is an event as a subscriber is told of it.
type Notice struct {
	Event         string         `json:"event" doc:"The name of the event." example:"memory_store"`
	MemoryID      string         `json:"memory_id" doc:"The memory that it is about." example:"gate-code"`
	Namespace     string         `json:"namespace" doc:"Of that memory." example:"house"`
	Agent         string         `json:"agent_id" doc:"Who did it." example:"alice"`
	DeliveredAt   Time           `json:"delivered_at,omitzero" doc:"When it was posted."`
	CorrelationID string         `json:"correlation_id" doc:"The same each time this event is delivered for this subscription, so that a receiver can tell what it has had." example:"0198c0de-0000-8000-8000-000000000001"`
	Details       map[string]any `json:"details,omitempty" doc:"What else is to be said of it." type:"object"`
	LSN           uint64         `json:"lsn" doc:"The local sequence number: grows by the order of applying on this node, with holes."`
	Dot           string         `json:"dot" doc:"The identity of the op: node.incarnation.seq." example:"north.1.42"`
	Kind          string         `json:"kind" doc:"The kind of op: put, delete, archive …" example:"put"`
	At            Time           `json:"at" doc:"When, by the clock of the node that logged it."`
}

// ReplayedNotice is an event, and once more as the text of what is posted.
type ReplayedNotice struct {
	Subscription  string `json:"subscription_id" doc:"The subscription." example:"0198c0de-0000-7000-8000-000000000001"`
	CorrelationID string `json:"correlation_id" doc:"The same each time this event is delivered for this subscription." example:"0198c0de-0000-8000-8000-000000000001"`
	EventType     string `json:"event_type" doc:"The name of the event." example:"memory_store"`
	Payload       string `json:"payload" doc:"The text of what is posted." example:"{}"`
	Notice        Notice `json:"event" doc:"The event."`
	LSN           uint64 `json:"id" doc:"The local sequence number on this node."`
	At            Time   `json:"at" doc:"When, by the clock of the node that logged it."`
}

// Replayed are past events of a subscription.
type Replayed struct {
	Subscription string           `json:"subscription_id" doc:"The subscription." example:"0198c0de-0000-7000-8000-000000000001"`
	Since        Time             `json:"since,omitzero" doc:"The time that was asked for."`
	Count        int              `json:"count" doc:"How many there are here."`
	Events       []ReplayedNotice `json:"events" doc:"The events, the oldest first."`
	Next         uint64           `json:"next,omitempty" doc:"What after the next part begins with; absent: there is none."`
}

// Redelivered answers a request to deliver events again.
type Redelivered struct {
	Subscription string   `json:"subscription_id" doc:"The subscription." example:"0198c0de-0000-7000-8000-000000000001"`
	Queued       bool     `json:"queued" doc:"It will be done by the home of the subscription."`
	Since        Time     `json:"since,omitzero" doc:"Events of this time and later."`
	DeadLetters  bool     `json:"dead_letters" doc:"Those that could not be delivered."`
	Events       *int     `json:"events,omitempty" doc:"With dry_run and since: how many events of that time and later would be posted again, of 1,000 at most."`
	Letters      *int     `json:"letters,omitempty" doc:"With dry_run and dead_letters: how many that could not be delivered would be posted again, of 1,000 at most; absent: the home knows."`
	Home         string   `json:"home,omitempty" doc:"With dry_run: the node that would post them." example:"north"`
	DryRun       bool     `json:"dry_run,omitempty" doc:"Nothing was written: it was asked what would be posted."`
	Receipt      *Receipt `json:"receipt" doc:"Who holds the write on disk."`
}

// DeadLettersInput asks for what could not be delivered.
type DeadLettersInput struct {
	Subscription string `json:"subscription_id,omitempty" doc:"The subscription; all of the caller's if it is absent." example:"0198c0de-0000-7000-8000-000000000001"`
	Limit        int    `json:"limit,omitempty" min:"1" max:"1000" doc:"At most so many." default:"100"`
}

// DeadLetter is an event that could not be delivered.
type DeadLetter struct {
	Number        int64  `json:"id" doc:"A number on this node."`
	Subscription  string `json:"subscription_id" doc:"The subscription." example:"0198c0de-0000-7000-8000-000000000001"`
	CorrelationID string `json:"correlation_id" doc:"The same each time this event is delivered for this subscription." example:"0198c0de-0000-8000-8000-000000000001"`
	Event         string `json:"event_type" doc:"The name of the event." example:"memory_store"`
	Payload       string `json:"payload" doc:"The text of what is posted." example:"{}"`
	Attempts      int    `json:"retry_count" doc:"How many attempts failed."`
	LastError     string `json:"last_error" doc:"Why the last one failed." example:"status 500"`
	FirstAt       Time   `json:"first_failed_at" doc:"When the first one failed."`
	LastAt        Time   `json:"last_failed_at" doc:"When the last one failed."`
	Queued        bool   `json:"queued" doc:"It is to be delivered again."`
}

// DeadLetterList are events that could not be delivered.
type DeadLetterList struct {
	Count        int          `json:"count" doc:"How many there are here."`
	Subscription *string      `json:"subscription_id" doc:"The subscription that was asked for; null: all of the caller's." example:"0198c0de-0000-7000-8000-000000000001"`
	Limit        int          `json:"limit" doc:"How many were asked for."`
	Entries      []DeadLetter `json:"entries" doc:"The events that could not be delivered."`
}
