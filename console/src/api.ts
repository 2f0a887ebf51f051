// Calls of the node: every request and answer has the type that our own OpenAPI
// document gives it.
import type { Routes, Shortfall } from "./api.gen";

export type Route = keyof Routes;
export type Query<K extends Route> = Routes[K]["query"];
export type Body<K extends Route> = Routes[K]["body"];
// A Shortfall comes only to who asks for it with when_short: the console does not,
// and hears of a missed quorum as a Problem.
export type Out<K extends Route> = Exclude<Routes[K]["out"], Shortfall>;

/** What a call takes besides its route. */
export interface Args<K extends Route> {
  path?: Record<string, string>;
  query?: Query<K>;
  body?: Body<K>;
  ifMatch?: number;
  signal?: AbortSignal;
}

/** A refusal of the node, or the silence of one (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    text: string,
    readonly detail: Record<string, unknown> = {},
  ) {
    super(text);
  }
}

let agent = "";
let onLost: (reason: string) => void = () => {};

/** Says for whom the calls from now on are; "" is the anonymous agent. */
export function speakFor(id: string): void {
  agent = id;
}

/** Says what to do when the node asks for a key; it may say why the one before is over. */
export function whenLost(f: (reason: string) => void): void {
  onLost = f;
}

function headers(more: Record<string, string> = {}): Record<string, string> {
  return agent === "" ? more : { ...more, "X-Agent-Id": agent };
}

/** The path and query of a call, as curl would want them. */
export function address<K extends Route>(route: K, args: Args<K>): string {
  const at = route.indexOf(" ");
  let path = route.slice(at + 1);
  for (const [name, value] of Object.entries(args.path ?? {})) {
    path = path.replace(`{${name}}`, encodeURIComponent(wellFormed(value)));
  }
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(args.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") q.append(name, String(one));
    }
  }
  const text = q.toString();
  return text === "" ? path : `${path}?${text}`;
}

// Half of a surrogate pair cannot be sent.
function wellFormed(s: string): string {
  return s.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}

/** Calls the node. Anything but success is a Problem. */
export async function call<K extends Route>(route: K, args: Args<K> = {}): Promise<Out<K>> {
  const method = route.slice(0, route.indexOf(" "));
  const more: Record<string, string> = {};
  if (method !== "GET") more["Content-Type"] = "application/json";
  if (args.ifMatch !== undefined) more["If-Match"] = `"${args.ifMatch}"`;
  const init: RequestInit = { method, headers: headers(more), credentials: "same-origin", cache: "no-store" };
  if (args.body !== undefined) init.body = JSON.stringify(args.body);
  if (args.signal) init.signal = args.signal;
  const res = await reach(address(route, args), init);
  const type = res.headers.get("Content-Type") ?? "";
  return (type.includes("json") ? await res.json() : await res.text()) as Out<K>;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  let res: Response;
  try {
    res = await fetch(url, init);
  } catch (err) {
    if (init.signal?.aborted) throw err;
    throw new Problem(0, "UNREACHABLE", "");
  }
  if (res.ok) return res;
  let detail: Record<string, unknown> = {};
  try {
    detail = (await res.json()) as Record<string, unknown>;
  } catch {
    // not every proxy speaks JSON
  }
  if (res.status === 401) onLost(typeof detail["reason"] === "string" ? detail["reason"] : "");
  const text = typeof detail["detail"] === "string" ? detail["detail"] : typeof detail["error"] === "string" ? detail["error"] : res.statusText;
  throw new Problem(res.status, typeof detail["code"] === "string" ? detail["code"] : String(res.status), text, detail);
}

/** How the session of this browser stands. */
export interface Standing {
  open: boolean;
  signed_in: boolean;
  operator: boolean;
  agent: string;
  ends_at: string;
  version: string;
}

export async function session(method: "GET" | "POST" | "DELETE", body?: { once?: string; key?: string }): Promise<Standing> {
  const init: RequestInit = { method, headers: { "Content-Type": "application/json" }, credentials: "same-origin", cache: "no-store" };
  if (body) init.body = JSON.stringify(body);
  const lost = onLost;
  if (body) onLost = () => {};
  try {
    return (await (await reach("/console/session", init)).json()) as Standing;
  } finally {
    onLost = lost;
  }
}

/** One event of a stream. */
export interface Message {
  id: string;
  event: string;
  data: string;
}

/** Follows a stream until the signal ends it or the line breaks. */
export async function follow(url: string, last: string, signal: AbortSignal, got: (m: Message) => void, open: () => void): Promise<void> {
  const more: Record<string, string> = last === "" ? {} : { "Last-Event-ID": last };
  const res = await reach(url, { headers: headers(more), credentials: "same-origin", cache: "no-store", signal });
  if (!res.body) return;
  open();
  const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const m: Message = { id: "", event: "", data: "" };
      for (const line of block.split("\n")) {
        if (line.startsWith("id: ")) m.id = line.slice(4);
        else if (line.startsWith("event: ")) m.event = line.slice(7);
        else if (line.startsWith("data: ")) m.data += line.slice(6);
      }
      if (m.data !== "") got(m);
    }
  }
}
