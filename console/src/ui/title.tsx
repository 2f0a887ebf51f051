// Titles of memories that one has only the ids of.
import { useEffect } from "preact/hooks";
import { call } from "../api";
import { href } from "../router";
import { agent, Cell, use } from "../store";
import { Title, plain } from "./text";

const most = 2000; // titles that are kept: the rest is asked for again
const patient = 200; // ids that wait to be asked for: of a flood the newest
const gather = 100; // ms in which titles that come are drawn at once
const titles = new Cell<ReadonlyMap<string, string>>(new Map());
const asked = new Set<string>();
const queue: string[] = [];
let came: [string, string][] = [];
let running = 0;

agent.listen(() => {
  asked.clear();
  queue.length = 0;
  came = [];
  titles.set(new Map());
});

function want(id: string): void {
  if (asked.has(id)) return;
  asked.add(id);
  queue.push(id);
  if (queue.length > patient) asked.delete(queue.shift() ?? "");
  if (running < 3) void work();
}

async function work(): Promise<void> {
  running++;
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const who = agent.get();
    let title = "";
    try {
      const h = await call("GET /api/v1/memories/{id}/history", { path: { id } });
      title = h.revisions.find((r) => r.memory)?.memory?.title.slice(0, 200) ?? "";
    } catch {
      // it keeps its id
    }
    if (who === agent.get()) keep([[id, title]]);
  }
  running--;
}

function keep(list: [string, string][]): void {
  if (came.length === 0) setTimeout(show, gather);
  came.push(...list);
}

// show draws what came, and forgets what was asked for first if it is too much.
function show(): void {
  const next = new Map([...titles.get(), ...came]);
  came = [];
  for (const id of next.keys()) {
    if (next.size <= most) break;
    next.delete(id);
    asked.delete(id);
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
