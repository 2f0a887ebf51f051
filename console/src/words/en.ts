// Every word that the console says of itself, in English. Other languages are
// files of the same shape.
const n = (count: number, one: string, many = one + "s"): string => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

export const en = {
  locale: "en",
  app: "Tallystick",
  n,
  nav: {
    overview: "Overview", memories: "Memories", recall: "Recall lab", graph: "Graph", activity: "Activity", peers: "Peers", delivery: "Delivery",
    approvals: "Approvals", namespaces: "Namespaces", agents: "Agents", theatre: "Write theatre", rehearsal: "Rehearsal", connect: "Connect", system: "System",
    groups: { memory: "Memory", federation: "Federation", rules: "Rules", node: "Node" },
    menu: "Menu", skip: "Skip to the page",
  },
  status: {
    waiting: "asking the node …",
    silent: "the node does not answer; trying again",
    locked: "not signed in",
    below: "below quorum: writes are kept here",
    owed: (writes: number, to: string) => `${n(writes, "write")} owed to ${to}`,
    and: (list: string[]) => (list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`),
    missing: (who: string) => `${who} cannot be reached; writes have their quorum`,
    equal: (of: number, span: string) => `${of} of ${of} proven equal ${span} ago`,
    some: (equal: number, of: number) => `${equal} of ${of} proven equal`,
    alone: "one node, no other members",
    damaged: (c: number) => `${n(c, "damaged entry", "damaged entries")} being mended`,
  },
  time: {
    now: "just now", ago: (s: string) => `${s} ago`, in: (s: string) => `in ${s}`, never: "never",
    unit: { s: "s", m: "min", h: "h", d: "d" },
  },
  top: {
    search: "Search memories", searchHint: "Find memories, pages and actions", namespace: "Namespace", allNamespaces: "all namespaces", node: "Node", here: "here",
    agent: "Acting as", anonymous: "anonymous", anyAgent: "agent id", palette: "Commands", settings: "Settings", theme: "Appearance", light: "Light", dark: "Dark", system: "System",
    language: "Language", keys: "Keyboard", signOut: "Sign out", operator: "operator", notSignedIn: "no session",
    agentOnly: "This session is of this agent's key, and of nobody else.", agentHelp: "You see and do what this agent may see and do.", live: "live", stalled: "no live events",
    use: "Use", other: "Opens that node's own console; it asks for a session of its own.",
  },
  keys: {
    title: "Keyboard", close: "Close", palette: "commands and search", search: "search", help: "this sheet", go: "go to a page", next: "next row", prev: "previous row",
    open: "open the row", select: "select the row", back: "back to the list", edit: "edit the memory",
  },
  common: {
    loading: "loading …", again: "Try again", cancel: "Cancel", save: "Save", close: "Close", copy: "Copy", copied: "copied", copyAs: "Copy as", undo: "Undo", none: "none", yes: "yes", no: "no",
    all: "all", of: "of", more: "Load more", open: "Open", clear: "Clear", apply: "Apply", show: "Show", filter: "Filter", exact: "exactly", unknown: "unknown", id: "Id", when: "When", who: "Who",
    what: "What", state: "State", reason: "Reason", age: "Age", actions: "Actions", notHere: "Not there yet", export: "Export", refresh: "Refresh", done: "done",
  },
  errors: {
    title: "That did not work",
    silent: "The node does not answer. It is tried again by itself; your input stays here.",
    code: "Code",
    next: {
      UNREACHABLE: "Look whether the node runs: tally status. It is tried again by itself.",
      UNAUTHORIZED: "Sign in: run tally console on the machine of the node.",
      OPERATOR_ONLY: "This is for the operator. Run tally console on the machine of the node, as its user.",
      FORBIDDEN: "Act as an agent that may, or ask for approval.",
      NOT_FOUND: "It is not there, or this agent may not see it. Look under its other states, or act as its owner.",
      PRECONDITION_FAILED: "Somebody was faster. Load the page again and look at what they changed.",
      CONFLICT: "The title is taken in this namespace. Choose another, or edit the memory that has it.",
      QUORUM_NOT_MET: "The write is kept and owed; do not repeat it. Its receipt says who holds it by now.",
      BUSY: "The node is busy; nothing was written. Try again in a moment.",
      DISK_FULL: "The disk of the node is full; nothing was written.",
      VALIDATION_FAILED: "Correct the field that is named.",
      MEMBER_UNREACHABLE: "The other member does not answer. What is owed to it waits.",
      NOT_HOME: "Another node delivers for this subscription: ask there, or adopt it.",
      SHUTTING_DOWN: "The node is being stopped. It is tried again by itself.",
      ALREADY_DECIDED: "It has been decided meanwhile. Load the page again.",
    } as Record<string, string>,
  },
  login: {
    title: "Open the console", text: "This node asks for a key. The easiest way in, on its machine:", or: "or paste a key: the operator's, that of an agent (you see what that agent may see), or the node's API key", more: "Without a key you see what anybody may see here. As the operator, on the node's machine:", without: "Go on without",
    key: "Key", enter: "Sign in", used: "This link was used already, or is older than two minutes.", kept: "Nothing that you wrote here is lost: sign in, and go on.",
    over: { ended: "Your session has ended.", agent_key_revoked: "The agent's key was revoked, and its session with it.", agent_key_expired: "The agent's key has expired, and its session with it." } as Record<string, string>,
  },
  overview: {
    title: "Overview", healthy: "Is it healthy?", converged: "Is it converged?", agents: "What are agents doing?", needs: "What needs me?",
    yes: "Yes", no: "No", fine: "Everything answers.", quorum: (w: number, of: number) => `A write is done when ${w} of ${of} have it on disk.`,
    lag: (c: number) => `the index is ${n(c, "entry", "entries")} behind`, uptime: (s: string) => `Up for ${s}.`, equalAll: "All members are proven equal.",
    provenAt: (who: string) => `${who} last proven equal`, writes: (w: number, a: number) => `${n(w, "write")} by ${n(a, "agent")} in the last ten minutes.`, quiet: "Nobody has written in the last ten minutes.",
    nothing: "Nothing waits for you.", approvals: (c: number) => `${n(c, "proposal")} to decide`, conflicts: (c: number) => `${n(c, "memory", "memories")} in conflict`,
    parked: (c: number) => `${n(c, "op")} refused`, failing: (c: number) => `${n(c, "member")} out of reach`, expiring: (c: number) => `${n(c, "memory", "memories")} expiring within an hour`,
    damaged: (c: number) => `${n(c, "damaged entry", "damaged entries")}`, ticker: "Live", tickerEmpty: "Nothing has happened yet. Write a memory, or connect an agent.", rates: "Last ten minutes",
    writesLine: "writes", recallsLine: "recalls", p95: "p95 of requests", perMinute: "per minute", memories: "Memories", holds: "What this node holds",
    live: "live", archived: "archived", deleted: "deleted", erased: "erased", links: "links", disk: "on disk", now: "now",
    rateNote: "Writes from the events of all members; recalls and times from this node's counters since this page was opened.",
  },
  list: {
    title: "Memories", live: "Live", archived: "Archive", conflict: "In conflict", columns: { title: "Title", namespace: "Namespace", owner: "Owner", tier: "Tier", updated: "Changed", tags: "Tags" },
    subtree: "and below", tag: "Tag", kind: "Kind", tier: "Tier", priority: "Priority at least", owner: "Owner", any: "any", expires: "expires", expiry: "Expiry", willExpire: "will expire", staysForever: "stays",
    loaded: (have: number, of: string) => `${have.toLocaleString("en")} loaded${of}`, ofAbout: (c: number) => ` of ${c.toLocaleString("en")}`, end: "all of them", scroll: "scroll for more",
    local: "This filter looks through what is loaded.", empty: "No memories here yet.", emptyHelp: "Write the first one here, from the command line, or connect an agent.", emptyFilter: "Nothing fits these filters.", clear: "Clear filters",
    views: "Saved views", saveView: "Save this view", viewName: "Name of the view", removeView: "Remove", select: "Select", selected: (c: number) => `${n(c, "memory", "memories")} selected`, none: "Select none",
    preview: "Preview", noPreview: "Select a row to look at it here.", newMemory: "New memory", order: "Order", byPriority: "priority", byId: "id", presence: "Who holds it is on the page of the memory: a list does not carry it.",
    bulk: { archive: "Archive", restore: "Restore", erase: "Erase", exports: "Download", effect: "What will happen", trying: "asking the node what would happen …",
      would: (c: number, what: string) => `${n(c, "memory", "memories")} would be ${what}`, archivedWord: "archived", erasedWord: "erased for good, on every member", restoredWord: "restored", missing: (c: number) => `${c} are not there or not yours`,
      done: (c: number, what: string) => `${n(c, "memory", "memories")} ${what}`, some: (ok: number, bad: number) => `${ok} done, ${bad} not` },
  },
  memory: {
    title: "Memory", text: "Text", versions: "Versions", links: "Links", holders: "Who holds it", use: "Use", facts: "Facts", edit: "Edit", archive: "Archive", erase: "Erase", restore: "Restore", promote: "Keep for good", graph: "Graph",
    states: { live: "live", archived: "archived", deleted: "deleted", erased: "erased" }, current: "current", conflicts: "conflict", version: (v: number) => `version ${v}`, noText: "The text of this version is no longer kept.",
    diff: "Compare with the version before", against: "compared with", same: "Nothing differs in the text.", added: "added", removed: "removed" ,
    conflict: (c: number) => `${n(c, "version")} written at the same time lost against the current one, and nobody has settled it.`, settle: "Settle it", keep: "Keep the current text", take: "Take this one", mine: "Write a third", thisOne: "Current", theOther: "Lost",
    settled: "settled", held: (h: number, of: number, w: number) => `${h} of ${of} hold it on disk; ${w} are asked for`, has: "has it on disk", owes: "not yet", seen: (ms: number) => `first seen here ${ms} ms after this page asked`, before: "before this page was opened",
    dot: "Op", digest: "Digest", origin: "Logged by", actor: "Written by", signer: "Signature", unsigned: "none: this memory carries no agent's signature", signedBy: (who: string) => `signed by ${who}`, lineage: "Lineage", noLinks: "No links. Link it to another memory to say how they belong together.",
    addLink: "Add link", linkTo: "Id of the other memory", relation: "Relation", unlink: "Remove link", recalled: (c: number) => `found by recall ${n(c, "time")} on this node`, lastRecalled: "last found", neverRecalled: "never found by recall on this node",
    whoRecalled: "Who asked is not recorded.", expires: "expires", created: "created", changed: "changed", priority: "priority", confidence: "confidence", kind: "kind", tier: "tier", source: "source", owner: "owner", tags: "tags", metadata: "metadata", nobody: "nobody: visible to all", sourceUri: "comes from",
    gone: "It was erased: no text of it is left here.", eraseTitle: "Erase for good", eraseText: "Text and all versions go, here and on every member, and the id is never used again. Nothing brings it back.",
    erasePeers: (who: string) => `${who} cannot be reached now: its copy stays there until it is back, and is erased then.`, eraseAll: "All members can be reached: it is gone everywhere within a moment.", eraseConfirm: "Erase", eraseType: "Type the title to confirm", erased: "erased", archived: "archived", restored: "restored", saved: "saved", promoted: "kept for good", linked: "linked", unlinked: "link removed",
    pending: "This waits for approval; nothing has changed yet.", proposal: "See the proposal", write: "Write", newTitle: "New memory", titleField: "Title", textField: "Text", tagsField: "Tags, separated by commas", namespaceField: "Namespace", scopeField: "Who may see it", scopes: { collective: "everybody", private: "only its owner" },
    receipt: "Receipt", markdown: "Shown as text, never as markup.", longLine: "long", by: "by", loads: "versions", created1: "written",
  },
  recall: {
    title: "Recall lab", question: "Question", ask: "Ask", budget: "Budget in tokens", limit: "At most", namespace: "Namespace", minPriority: "Priority at least", kind: "Kind", since: "Since",
    second: "Compare with a second setting", first: "First setting", secondShort: "Second setting", took: (ms: number) => `answered in ${ms} ms`, tokens: (c: number) => `${n(c, "token")} of text`, dropped: (c: number) => `${c} left out: they did not fit the budget`,
    lag: (c: number) => `The index is ${n(c, "entry", "entries")} behind: what was written just now may be missing.`, mode: "searched by", score: "score", empty: "Nothing was found.", emptyHelp: "Ask with other words, without a namespace, or as the agent whose memory it is.", start: "Ask what an agent would ask, and see what it would get.",
    whyNot: "Why not this one?", whyId: "Id of the memory that you expected", checks: { exists: "it is there and this agent may see it", missing: "It is not there, or this agent may not see it.", state: (s: string) => `It is ${s}: recall finds live memories only.`, namespace: (ns: string) => `It is in ${ns}, which the setting leaves out.`, priority: (p: number) => `Its priority is ${p}, below the one asked for.`, kind: (k: string) => `It is of kind ${k}.`, words: "None of the words of the question are in it.", outranked: (at: number) => `It is found, at place ${at}: the limit or the budget cuts it off.`, ranked: (at: number) => `It is there: place ${at}.`, deep: "It shares words with the question, but more than 50 others fit better." },
    saveCase: "Save as a case", savedCase: "A line for a set of questions with known answers: the question, and the ids that you ticked.", good: "expected", parts: "The node tells one score for each hit; its parts are not in the answer yet.", asOf: "Recall as of an earlier time is not there yet; the versions of each memory are on its page.", rankMoves: (d: number) => (d === 0 ? "same place" : d > 0 ? `${d} up` : `${-d} down`), onlyHere: "only here",
  },
  peers: {
    title: "Peers", member: "Member", state: "Link", owed: "Owed", parked: "Refused", lastAck: "Last acknowledged", proven: "Last proven equal", clock: "Clock", url: "Address", thisNode: "this node", self: "itself",
    states: { ok: "up", catching_up: "catching up", backoff: "does not answer", own_calls: "reached by its own calls", stopped: "stopped", unknown: "not heard of yet" } as Record<string, string>, ahead: (ms: number) => (ms === 0 ? "in step" : ms > 0 ? `${ms} ms ahead` : `${-ms} ms behind`),
    diff: "Compare", repair: "Repair", comparing: "comparing …", equal: (m: string) => `This node and ${m} hold the same.`, differ: (c: number, m: string) => `${n(c, "register")} differ between this node and ${m}.`, truncated: "There are more.", register: "Register", here: "Here", there: "There", repaired: (c: number) => `Merged again; ${n(c, "difference")} before.`,
    rowOnly: "Each node knows its own row. The rows of the others are on their consoles:", digest: "Digest of the whole state", heads: "What this node holds of each origin", origin: "Origin", upTo: "everything up to", gaps: "gaps", alone: "This node has no other members.", aloneHelp: "Start a second one with --member, or make a cluster that others join by a token:", join: "Join another machine", joinHelp: "Where the cluster's authority is, make a token; on the other machine, join with it. The words of the fingerprint must be the same on both.", remove: "Take a member out", removeHelp: "Ends its membership; its key is refused from then on.", certificate: "Certificates are shown by the command until the node tells them here:", version: "version",
  },
  delivery: {
    title: "Delivery", parked: "Refused ops", parkedEmpty: "No op was refused.", retry: "Offer again", retryAll: "Offer all again", retried: (c: number) => `${n(c, "op")} offered again`, by: "Refused by", since: "Since", hooks: "Webhooks", hooksEmpty: "This agent has no webhooks.", hooksHelp: "A webhook posts events to a URL. Only the agent that made it sees it here.", home: "Delivered by", sent: "taken", failed: "failed",
    dead: "Dead letters", deadEmpty: "Nothing was given up.", deadFor: "of", attempts: "attempts", lastError: "last error", payload: "Payload", redeliver: "Post them again", redelivered: "The home posts them again.", discard: "Dead letters are dropped by the node beyond the newest 10,000; there is no way to discard one by hand.", elsewhere: (h: string) => `Its dead letters are on ${h}.`, owedTitle: "On its way", owedNone: "Nothing is owed to anybody.", owedRow: (c: number) => n(c, "op"), next: "tried again", onRequest: "on request only",
  },
  approvals: {
    title: "Approvals", open: "To decide", decided: "Decided", empty: "Nothing waits for a decision.", emptyHelp: "A namespace whose rules say approve keeps changes here until somebody has looked at them.", proposed: "proposed by", votes: "Votes", noVotes: "nobody has voted", approver: "may be decided by", anybody: "anybody but who proposed it", agentOnly: (a: string) => `${a} alone`, consensus: (c: number) => `${n(c, "agent")} together`, approve: "Approve", reject: "Reject", own: "You proposed this: somebody else has to decide.", approved: "Approved and carried out.", voted: (v: number, q: number) => `Your vote counts: ${v} of ${q}.`, rejected: "Rejected.", change: "What would change", newMemory: "A new memory:", noText: "It has no text; this is what it would do:", statuses: { pending: "waits", approved: "approved", rejected: "rejected", failed: "failed" } as Record<string, string>, actAs: "You are anonymous. To vote, act as an agent: Settings.", home: "carried out by",
  },
  spaces: {
    title: "Namespaces", tree: "Tree", empty: "No namespaces yet: they come with the first memory.", own: "here", below: "with all below", standard: "Standard", none: "No standard of its own: what is above holds.", chain: "What holds here", rules: "Rules", rule: { write: "write", promote: "promote", delete: "delete", approver: "approver", inherit: "inherits", write_quorum: "members that must hold a write" } as Record<string, string>, setBy: "set", edit: "Change the rules", clear: "Take the standard away", cleared: "The standard is gone.", saved: "The rules are set.", json: "Rules as JSON", badJson: "This is not a JSON object.", briefing: "Preview the briefing an agent gets", briefingHint: "What an agent is told before work begins, for the agent you act as.", budget: "tokens at most", tokens: (c: number) => `${n(c, "token")}`, leftOut: (c: number) => `${n(c, "memory", "memories")} did not fit`, truncated: "Of more namespaces than 1,000, those with most memories are shown.", choose: "Choose a namespace.", toMemories: "See its memories", w: (w: number) => `W is ${w}`,
  },
  agents: {
    title: "Agents", name: "Agent", type: "Type", can: "Can", registered: "Registered", seen: "Last registered", recent: "Recent writes", lastWrite: "Last write seen here", empty: "No agent has registered.", emptyHelp: "Agents register by themselves or by POST /api/v1/agents; those that write are seen in the activity all the same.", unregistered: "not registered", actAs: "Act as", acting: "acting as", keys: "Keys", keysText: "The node does not tell of keys of agents here; where it knows them, they are made and revoked on its machine, with tally agent.", reads: "Single reads are not recorded by name; how often a memory was found is on its page.", shown: "What agents were shown", shownText: "Every briefing that this node has given: to whom, and which memories in which version were in it. The operator sees all, an agent its own.", shownEmpty: "This node has given no briefing yet.", items: (c: number) => n(c, "memory", "memories"),
  },
  activity: {
    title: "Activity", filter: "Filter", kind: "Kind", actor: "Agent", origin: "Node", pause: "Pause", resume: "Go on", exportLines: "Download as lines", empty: "Nothing yet.", nofit: "Nothing fits.", shown: (c: number, all: number) => `${c} of the last ${all} events`, audit: "Audit log", auditText: "Refusals, changes of keys and members, erasures and exports are in an append-only, signed log in the node's files. It is read and verified on its machine:", when: "When", who: "Who", what: "What", about: "About", where: "Logged by", op: "Op", waiting: (c: number) => `${n(c, "new event")}`,
  },
  connect: {
    title: "Connect", intro: "Tell a program about this node, and watch its first call arrive.", client: "Client", name: "The agent's name", waiting: "waiting for the first call …", received: "received", receivedText: (who: string) => `${who} has written:`, listens: "This page sees what the agent writes; a call that only reads leaves no trace in the log.", file: "Into the file", run: "Run", url: "For anything that takes a URL", tools: "What it can do then", http: "HTTP API", docs: "The API as a page",
  },
  system: {
    title: "System", node: "Node", version: "version", incarnation: "incarnation", started: "started", clock: "its clock", lag: "index behind by", warnings: "Warnings", noWarnings: "no warnings", limits: "Limits", features: "Can do", models: "Models", embedder: "embeds texts with", noEmbedder: "none: recall goes by words", damage: "Read everything and look for damage", scrubbing: (p: number) => `${p} % read`, scrubbed: (e: number, d: number) => `${n(e, "entry", "entries")} read, ${d} damaged.`, collect: "Drop history that is due", collected: (c: number) => `${n(c, "version")} lost their text.`, config: "Configuration", configText: "With where each value comes from, keys masked:", doctor: "Doctor", doctorText: "Checks the node, its members, files and settings:", backup: "Backup", backupText: "The whole log into a folder, and at every further call what is new:", bench: "Measurements", benchText: "Against a control arm, on this machine:", counters: "Counters", routes: "Requests by route", route: "Route", calls: "calls", p50: "half within", p95: "95 % within", asOperator: "The operator alone may do this: run tally console on the node's machine.", health: "Health", yes: "yes", no: "no",
  },
  graph: {
    title: "Graph", from: "Around which memory", hops: "Hops", at: "As it was", now: "now", list: "As a list", picture: "As a picture", empty: "Nothing is linked with it.", emptyHelp: "Link it on its page, and it is shown here.", choose: "Choose a memory: its page has a button for this, or paste an id.", focus: "Put it in the middle", relation: "Relation", distance: "Hops away", valid: "holds since", until: "until", both: (c: number) => `${n(c, "memory", "memories")} around it`, slider: "Time",
  },
  theatre: {
    title: "Write theatre", intro: "One write, and when each thing that was promised happened. Every time is measured by this page; none is made up.", begin: "Write now", text: "Text of the memory", sent: "sent", accepted: "accepted and synced here", appeared: "seen in the events of this node", heldBy: (m: string) => `on the disk of ${m}`, quorum: (w: number) => `W = ${w} reached`, indexed: "in the index of words", recalled: "first recalled", waiting: "not yet", resolution: (ms: number) => `Receipts and recall are asked for again and again: such a time is late by at most the pause between two questions, ${ms} ms, and one answer.`, again: "Write again", erase: "Take it away again", empty: "Write one, and watch.", gone: "taken away", stalled: "It was not seen within 30 s: the member is away. The write is kept and owed.", rehearsal: "Partition rehearsal", rehearsalText: "A federation to practise on: cut a member off while it runs, write on both sides, and watch them meet.",
  },
  rehearsal: {
    title: "Partition rehearsal", intro: "Three real nodes on this machine, apart from your memories. Cut one off, write on both sides, watch what is owed and how the digests differ, heal, and watch them meet. Nothing here is made up: it is what the three nodes say of themselves.",
    operator: "This is for the operator, in a browser on the machine of the node: it starts processes there.", none: "No rehearsal runs.", bounds: "It takes a few seconds to begin, ends by itself after ten minutes, and leaves nothing behind.", begin: "Begin", beginning: "starting three nodes …", end: "End it",
    endsIn: (s: string) => `ends by itself in ${s}`, equal: "all three are equal", apart: "they differ", cut: (m: string) => `Cut ${m} off`, heal: (m: string) => `Heal: let ${m} be reached again`, both: "Write 10 on both sides", edit: "Edit the same memory on both sides", write: "Write 10 here", cutOff: "cut off", console: "Its console", digest: "digest", conflicts: "in conflict",
    owes: (m: string) => `owes to ${m}`, happened: "What happened", begun: "Three nodes serve, and hold one memory.", wasCut: (m: string) => `${m} was cut off: no connection between it and the others.`, wasHealed: (m: string) => `${m} can be reached again.`, wrote: (c: number, m: string) => `${n(c, "memory", "memories")} written to ${m}.`, edited: "The note was edited on both sides.",
    met: (ms: number) => `all three equal, ${ms} ms after that`, parted: (ms: number) => `they differ, ${ms} ms after that`, measured: "The nodes are looked at five times a second: a time is late by at most that.",
  },
};

export type Words = typeof en;
