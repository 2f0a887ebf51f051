// "Copy as": every action in the four languages in which it can be said.
import { useEffect, useRef, useState } from "preact/hooks";
import { address, type Args, type Route } from "../api";
import { agent } from "../store";
import { toast } from "./toast";
import { useWords } from "./words";

/** An action as a curl command, a command line, Go, and a call of a tool. */
export interface Said {
  curl: string;
  cli?: string;
  go?: string;
  mcp?: string;
}

/** Quotes for a shell. */
export function sh(s: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(s) ? s : `'${s.replaceAll("'", `'\\''`)}'`;
}

/** Texts as Go writes them. */
export function goList(list: string[]): string {
  return `[]string{${list.map((s) => JSON.stringify(s)).join(", ")}}`;
}

/** Says a call of a route; the rest is what the caller knows. */
export function say<K extends Route>(route: K, args: Args<K>, rest: { cli?: string; go?: string; tool?: string; input?: Record<string, unknown> } = {}): Said {
  const method = route.slice(0, route.indexOf(" "));
  const parts = ["curl -s"];
  if (method !== "GET") parts.push("-X " + method, "-H 'Content-Type: application/json'");
  if (agent.get() !== "") parts.push("-H " + sh("X-Agent-Id: " + agent.get()));
  if (args.ifMatch !== undefined) parts.push(`-H 'If-Match: "${args.ifMatch}"'`);
  if (args.body !== undefined) parts.push("-d " + sh(JSON.stringify(args.body)));
  parts.push(sh(location.origin + address(route, args)));
  const said: Said = { curl: parts.join(" ") };
  if (rest.cli) {
    const who = agent.get() === "" ? "" : " --agent " + sh(agent.get());
    said.cli = `tally ${rest.cli} --server ${location.origin}${who}`;
  }
  if (rest.go) said.go = rest.go;
  if (rest.tool) {
    said.mcp = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: rest.tool, arguments: rest.input ?? {} } });
  }
  return said;
}

/** Puts text on the clipboard, also where the page has no right to. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "offscreen";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** The menu that copies an action. */
export function CopyAs({ said }: { said: () => Said }) {
  const t = useWords();
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector("button[role=menuitem]")?.dispatchEvent(new Event("focusme"));
    const away = (e: Event) => {
      if (!box.current?.contains(e.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  const pick = (text: string) => {
    void copy(text);
    setOpen(false);
    toast({ text: t.common.copied });
  };
  const s = open ? said() : null;
  const rows: [string, string | undefined][] = s ? [["curl", s.curl], ["CLI", s.cli], ["Go", s.go], ["MCP", s.mcp]] : [];
  return (
    <div class="menu" ref={box} onKeyDown={(e) => e.key === "Escape" && open && (setOpen(false), e.stopPropagation())}>
      <button type="button" class="quiet" aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t.common.copyAs} <span aria-hidden="true">▾</span>
      </button>
      {s && (
        <div class="menu-list" role="menu">
          {rows.map(([name, text]) => text !== undefined && (
            <button type="button" role="menuitem" key={name} onClick={() => pick(text)}>
              <b>{name}</b>
              <code>{text.length > 90 ? text.slice(0, 90) + "…" : text}</code>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
