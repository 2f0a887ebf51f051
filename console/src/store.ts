// What all pages share: who looks, what the node says of itself, and what is
// happening. One value each, with listeners.
import { useEffect, useState } from "preact/hooks";
import { call, follow, Problem, session, speakFor, whenLost, type Standing } from "./api";
import type { Event as Op, Status } from "./api.gen";

/** A value that tells its listeners when it changes. */
export class Cell<T> {
  private readonly heard = new Set<() => void>();
  constructor(private value: T) {}
  get(): T {
    return this.value;
  }
  set(v: T): void {
    if (Object.is(v, this.value)) return;
    this.value = v;
    for (const f of [...this.heard]) f();
  }
  listen(f: () => void): () => void {
    this.heard.add(f);
    return () => this.heard.delete(f);
  }
}

/** The value of a cell, in a component. */
export function use<T>(cell: Cell<T>): T {
  const [, again] = useState(0);
  const shown = cell.get();
  useEffect(() => {
    // It may have changed after it was drawn, and before anybody listened.
    if (!Object.is(cell.get(), shown)) again((n) => n + 1);
    return cell.listen(() => again((n) => n + 1));
  }, [cell]);
  return shown;
}

function kept(key: string): string {
  try {
    return localStorage.getItem("tally." + key) ?? "";
  } catch {
    return "";
  }
}

/** Keeps a setting in this browser. */
export function keep(key: string, value: string): void {
  try {
    if (value === "") localStorage.removeItem("tally." + key);
    else localStorage.setItem("tally." + key, value);
  } catch {
    // a browser that keeps nothing forgets it
  }
}

