// Texts of others: shown as text, whatever they try to be.
import type { ComponentChildren } from "preact";
import { tick, use } from "../store";
import { useWords } from "./words";
import type { Words } from "../words/en";

// Characters that act instead of being read: controls, and those that turn the
// direction of what follows.
const acting = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

function named(c: string): string {
  return "U+" + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
}

/** The text as one line, with a name in place of every character that acts. */
export function plain(s: string, most = 300): string {
  return (s.length > most ? s.slice(0, most) + "…" : s).replace(acting, (c) => `‹${named(c)}›`);
}

/** The text, with a mark in place of every character that acts. */
export function Text({ s }: { s: string }) {
  const out: ComponentChildren[] = [];
  let at = 0;
  for (const m of s.matchAll(acting)) {
    out.push(s.slice(at, m.index), <span class="acting" key={m.index}>{named(m[0])}</span>);
    at = m.index + m[0].length;
  }
  out.push(s.slice(at));
  return <bdi dir="auto">{out}</bdi>;
}

/** A title in a list. */
export function Title({ s }: { s: string }) {
  return <bdi dir="auto">{plain(s, 200)}</bdi>;
}

/** How long a time is, in one unit. */
export function span(ms: number, t: Words): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const u = t.time.unit;
  if (s < 100) return `${s} ${u.s}`;
  if (s < 6000) return `${Math.round(s / 60)} ${u.m}`;
  if (s < 172800) return `${Math.round(s / 3600)} ${u.h}`;
  return `${Math.round(s / 86400).toLocaleString(t.locale)} ${u.d}`;
}

const exactly = new Map<string, Intl.DateTimeFormat>();

// Making a format takes longer than all else of a row, so one is kept for each language.
function exact(ms: number, locale: string): string {
  let f = exactly.get(locale);
  if (!f) exactly.set(locale, (f = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" })));
  return f.format(ms);
}

/** A moment: how long ago, and exactly when on hover. */
export function Time({ at }: { at: string | null | undefined }) {
  const t = useWords();
  const now = use(tick);
  if (!at || at.startsWith("0001")) return <span class="muted">{t.time.never}</span>;
  const ms = Date.parse(at);
  const away = now - ms;
  const words = away >= 0 ? (away < 1500 ? t.time.now : t.time.ago(span(away, t))) : away > -1500 ? t.time.now : t.time.in(span(-away, t));
  return (
    <time dateTime={at} title={exact(ms, t.locale)}>
      {words}
    </time>
  );
}

/** Bytes, for people. */
export function bytes(b: number, t: Words): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (b >= 1024 && i < units.length - 1) {
    b /= 1024;
    i++;
  }
  return `${b.toLocaleString(t.locale, { maximumFractionDigits: b < 10 && i > 0 ? 1 : 0 })} ${units[i]}`;
}

/** What kind of change an op is, in a word that people use; its own name on hover. */
export function Kind({ kind }: { kind: string }) {
  const t = useWords();
  return <span class="chip" title={kind}>{t.kinds[kind] ?? kind}</span>;
}
