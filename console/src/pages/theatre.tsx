// One write, and when each thing that was promised happened, by this page's clock.
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import { href } from "../router";
import { events, namespace, status, use } from "../store";
import { CopyAs, say } from "../ui/copy";
import { Card, Empty, Field, Page, Pill, Tally, useBusy } from "../ui/kit";
import { plain } from "../ui/text";
import { complain, toast } from "../ui/toast";
import { useWords } from "../ui/words";

const pause = 10; // ms between two questions
const patience = 30_000;

/** What happened, in ms after the request was sent. */
interface Act {
  id: string;
  dot: string;
  w: number;
  n: number;
  accepted: number;
  appeared: number | null;
  held: Record<string, number>;
  recalled: number | null;
  over: boolean;
}

const nap = (ms: number) => new Promise((f) => setTimeout(f, ms));

export default function Theatre() {
  const t = useWords();
  const k = t.theatre;
  const s = use(status);
  const [act, setAct] = useState<Act | null>(null);
  const [text, setText] = useState("");
  const [busy, run] = useBusy();
  const watched = useRef<{ dot: string; began: number } | null>(null);
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const ops = use(events);
  useEffect(() => {
    const w = watched.current;
    if (w && ops.some((e) => e.dot === w.dot)) {
      const at = performance.now() - w.began;
      watched.current = null;
      setAct((a) => (a && a.appeared === null ? { ...a, appeared: at } : a));
    }
  }, [ops]);
  const play = () =>
    run(async () => {
      stop.current.abort();
      stop.current = new AbortController();
      const signal = stop.current.signal;
      const word = "theatre" + Math.random().toString(36).slice(2, 10);
      const body = { title: `Write theatre ${word}`, content: text.trim() || `A write to watch: ${word}.`, namespace: namespace.get() || "theatre", tags: ["theatre"], tier: "short" as const };
      try {
        const began = performance.now();
        const out = await call("POST /api/v1/memories", { body, query: { durability: "local" } });
        const accepted = performance.now() - began;
        if ("pending_id" in out) {
          toast({ text: t.memory.pending });
          return;
        }
        const dot = out.receipt?.dot ?? "";
        watched.current = { dot, began };
        const here = s?.node ?? "";
        setAct({ id: out.id, dot, w: s?.w ?? 1, n: s?.n ?? 1, accepted, appeared: null, held: { [here]: accepted }, recalled: null, over: false });
        await Promise.all([receipts(dot, began, signal), recall(word, out.id, began, signal)]);
        if (!signal.aborted) setAct((a) => a && { ...a, over: true });
      } catch (err) {
        if (!stop.current.signal.aborted) complain(err);
      }
    });
  const receipts = async (dot: string, began: number, signal: AbortSignal) => {
    while (!signal.aborted && performance.now() - began < patience) {
      const r = await call("GET /api/v1/receipts/{dot}", { path: { dot }, signal });
      const at = performance.now() - began;
      setAct((a) => a && { ...a, w: r.w, n: r.n, held: { ...Object.fromEntries(r.held_by.map((m) => [m, at])), ...a.held } });
      if (r.held_by.length >= r.n) return;
      await nap(pause);
    }
  };
  const recall = async (word: string, id: string, began: number, signal: AbortSignal) => {
    while (!signal.aborted && performance.now() - began < patience) {
      const r = await call("POST /api/v1/recall", { body: { context: word, limit: 3 }, signal });
      if (r.memories.some((m) => m.id === id)) {
        const at = performance.now() - began;
        setAct((a) => a && { ...a, recalled: at });
        return;
      }
      await nap(pause);
    }
  };
  const erase = () =>
    run(async () => {
      if (!act) return;
      try {
        await call("POST /api/v1/memories/{id}/erase", { path: { id: act.id } });
        toast({ text: k.gone });
        setAct(null);
      } catch (err) {
        complain(err);
      }
    });
  return (
    <Page title={k.title} aside={<CopyAs said={() => say("POST /api/v1/memories", { body: { title: "Write theatre", content: text || "A write to watch." } }, { cli: 'remember "Write theatre" "A write to watch." --durability all', go: "c.Create(ctx, draft, client.With{Durability: client.All})", tool: "memory_store", input: { title: "Write theatre", content: text || "A write to watch." } })} />}>
      <p class="muted">{k.intro}</p>
      <form class="row wrap" onSubmit={(e) => (e.preventDefault(), play())}>
        <Field label={k.text}><input value={text} onInput={(e) => setText(e.currentTarget.value)} size={50} maxLength={2000} /></Field>
        <button type="submit" class="primary" disabled={busy}>{act ? k.again : k.begin}</button>
        {act && <button type="button" disabled={busy} onClick={erase}>{k.erase}</button>}
      </form>
      {act ? <Stage act={act} names={s ? [s.node, ...s.members.map((m) => m.name)] : Object.keys(act.held)} /> : <Card><Empty title={k.empty} /></Card>}
      <Card title={k.rehearsal}>
        <p class="muted">{k.rehearsalText}</p>
        <p><a class="button" href={href("rehearsal")}>{k.rehearsalOpen}</a></p>
      </Card>
    </Page>
  );
}

function Stage({ act, names }: { act: Act; names: string[] }) {
  const t = useWords();
  const k = t.theatre;
  const when = Object.values(act.held).sort((a, b) => a - b);
  const quorum = when.length >= act.w ? when[act.w - 1]! : null;
  const rows: [string, number | null, string][] = [
    [k.sent, 0, ""],
    [k.accepted, act.accepted, "here"],
    ...names.slice(1).map((m): [string, number | null, string] => [k.heldBy(plain(m, 40)), act.held[m] ?? null, "peer"]),
    [k.quorum(act.w), quorum, "quorum"],
    [k.appeared, act.appeared, ""],
    [k.recalled, act.recalled, ""],
  ];
  const top = Math.max(...rows.map(([, ms]) => ms ?? 0), 1);
  const shown = (ms: number) => `${ms.toLocaleString(t.locale, { maximumFractionDigits: ms < 10 ? 1 : 0 })} ms`;
  const sorted = [...rows].sort((a, b) => (a[1] ?? Infinity) - (b[1] ?? Infinity));
  return (
    <Card title={<a href={href("memory", act.id)}>{act.dot}</a>} aside={<Tally held={when.length} of={act.n} w={act.w} label={t.memory.held(when.length, act.n, act.w)} />}>
      <ol class="stage" aria-live="polite">
        {sorted.map(([name, ms, kind]) => (
          <li key={name} class={kind}>
            <span class="stage-name">{name}</span>
            <span class="stage-track"><span class="stage-mark" style={{ left: ms === null ? "100%" : `${(100 * ms) / top}%` }} hidden={ms === null} /></span>
            <span class="num">{ms === null ? <Pill>{act.over ? "—" : k.waiting}</Pill> : shown(ms)}</span>
          </li>
        ))}
      </ol>
      <p class="muted small">{k.resolution(pause)}</p>
      {act.over && when.length < act.n && <p class="warn-text">{k.stalled}</p>}
    </Card>
  );
}
