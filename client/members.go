package client

// Membership is who belongs to the federation, as this node knows it.
type Membership struct {
	Identity  bool         `json:"identity" doc:"Whether this node has an identity; without one its members are named in its settings."`
	Domain    string       `json:"domain,omitempty" doc:"What the federation is called." example:"acme"`
	Epoch     uint64       `json:"epoch" doc:"The number of the list of members; each change takes the next one."`
	Changing  bool         `json:"changing" doc:"A change of the members is under way; no other can begin."`
	Authority bool         `json:"authority" doc:"This node holds the root's key: it can let nodes in, and take members out."`
	Root      string       `json:"root,omitempty" doc:"The public key of the root, in hex." example:""`
	Words     []string     `json:"words" doc:"The fingerprint of the root as words, for people to compare." example:"[\"acorn\",\"amber\"]"`
	CertEnds  Time         `json:"certificate_ends,omitzero" doc:"When this node's own certificate ends; it is renewed at half of its life."`
	Members   []MemberInfo `json:"members" doc:"The members, this node among them, by name."`
}

// MemberInfo is a member of a federation with identities.
type MemberInfo struct {
	Node  string `json:"node" doc:"The name of the node." example:"north"`
	Name  string `json:"name" doc:"Its name in certificates." example:"region/eu/north"`
	URL   string `json:"url" doc:"Where members call it; empty if they cannot, and it calls them." example:"https://north.example:9078"`
	Role  string `json:"role" doc:"A voter counts for quorums; an observer gets everything, and does not count." enum:"voter,observer"`
	Key   string `json:"key" doc:"The id of its key." example:"9f2c1d"`
	Since uint64 `json:"since" doc:"The epoch from which on it is a member."`
	Self  bool   `json:"self" doc:"It is this node."`
}

// InviteInput says what a join token is to be for.
type InviteInput struct {
	TTL      int  `json:"ttl_secs,omitempty" min:"60" max:"2592000" doc:"Seconds until it ends." default:"3600"`
	Observer bool `json:"observer,omitempty" doc:"Who joins with it gets everything, and does not count."`
}

// JoinToken lets one node join. The line is shown once.
type JoinToken struct {
	ID      string   `json:"id" doc:"Names the token; no secret." example:"5f0c9a"`
	Token   string   `json:"token" doc:"The line itself: whoever has it can join until it is used or has ended." example:"tally-join-AQ"`
	URL     string   `json:"url" doc:"Where to join: the address of this node for members." example:"https://north.example:9078"`
	Expires Time     `json:"expires_at" doc:"When it ends."`
	Words   []string `json:"words" doc:"The fingerprint of the root as words: the node that joins says the same." example:"[\"acorn\",\"amber\"]"`
}

// TokenInput names a join token.
type TokenInput struct {
	ID string `json:"id" in:"path" need:"true" doc:"The id of the token." example:"5f0c9a"`
}

// MemberSetInput says what is to be another way with a member.
type MemberSetInput struct {
	Node string `json:"node" in:"path" need:"true" doc:"The name of the member." example:"west"`
	Role string `json:"role" need:"true" enum:"voter,observer" doc:"Whether it counts: an observer gets everything, and does not. To make one of it before it is taken out drains it." example:"observer"`
}

// MemberRemoveInput names a member to take out.
type MemberRemoveInput struct {
	Node  string `json:"node" in:"path" need:"true" doc:"The name of the member." example:"west"`
	Force bool   `json:"force,omitempty" doc:"Although another change is under way: for members that are lost for good."`
}

// AgentKeyInfo is what a node keeps of the key of an agent.
type AgentKeyInfo struct {
	ID         string   `json:"id" doc:"Names the key; no secret." example:"9f2c1d"`
	Agent      string   `json:"agent" doc:"The agent that it is of." example:"planner"`
	Namespaces []string `json:"namespaces" doc:"Globs of the namespaces that it is for." example:"[\"work/**\"]"`
	Verbs      []string `json:"verbs" doc:"What it is for." example:"[\"read\"]"`
	Created    Time     `json:"created_at" doc:"When it was made."`
	Expires    Time     `json:"expires_at,omitzero" doc:"When it ends; absent: never."`
	Revoked    Time     `json:"revoked_at,omitzero" doc:"When it was revoked; absent: it was not."`
	Alive      bool     `json:"alive" doc:"It is taken now."`
}

// AgentKeys are the keys of a node's agents.
type AgentKeys struct {
	Keys  []AgentKeyInfo `json:"keys" doc:"All keys that there ever were, the newest first."`
	Count int            `json:"count" doc:"How many there are."`
}

// AgentKeyInput says what a key is to be for.
type AgentKeyInput struct {
	Agent      string   `json:"agent" need:"true" doc:"The agent that it is of." example:"planner"`
	Namespaces []string `json:"namespaces,omitempty" commas:"true" doc:"Globs of the namespaces that it is for: * is one segment, ** any number." default:"**" example:"[\"work/**\"]"`
	Verbs      []string `json:"verbs,omitempty" commas:"true" doc:"What it is for: read, write, propose, approve, admin." default:"read,write" example:"[\"read\"]"`
	TTL        int      `json:"ttl_secs,omitempty" min:"0" max:"315360000" doc:"Seconds until it ends; 0 is never."`
}

// AgentKeyMade is a new key. The key itself is shown once.
type AgentKeyMade struct {
	AgentKeyInfo

	Key string `json:"key" doc:"The key itself, which is nowhere else." example:"tally_9f2c1d"`
}

// AgentKeyRotateInput names a key that is to be another one.
type AgentKeyRotateInput struct {
	ID      string `json:"id" in:"path" need:"true" doc:"The id of the key." example:"9f2c1d"`
	Overlap int    `json:"overlap_secs,omitempty" min:"0" max:"86400" doc:"Seconds for which the old key is good as well." default:"0"`
}

// AgentKeyRevokeInput names a key, or an agent whose keys they all are.
type AgentKeyRevokeInput struct {
	ID string `json:"id" in:"path" need:"true" doc:"The id of the key, or the agent." example:"9f2c1d"`
}