/** What was kept, of a shape that is checked by the caller. */
export function recallSetting<T>(key: string, otherwise: T): T {
  try {
    const text = kept(key);
    return text === "" ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

/** Where the consoles of members are, as this browser was told: members with identities
 * call each other at addresses that are not for browsers. */
export const consoles = new Cell<Record<string, string>>(recallSetting("consoles", {}));

/** The address of a member's console, if it is known. */
export function consoleOf(m: { name: string; url: string }): string {
  const told = consoles.get()[m.name];
  return (told ?? (m.url.startsWith("http://") ? m.url : "")).replace(/\/$/, "");
}

/** Takes note of where the console of a member is. */
export function learnConsole(name: string, url: string): void {
  const next = { ...consoles.get() };
  if (url === "") delete next[name];
  else next[name] = url;
  consoles.set(next);
  keep("consoles", JSON.stringify(next));
}

export const standing = new Cell<Standing | null>(null);
export const locked = new Cell(false); // the node asks for a key
export const entering = new Cell(false); // somebody wants to sign in where no key is asked for
export const lost = new Cell(""); // why the session is over: a tag of the node, or "ended"
export const agent = new Cell(kept("agent"));
export const namespace = new Cell(kept("namespace"));
export const theme = new Cell(kept("theme"));
export const language = new Cell(kept("language") || "en");
export const status = new Cell<Status | null>(null);
export const silent = new Cell<Problem | null>(null); // why there is no status
export const events = new Cell<readonly Op[]>([]);
export const live = new Cell(false); // the stream of events is open
export const tick = new Cell(Date.now()); // once a second, for relative times

const most = 500;
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("session") : null; // of this node, in this browser
const lookAgain = 60_000; // how often the session is asked for, in ms
let line = new AbortController();
let last = ""; // the event that was got last

/** Begins to watch the node. */
export function begin(): void {
  speakFor(agent.get());
  whenLost((reason) => {
    if (standing.get()?.signed_in) lost.set(reason || "ended");
    locked.set(true);
    void look();
  });
  dress();
  agent.listen(() => {
    speakFor(agent.get());
    keep("agent", agent.get());
    events.set([]);
    last = "";
    restart();
  });
  namespace.listen(() => keep("namespace", namespace.get()));
  theme.listen(() => {
    keep("theme", theme.get());
    dress();
  });
  language.listen(() => keep("language", language.get()));
  setInterval(() => tick.set(Date.now()), 1000);
  locked.listen(() => {
    if (!locked.get()) restart();
  });
  // Browsers keep few connections to a host: a page that nobody looks at leaves its
  // stream to others, and goes on where it was when it is looked at again.
  document.addEventListener("visibilitychange", () => (document.hidden ? line.abort() : (restart(), void refresh())));
  if (tabs) tabs.onmessage = () => void look(); // a session begun or ended in one tab is that of all
  addEventListener("pagehide", () => line.abort());
  addEventListener("pageshow", (e) => {
    if (e.persisted) restart();
  });
  void look();
  void watch();
  restart();
}

function dress(): void {
  const t = theme.get();
  if (t === "") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = t;
}

/** Goes by how the session stands: one of an agent speaks for that agent alone. */
export function stand(s: Standing): void {
  if (standing.get()?.signed_in && !s.signed_in && lost.get() === "") lost.set("ended");
  if (s.signed_in) {
    lost.set("");
    entering.set(false);
  }
  standing.set(s);
  if (s.agent !== "") agent.set(s.agent);
  locked.set(!s.open && !s.signed_in);
}

/** Asks how the session stands, which renews one that is half over. */
export async function look(): Promise<void> {
  try {
    stand(await session("GET"));
  } catch {
    // the status says that the node is silent
  }
}

/** Opens a session with a key, or with a link that works once. */
export async function enter(by: { once?: string; key?: string }): Promise<void> {
  stand(await session("POST", by));
  tabs?.postMessage("begun");
}

/** Ends the session. What was said by an agent's key is said by nobody then. */
export async function leave(): Promise<void> {
  const s = standing.get();
  await session("DELETE");
  tabs?.postMessage("ended");
  if (s?.agent) agent.set("");
  standing.set(null);
  await look();
}

/** Asks the node how it stands, now. */
export async function refresh(): Promise<void> {
  if (locked.get()) return;
  try {
    status.set(await call("GET /api/v1/status"));
    silent.set(null);
  } catch (err) {
    silent.set(err instanceof Problem ? err : new Problem(0, "UNREACHABLE", String(err)));
  }
}

async function watch(): Promise<void> {
  let looked = Date.now();
  for (;;) {
    if (!document.hidden) await refresh();
    if (Date.now() - looked > lookAgain) {
      looked = Date.now();
      await look();
    }
    await new Promise((f) => setTimeout(f, silent.get() ? 1000 : 2000));
  }
}

function restart(): void {
  line.abort();
  line = new AbortController();
  void listen(line.signal);
}

// listen keeps a stream of events open. It begins with the last few hundred, so
// that a page is not empty until something happens.
async function listen(signal: AbortSignal): Promise<void> {
  let wait = 500;
  while (!signal.aborted) {
    if (locked.get()) return;
    try {
      let url = "/api/v1/events";
      if (last === "") {
        const s = await call("GET /api/v1/status", { signal });
        url += `?since=${Math.max(0, s.lsn - most)}`;
      }
      await follow(
        url,
        last,
        signal,
        (m) => {
          last = m.id;
          if (m.event === "reset") events.set([]);
          else take(JSON.parse(m.data) as Op);
        },
        () => {
          live.set(true);
          wait = 500;
        },
      );
    } catch {
      // said by the status
    }
    if (signal.aborted) return;
    live.set(false);
    await new Promise((f) => setTimeout(f, wait));
    wait = Math.min(wait * 2, 5000);
  }
}

let queued: Op[] = [];

// take gathers what comes in a burst, so that it is drawn once.
function take(op: Op): void {
  queued.push(op);
  if (queued.length > 1) return;
  setTimeout(() => {
    const fresh = queued;
    queued = [];
    events.set([...fresh.reverse(), ...events.get()].slice(0, most));
  }, 50);
}
