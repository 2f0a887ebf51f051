// Telling a program about this node, and seeing its first call arrive.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import type { Event as Op, Reader } from "../api.gen";
import { events, standing, use } from "../store";
import { copy } from "../ui/copy";
import { Card, Field, Page, Pill, Show, useEvery, useLoad } from "../ui/kit";
import { Kind, Time, plain } from "../ui/text";
import { toast } from "../ui/toast";
import { useWords } from "../ui/words";
import { Subject } from "./overview";

/** How one program is told. */
interface Client {
  name: string;
  id: string;
  file?: string;
  text: (agent: string) => string;
}

const json = (root: string) => (agent: string) => JSON.stringify({ [root]: { tally: { command: "tally", args: ["--agent", agent, "--server", location.origin, "mcp"] } } }, null, 2);

const clients: Client[] = [
  { name: "Claude Code", id: "claude-code", text: (a) => `claude mcp add tally -- tally --agent ${a} --server ${location.origin} mcp` },
  { name: "Cursor", id: "cursor", file: "~/.cursor/mcp.json", text: json("mcpServers") },
  { name: "VS Code", id: "vscode", file: ".vscode/mcp.json", text: json("servers") },
  { name: "Claude Desktop", id: "claude-desktop", file: "claude_desktop_config.json", text: json("mcpServers") },
  { name: "Codex", id: "codex", file: "~/.codex/config.toml", text: (a) => `[mcp_servers.tally]\ncommand = "tally"\nargs = ["--agent", "${a}", "--server", "${location.origin}", "mcp"]` },
  { name: "HTTP", id: "my-agent", text: (a) => `curl -s ${location.origin}/api/v1/memories -H 'Content-Type: application/json' -H 'X-Agent-Id: ${a}' \\\n  -d '{"title":"Hello","content":"The first memory.","scope":"collective"}'` },
  { name: "URL", id: "my-agent", text: () => `${location.origin}/mcp` },
];

export default function Connect() {
  const t = useWords();
  const c = t.connect;
  const [at, setAt] = useState(0);
  const chosen = clients[at]!;
  const [name, setName] = useState(chosen.id);
  const valid = /^[A-Za-z0-9_:@./-]{1,128}$/.test(name) ? name : chosen.id;
  const text = chosen.text(valid);
  const tools = useLoad((signal) => call("GET /api/v1/tools/list", { signal }), []);
  return (
    <Page title={c.title}>
      <p class="muted">{c.intro}</p>
      <div class="tabs wide-tabs" role="group" aria-label={c.client}>
        {clients.map((x, i) => <button type="button" key={x.name} aria-pressed={i === at} onClick={() => (setAt(i), setName(x.id))}>{x.name}</button>)}
      </div>
      <div class="split">
        <Card title={chosen.name} aside={<button type="button" onClick={() => void copy(text).then(() => toast({ text: t.common.copied }))}>{t.common.copy}</button>}>
          <Field label={c.name}><input value={name} onInput={(e) => setName(e.currentTarget.value)} maxLength={128} spellcheck={false} /></Field>
          {chosen.file ? <p class="muted">{c.file} <code>{chosen.file}</code></p> : <p class="muted">{chosen.name === "URL" ? c.url : c.run}</p>}
          <pre class="snippet">{text}</pre>
        </Card>
        <Waiting name={valid} />
      </div>
      <Card title={c.tools} aside={<a href="/docs">{c.docs}</a>}>
        <Show of={tools}>
          {(v) => (
            <div class="scroll tall" tabIndex={0} role="region" aria-label={c.tools}>
              <table class="table">
                <tbody>{v.tools.map((x) => <tr key={x.name}><td><code>{x.name}</code></td><td class="muted">{x.family}</td><td>{plain(x.description, 200)}</td></tr>)}</tbody>
              </table>
            </div>
          )}
        </Show>
      </Card>
    </Page>
  );
}

function Waiting({ name }: { name: string }) {
  const t = useWords();
  const c = t.connect;
  const list = use(events);
  const me = use(standing);
  const from = useRef(Date.now());
  const [first, setFirst] = useState<Op | null>(null);
  useEffect(() => setFirst(null), [name]);
  useEffect(() => {
    const came = list.find((e) => e.actor === name && Date.parse(e.at) > from.current - 60_000);
    if (came && !first) setFirst(came);
  }, [list, name]);
  // Reads leave no trace in the log: the node that was asked knows of them.
  const [read, setRead] = useState<Reader | null>(null);
  useEffect(() => setRead(null), [name]);
  const look = useCallback(() => {
    call("GET /api/v1/readers").then((v) => setRead(v.readers.find((r) => r.agent_id === name && Date.parse(r.last_at) > from.current - 60_000) ?? null), () => {});
  }, [name]);
  useEvery(me?.operator && !first && !read ? 2000 : 0, look);
  const came = first ?? read;
  return (
    <Card title={plain(name, 60)} aside={came ? <Pill kind="good">{c.received}</Pill> : <Pill>{c.waiting}</Pill>}>
      <div aria-live="polite">
        {read && <p>{c.readText(name)} <span class="chip">{t.memory.how[read.how]}</span> <Time at={read.last_at} /></p>}
        {first ? <p>{c.receivedText(name)} <Kind kind={first.kind} /> <Subject e={first} /> <Time at={first.at} /></p> : !read && <p class="muted">{c.help}</p>}
      </div>
      <p class="muted small">{me?.operator ? c.listensAll : c.listens}</p>
    </Card>
  );
}
