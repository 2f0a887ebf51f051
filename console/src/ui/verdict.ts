// How the federation stands, in one sentence.
import type { Member, Status } from "../api.gen";
import type { Words } from "../words/en";
import { span } from "./text";

export type Kind = "good" | "warn" | "bad" | "plain";

/** Whether a member can be reached, or is in touch by its own calls. */
export function reached(m: Member): boolean {
  return m.state === "ok" || m.state === "catching_up" || m.state === "own_calls";
}

/** When the member that was proven equal longest ago was; 0 if one never was. */
export function provenSince(s: Status): number {
  return Math.min(...s.members.map((m) => (m.proven_equal_at ? Date.parse(m.proven_equal_at) : 0)));
}

/** The sentence of the pill, and how bad it is. */
export function verdict(s: Status, now: number, t: Words): { text: string; kind: Kind } {
  if (s.members.length === 0) return { text: t.status.alone, kind: "plain" };
  const away = s.members.filter((m) => !reached(m));
  if (s.n - away.length < s.w) return { text: t.status.below, kind: "bad" };
  const owing = s.members.filter((m) => m.owed > 0);
  if (owing.length > 0) {
    const most = Math.max(...owing.map((m) => m.owed));
    return { text: t.status.owed(most, t.status.and(owing.map((m) => m.name))), kind: "warn" };
  }
  if (away.length > 0) return { text: t.status.missing(t.status.and(away.map((m) => m.name))), kind: "warn" };
  if (s.damaged > 0) return { text: t.status.damaged(s.damaged), kind: "warn" };
  const since = provenSince(s);
  if (since === 0) return { text: t.status.some(1 + s.members.filter((m) => m.proven_equal_at).length, s.n), kind: "warn" };
  return { text: t.status.equal(s.n, span(now - since, t)), kind: "good" };
}
