// Titles of memories that one has only the ids of.
import { useEffect } from "preact/hooks";
import { call } from "../api";
import { href } from "../router";
import { agent, Cell, use } from "../store";
import { Title, plain } from "./text";

const most = 2000;
const titles = new Cell<ReadonlyMap<string, string>>(new Map());
const asked = new Set<string>();
const queue: string[] = [];
let running = 0;

agent.listen(() => {
  asked.clear();
  titles.set(new Map());
});

function want(id: string): void {
  if (asked.has(id) || asked.size > most) return;
  asked.add(id);
  queue.push(id);
  if (running < 3) void work();
}

async function work(): Promise<void> {
  running++;
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    let title = "";
    try {
      const h = await call("GET /api/v1/memories/{id}/history", { path: { id } });
      title = h.revisions.find((r) => r.memory)?.memory?.title.slice(0, 200) ?? "";
    } catch {
      // it keeps its id
    }
    titles.set(new Map(titles.get()).set(id, title));
  }
  running--;
}

/** Takes note of titles that came along anyway. */
export function learn(list: readonly { id: string; title: string }[]): void {
  const next = new Map(titles.get());
  for (const m of list) {
    asked.add(m.id);
    next.set(m.id, m.title.slice(0, 200));
  }
  titles.set(next);
}

/** A memory by its title, as a link to it. */
export function MemoryLink({ id }: { id: string }) {
  const known = use(titles);
  useEffect(() => want(id), [id]);
  const title = known.get(id);
  return <a href={href("memory", id)} title={plain(id, 128)}>{title ? <Title s={title} /> : <code>{plain(id.length > 20 ? id.slice(0, 8) + "…" : id, 40)}</code>}</a>;
}

/** The titles that are known of some memories; the others are asked for. */
export function useTitles(ids: readonly string[]): ReadonlyMap<string, string> {
  const known = use(titles);
  useEffect(() => ids.forEach(want), [ids.join(" ")]);
  return known;
}
