// The recall lab: ask what an agent would ask, and see why it gets what it gets.
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import type { Arm, Hit, RecallInput, Recalled, WhyNot as Why } from "../api.gen";
import { ask, href, place } from "../router";
import { namespace, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { MemoryInput } from "../ui/find";
import { Card, Empty, Failure, Field, Page, Pill, useBusy } from "../ui/kit";
import { Text, Title, plain } from "../ui/text";
import { complain } from "../ui/toast";
import { MemoryLink } from "../ui/title";
import { useWords } from "../ui/words";
import { save } from "./bulk";

/** One way to ask. */
interface Setting {
  namespace: string;
  limit: string;
  budget: string;
  priority: string;
  kind: string;
  deadline: string;
  asOf: string;
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
    ...(s.deadline ? { deadline_ms: Number(s.deadline) } : {}),
    ...(s.asOf ? { as_of: new Date(s.asOf).toISOString() } : {}),
    explain: true,
  };
}

async function run(question: string, s: Setting): Promise<Result> {
  const began = performance.now();
  const said = await call("POST /api/v1/recall", { body: inputOf(question, s) });
  return { said, ms: performance.now() - began };
}

/** A labelled set for tally eval: what was found, and the question with the ids that are expected. */
function caseOf(question: string, ns: string, good: ReadonlySet<string>, results: readonly (Result | null)[]): string {
  const flat = (s: string) => s.replace(/\s+/gu, " ").trim();
  const found = new Map<string, Hit>();
  for (const r of results) for (const h of r?.said.memories ?? []) found.set(h.id, h);
  const lines = [...found.values()].map((h) => [h.namespace, h.id, "", "", "", flat(`${h.title}: ${h.content}`)]);
  return [...lines, ["?" + ns, "console", [...good].join(" "), flat(question)]].map((l) => l.join("\t") + "\n").join("");
}

const plainSetting = (ns: string): Setting => ({ namespace: ns, limit: "10", budget: "", priority: "", kind: "", deadline: "", asOf: "" });

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
    return say("POST /api/v1/recall", { body }, { cli: `recall ${sh(question)}${body.namespace ? " --namespace " + sh(body.namespace) : ""}${body.budget_tokens ? " --budget " + body.budget_tokens : ""}${body.as_of ? " --as-of " + body.as_of : ""} --limit ${body.limit} --explain`, go: `c.Recall(ctx, ${JSON.stringify(question)}, client.Selection{Namespace: ${JSON.stringify(body.namespace ?? "")}})`, tool: "memory_recall", input: { ...body } });
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
          <WhyNot question={question} s={settings[0]} />
          <Card title={t.recall.saveCase}>
            <p class="muted">{t.recall.savedCase}</p>
            <p><button type="button" disabled={good.size === 0} onClick={() => save("cases.tsv", caseOf(question, settings[0].namespace, good, results))}>{t.recall.saveCase} ({good.size})</button></p>
          </Card>
        </div>
      )}
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
      {text("deadline", t.recall.deadline, "numeric")}
      <Field label={t.recall.asOf}><input type="datetime-local" step={1} value={s.asOf} onInput={(e) => set({ ...s, asOf: e.currentTarget.value })} /></Field>
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
      {said.late && <p class="warn-text">{t.recall.late}</p>}
      {said.abstained && <p class="muted">{t.recall.abstained}</p>}
      {said.found > said.count && <p class="muted">{t.recall.cut(said.found, said.count)}</p>}
      {!!said.unknown_words && <p class="muted">{t.recall.unknown(said.unknown_words)}</p>}
      {said.not_kept && said.not_kept.length > 0 && <p class="muted">{t.recall.notKept(said.not_kept.length)}</p>}
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
                {h.band && <Pill kind={h.band === "strong" ? "good" : h.band === "likely" ? "plain" : "warn"}>{t.recall.bands[h.band]}</Pill>}
                <label class="row small muted"><input type="checkbox" checked={good.has(h.id)} onChange={() => tick(h.id)} /> {t.recall.good}</label>
              </div>
              {h.superseded_by && h.superseded_by.length > 0 && <p class="small">{t.recall.superseded} {h.superseded_by.map((id) => <MemoryLink key={id} id={id} />)}</p>}
              {h.parts && <details><summary class="small">{t.recall.parts}</summary><Parts parts={h.parts} top={top} /></details>}
            </div>
          </li>
        ))}
      </ol>
      {said.arms && <details><summary>{t.recall.arms(said.arms.length)}</summary><Arms arms={said.arms} /></details>}
    </Card>
  );
}

// Why a memory is not among the hits: the node says it.
function WhyNot({ question, s }: { question: string; s: Setting }) {
  const t = useWords();
  const r = t.recall;
  const [id, setId] = useState("");
  const [said, setSaid] = useState<Why | null>(null);
  const [busy, go] = useBusy();
  const find = () =>
    go(async () => {
      try {
        setSaid((await call("POST /api/v1/recall", { body: { ...inputOf(question, s), why_not: id.trim() } })).why_not ?? null);
      } catch (err) {
        complain(err);
      }
    });
  return (
    <Card title={r.whyNot}>
      <form class="row wrap" onSubmit={(e) => (e.preventDefault(), find())}>
        <Field label={r.whyId}><MemoryInput value={id} onValue={(x) => (setId(x), setSaid(null))} required /></Field>
        <button type="submit" disabled={busy}>{r.whyNot}</button>
      </form>
      <div aria-live="polite">
        {said && (
          <>
            <p><MemoryLink id={said.id} />: <b>{plain(said.reason, 300)}</b></p>
            {said.conditions?.map((c) => <span key={c} class="chip">{plain(c, 80)}</span>)}
            {said.place !== undefined && said.place > 0 && <p class="muted">{r.place(said.place, said.score ?? 0, said.last_score ?? 0)}</p>}
            {said.parts && <Parts parts={said.parts} top={Math.max(said.last_score ?? 0, said.score ?? 0, 1e-9)} />}
          </>
        )}
      </div>
    </Card>
  );
}

// What a score is the sum of: each part as long as it counts.
function Parts({ parts, top }: { parts: Record<string, number>; top: number }) {
  const list = Object.entries(parts).filter(([, v]) => v !== 0).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  return (
    <ul class="parts">
      {list.map(([name, v]) => (
        <li key={name}>
          <span>{name.replaceAll("_", " ")}</span>
          <span class="bar-track"><span class={v < 0 ? "bar-fill less" : "bar-fill"} style={{ width: `${Math.min(100, (100 * Math.abs(v)) / top)}%` }} /></span>
          <span class="num">{v.toFixed(3)}</span>
        </li>
      ))}
    </ul>
  );
}

// The ways of looking, and what became of each.
function Arms({ arms }: { arms: readonly Arm[] }) {
  const r = useWords().recall;
  return (
    <ul class="rows inner">
      {arms.map((a) => <li key={a.name}><b>{a.name}</b> <Pill kind={a.state === "ran" ? "good" : a.state === "partial" ? "warn" : "plain"}>{r.armStates[a.state]}</Pill> <span class="muted">{a.why ? plain(a.why, 120) : r.brought(a.found)}</span></li>)}
    </ul>
  );
}
