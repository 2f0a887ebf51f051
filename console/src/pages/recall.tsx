// The recall lab: ask what an agent would ask, and see why it gets what it gets.
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import type { Hit, RecallInput, Recalled } from "../api.gen";
import { ask, href, place } from "../router";
import { namespace, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { Card, Empty, Failure, Field, NotYet, Page, useBusy } from "../ui/kit";
import { Text, Title, plain } from "../ui/text";
import { useWords } from "../ui/words";
import { save } from "./bulk";

/** One way to ask. */
interface Setting {
  namespace: string;
  limit: string;
  budget: string;
  priority: string;
  kind: string;
}

interface Result {
  said: Recalled;
  ms: number;
}

function inputOf(question: string, s: Setting): RecallInput {
  return {
    context: question,
    limit: Number(s.limit) || 10,
    ...(s.namespace ? { namespace: s.namespace, subtree: true } : {}),
    ...(s.budget ? { budget_tokens: Number(s.budget) } : {}),
    ...(s.priority ? { min_priority: Number(s.priority) } : {}),
    ...(s.kind ? { kinds: [s.kind] } : {}),
  };
}

async function run(question: string, s: Setting): Promise<Result> {
  const began = performance.now();
  const said = await call("POST /api/v1/recall", { body: inputOf(question, s) });
  return { said, ms: performance.now() - began };
}

const plainSetting = (ns: string): Setting => ({ namespace: ns, limit: "10", budget: "", priority: "", kind: "" });

export default function RecallLab() {
  const t = useWords();
  const at = use(place);
  const ns = use(namespace);
  const question = at.query.get("q") ?? "";
  const [two, setTwo] = useState(false);
  const [settings, setSettings] = useState<[Setting, Setting]>([plainSetting(ns), plainSetting("")]);
  const [results, setResults] = useState<(Result | null)[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [busy, go] = useBusy();
  const [good, setGood] = useState<ReadonlySet<string>>(new Set());
  const box = useRef<HTMLTextAreaElement>(null);
  const ask2 = (q: string) =>
    go(async () => {
      try {
        setError(null);
        setResults([await run(q, settings[0]), two ? await run(q, settings[1]) : null]);
      } catch (err) {
        setError(err);
      }
    });
  useEffect(() => {
    if (question !== "") ask2(question);
  }, [question, two]);
  const submit = (e: Event) => {
    e.preventDefault();
    const q = box.current?.value.trim() ?? "";
    if (q === question) ask2(q);
    else ask({ q }, false);
  };
  const change = (i: 0 | 1) => (s: Setting) => setSettings(i === 0 ? [s, settings[1]] : [settings[0], s]);
  const first = results[0];
  const tick = (id: string) => {
    const next = new Set(good);
    if (!next.delete(id)) next.add(id);
    setGood(next);
  };
  const said = () => {
    const body = inputOf(question, settings[0]);
    return say("POST /api/v1/recall", { body }, { cli: `recall ${sh(question)}${body.namespace ? " --namespace " + sh(body.namespace) : ""}${body.budget_tokens ? " --budget " + body.budget_tokens : ""} --limit ${body.limit}`, go: `c.Recall(ctx, ${JSON.stringify(question)}, client.Selection{Namespace: ${JSON.stringify(body.namespace ?? "")}})`, tool: "memory_recall", input: { ...body } });
  };
  return (
    <Page title={t.recall.title} aside={<CopyAs said={said} />}>
      <form class="lab" onSubmit={submit}>
        <Field label={t.recall.question}><textarea ref={box} rows={2} defaultValue={question} key={question} required maxLength={8000} dir="auto" onKeyDown={(e) => e.key === "Enter" && (e.ctrlKey || e.metaKey) && submit(e)} /></Field>
        <div class={two ? "sides" : ""}>
          <SettingForm s={settings[0]} set={change(0)} title={two ? t.recall.first : ""} />
          {two && <SettingForm s={settings[1]} set={change(1)} title={t.recall.secondShort} />}
        </div>
        <p class="row wrap">
          <button type="submit" class="primary" disabled={busy}>{t.recall.ask}</button>
          <label class="row"><input type="checkbox" checked={two} onChange={() => setTwo(!two)} /> {t.recall.second}</label>
        </p>
      </form>
      {error ? <Failure error={error} again={() => ask2(question)} /> : null}
      {!first && !error && <Empty title={t.recall.start} />}
      {first && (
        <div class={results[1] ? "sides" : ""}>
          <Hits r={first} other={results[1] ?? null} good={good} tick={tick} />
          {results[1] && <Hits r={results[1]} other={first} good={good} tick={tick} />}
        </div>
      )}
      {first && (
        <div class="split">
          <WhyNot question={question} s={settings[0]} r={first.said} />
          <Card title={t.recall.saveCase}>
            <p class="muted">{t.recall.savedCase}</p>
            <p><button type="button" disabled={good.size === 0} onClick={() => save("cases.jsonl", JSON.stringify({ question, namespace: settings[0].namespace || undefined, relevant: [...good] }) + "\n")}>{t.recall.saveCase} ({good.size})</button></p>
          </Card>
        </div>
      )}
      <NotYet>{t.recall.parts} {t.recall.asOf}</NotYet>
    </Page>
  );
}

function SettingForm({ s, set, title }: { s: Setting; set: (s: Setting) => void; title: string }) {
  const t = useWords();
  const text = (name: keyof Setting, label: string, mode: "text" | "numeric" = "text") => (
    <Field label={label}><input inputMode={mode} value={s[name]} onInput={(e) => set({ ...s, [name]: e.currentTarget.value })} maxLength={512} /></Field>
  );
  return (
    <fieldset class="columns setting">
      {title && <legend>{title}</legend>}
      {text("namespace", t.recall.namespace)}
      {text("limit", t.recall.limit, "numeric")}
      {text("budget", t.recall.budget, "numeric")}
      {text("priority", t.recall.minPriority, "numeric")}
      {text("kind", t.recall.kind)}
    </fieldset>
  );
}

function Hits({ r, other, good, tick }: { r: Result; other: Result | null; good: ReadonlySet<string>; tick: (id: string) => void }) {
  const t = useWords();
  const { said, ms } = r;
  const top = Math.max(...said.memories.map((h) => h.score), 1e-9);
  const places = new Map(other?.said.memories.map((h, i) => [h.id, i]));
  const move = (h: Hit, i: number) => {
    const was = places.get(h.id);
    return was === undefined ? t.recall.onlyHere : t.recall.rankMoves(was - i);
  };
  return (
    <Card title={t.n(said.count, "hit")} aside={<span class="muted small">{t.recall.took(Math.round(ms))} · {t.recall.mode} {said.mode} · {t.recall.tokens(said.tokens_used)}</span>}>
      {said.index_lag > 0 && <p class="warn-text">{t.recall.lag(said.index_lag)}</p>}
      {said.meta && said.meta.memories_dropped > 0 && <p class="muted">{t.recall.dropped(said.meta.memories_dropped)}</p>}
      {said.memories.length === 0 && <Empty title={t.recall.empty}>{t.recall.emptyHelp}</Empty>}
      <ol class="hits">
        {said.memories.map((h, i) => (
          <li key={h.id}>
            <span class="rank num">{i + 1}</span>
            <div>
              <div class="row wrap">
                <b><a href={href("memory", h.id)}><Title s={h.title} /></a></b>
                <span class="muted small">{plain(h.namespace, 60)} · {t.memory.priority} {h.priority}</span>
                {other && <span class="chip">{move(h, i)}</span>}
              </div>
              <p class="clip"><Text s={h.content.slice(0, 400)} /></p>
              <div class="row">
                <span class="bar-track" role="img" aria-label={`${t.recall.score} ${h.score.toFixed(3)}`}><span class="bar-fill" style={{ width: `${(100 * h.score) / top}%` }} /></span>
                <span class="num small">{h.score.toFixed(3)}</span>
                <label class="row small muted"><input type="checkbox" checked={good.has(h.id)} onChange={() => tick(h.id)} /> {t.recall.good}</label>
              </div>
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}

// Why a memory is not among the hits: what the node itself can be asked, in order.
function WhyNot({ question, s, r }: { question: string; s: Setting; r: Recalled }) {
  const t = useWords();
  const c = t.recall.checks;
  const [id, setId] = useState("");
  const [why, setWhy] = useState("");
  const [busy, go] = useBusy();
  const find = async (): Promise<string> => {
    const at = r.memories.findIndex((h) => h.id === id.trim());
    if (at >= 0) return c.ranked(at + 1);
    let h;
    try {
      h = await call("GET /api/v1/memories/{id}/history", { path: { id: id.trim() } });
    } catch {
      return c.missing;
    }
    if (h.state !== "live") return c.state(t.memory.states[h.state]);
    const m = h.revisions.find((x) => x.current)?.memory;
    if (!m) return c.missing;
    if (s.namespace && m.namespace !== s.namespace && !m.namespace.startsWith(s.namespace + "/")) return c.namespace(m.namespace);
    if (s.priority && m.priority < Number(s.priority)) return c.priority(m.priority);
    if (s.kind && m.memory_kind !== s.kind) return c.kind(m.memory_kind);
    const wide = await call("POST /api/v1/recall", { body: { ...inputOf(question, { ...s, budget: "" }), limit: 50 } });
    const deep = wide.memories.findIndex((x) => x.id === m.id);
    if (deep >= 0) return c.outranked(deep + 1);
    const text = `${m.title} ${m.content} ${m.tags.join(" ")}`.toLowerCase();
    const shares = question.toLowerCase().split(/[^\p{L}\p{N}]+/u).some((w) => w.length > 2 && text.includes(w));
    return shares ? c.deep : c.words;
  };
  return (
    <Card title={t.recall.whyNot}>
      <form class="row wrap" onSubmit={(e) => (e.preventDefault(), go(async () => setWhy(await find())))}>
        <Field label={t.recall.whyId}><input value={id} onInput={(e) => (setId(e.currentTarget.value), setWhy(""))} required maxLength={128} /></Field>
        <button type="submit" disabled={busy}>{t.recall.whyNot}</button>
      </form>
      <p aria-live="polite">{why}</p>
    </Card>
  );
}
