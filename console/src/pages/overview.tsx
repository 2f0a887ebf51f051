import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { call } from "../api";
import type { Event as Op, Status } from "../api.gen";
import { rates, watchRates } from "../metrics";
import { href } from "../router";
import { events, live, locked, namespace, silent, standing, status, tick, use } from "../store";
import { Card, Empty, Failure, Page, Spark, useLoad } from "../ui/kit";
import { MemoryLink } from "../ui/title";
import { Kind, Time, bytes, plain, span } from "../ui/text";
import { provenSince, reached, verdict } from "../ui/verdict";
import { useWords } from "../ui/words";

const minutes = 10;

/** Four questions, and what answers them. */
export function Overview() {
  const t = useWords();
  const s = use(status);
  const why = use(silent);
  const ns = use(namespace);
  const shut = use(locked);
  const me = use(standing);
  useEffect(() => (shut ? undefined : watchRates()), [shut]);
  const stats = useLoad((signal) => call("GET /api/v1/stats", { signal }), []);
  const pending = useLoad((signal) => call("GET /api/v1/pending", { query: { status: "pending", ...(ns ? { namespace: ns } : {}) }, signal }), [ns]);
  // What is broken on this machine; what is with members, and refused ops, is counted by itself.
  const broken = useLoad(async (signal) => (me?.operator ? (await call("GET /api/v1/checkup", { signal })).checks.filter((f) => f.state === "fail" && !f.member && f.check !== "stored entries").length : 0), [me?.operator]);
  useEffect(() => {
    const timer = setInterval(() => (stats.again(), pending.again()), 15_000);
    return () => clearInterval(timer);
  }, []);
  if (!s && why && why.status !== 0) return <Page title={t.overview.title}><Failure error={why} /></Page>;
  return (
    <Page title={t.overview.title}>
      <div class="answers">
        <Healthy s={s} />
        <Converged s={s} />
        <Busy />
        <Needs s={s} approvals={pending.value?.count ?? 0} expiring={stats.value?.expiring_soon ?? 0} broken={broken.value ?? 0} />
      </div>
      <Rates />
      <div class="split">
        <Ticker />
        <Holds s={s} />
      </div>
    </Page>
  );
}

function Answer({ question, kind, answer, children, to }: { question: string; kind: string; answer: string; children: ComponentChildren; to: string }) {
  return (
    <section class={"answer " + kind}>
      <h2>{question}</h2>
      <p class="answer-word"><a href={href(to)}>{answer}</a></p>
      <div class="muted">{children}</div>
    </section>
  );
}

function Healthy({ s }: { s: Status | null }) {
  const t = useWords();
  const now = use(tick);
  const why = use(silent);
  if (!s) return <Answer question={t.overview.healthy} kind="plain" answer="…" to="system">{t.status.waiting}</Answer>;
  const away = s.members.filter((m) => !reached(m));
  const bad = !!why || s.damaged > 0 || s.n - away.length < s.w;
  const warn = away.length > 0 || s.parked.length > 0 || s.warnings.length > 0;
  return (
    <Answer question={t.overview.healthy} kind={bad ? "bad" : warn ? "warn" : "good"} answer={bad ? t.overview.no : t.overview.yes} to="system">
      {why ? t.status.silent : s.n - away.length < s.w ? t.status.below : s.warnings[0] ? plain(s.warnings[0], 160) : t.overview.fine} {t.overview.uptime(span(now - Date.parse(s.started_at), t))}
      <br />
      {t.overview.quorum(s.w, s.n)}
    </Answer>
  );
}

function Converged({ s }: { s: Status | null }) {
  const t = useWords();
  const now = use(tick);
  if (!s) return <Answer question={t.overview.converged} kind="plain" answer="…" to="peers">{t.status.waiting}</Answer>;
  const v = verdict(s, now, t);
  const equal = s.members.every((m) => m.owed === 0) && (s.members.length === 0 || provenSince(s) > 0);
  return (
    <Answer question={t.overview.converged} kind={equal ? "good" : "warn"} answer={equal ? t.overview.yes : t.overview.no} to="peers">
      {v.text}
      <br />
      {s.index_lag > 0 ? t.overview.lag(s.index_lag) : <code class="digest" title={s.digest}>{s.digest.slice(0, 12)}</code>}
    </Answer>
  );
}

function recent(list: readonly Op[], now: number): Op[] {
  return list.filter((e) => now - Date.parse(e.at) < minutes * 60_000);
}

function Busy() {
  const t = useWords();
  const now = use(tick);
  const fresh = recent(use(events), now);
  const listens = use(live);
  const who = new Map<string, number>();
  for (const e of fresh) who.set(e.actor, (who.get(e.actor) ?? 0) + 1);
  const list = [...who].sort((a, b) => b[1] - a[1]).slice(0, 4);
  return (
    <Answer question={t.overview.agents} kind="plain" answer={fresh.length === 0 ? "—" : t.n(fresh.length, t.overview.writesLine.slice(0, -1), t.overview.writesLine)} to="activity">
      {fresh.length === 0 ? (listens ? t.overview.quiet : t.overview.listening) : t.overview.writes(fresh.length, who.size)}
      <br />
      {list.map(([name, c]) => <span key={name} class="chip">{plain(name, 40)} {c}</span>)}
    </Answer>
  );
}

function Needs({ s, approvals, expiring, broken }: { s: Status | null; approvals: number; expiring: number; broken: number }) {
  const t = useWords();
  const failing = s ? s.members.filter((m) => !reached(m)).length : 0;
  const rows: [number, (c: number) => string, string][] = [
    [approvals, t.overview.approvals, href("approvals")],
    [s?.counts.conflicts ?? 0, t.overview.conflicts, href("memories", "", { state: "conflict" })],
    [s?.parked.length ?? 0, t.overview.parked, href("delivery")],
    [failing, t.overview.failing, href("peers")],
    [s?.damaged ?? 0, t.overview.damaged, href("system")],
    [broken, t.overview.broken, href("system", "", { doctor: "1" })],
    [expiring, t.overview.expiring, href("memories", "", { expiry: "will" })],
  ];
  const open = rows.filter(([c]) => c > 0);
  const total = open.reduce((sum, [c]) => sum + c, 0);
  return (
    <Answer question={t.overview.needs} kind={open.length === 0 ? "good" : "warn"} answer={total === 0 ? "0" : total.toLocaleString(t.locale)} to="approvals">
      {open.length === 0 ? t.overview.nothing : <ul class="plain-list">{open.map(([c, word, to]) => <li key={to}><a href={to}>{word(c)}</a></li>)}</ul>}
    </Answer>
  );
}

function Rates() {
  const t = useWords();
  const now = use(tick);
  const list = use(rates);
  const ops = recent(use(events), now);
  const bins = Array.from({ length: 60 }, () => 0);
  for (const e of ops) {
    const i = 59 - Math.floor((now - Date.parse(e.at)) / 10_000);
    if (i >= 0 && i < 60) bins[i]! += 6;
  }
  const recalls = list.map((r) => r.recalls);
  const p95 = list.map((r) => r.p95);
  const shown = (v: number | undefined) => (v === undefined ? "—" : v.toLocaleString(t.locale, { maximumFractionDigits: v < 10 ? 1 : 0 }));
  return (
    <Card title={t.overview.rates} kind="rates">
      <div class="spark-row">
        <figure>
          <figcaption>{t.overview.writesLine} <b>{shown(bins.slice(-6).reduce((a, b) => a + b, 0) / 6)}</b> <span class="muted">{t.overview.perMinute}</span></figcaption>
          <Spark values={bins} label={t.overview.writesLine} />
        </figure>
        <figure>
          <figcaption>{t.overview.recallsLine} <b>{shown(recalls.at(-1))}</b> <span class="muted">{t.overview.perMinute}</span></figcaption>
          <Spark values={recalls.length > 1 ? recalls : [0, 0]} label={t.overview.recallsLine} />
        </figure>
        <figure>
          <figcaption>{t.overview.p95} <b>{p95.length > 0 ? `≤ ${shown(p95.at(-1))}` : "—"}</b> <span class="muted">ms</span></figcaption>
          <Spark values={p95.length > 1 ? p95 : [0, 0]} label={t.overview.p95} />
        </figure>
      </div>
      <p class="muted small">{t.overview.rateNote}</p>
    </Card>
  );
}

/** What an op is about, as a link where there is something to see. */
export function Subject({ e }: { e: Op }) {
  const words = (e.subjects.find((x) => x.startsWith("content ") || x.startsWith("life ")) ?? e.subjects[0] ?? "").split(" ");
  const [family, id, other] = words;
  if ((family === "content" || family === "life") && id) return <MemoryLink id={id} />;
  if (family === "link" && id && other) return <span><MemoryLink id={id} /> → <MemoryLink id={other} /></span>;
  if ((family === "proposal" || family === "vote") && id) return <a href={href("approvals", id)}><code>{plain(id.slice(0, 13), 20)}…</code></a>;
  if (family === "standard" && id) return <a href={href("namespaces", id)}>{plain(id, 60)}</a>;
  return <span class="muted">{plain(words.join(" "), 60)}</span>;
}

function Ticker() {
  const t = useWords();
  const list = use(events);
  const listens = use(live);
  return (
    <Card title={t.overview.ticker} aside={<a href={href("activity")}>{t.nav.activity}</a>}>
      {list.length === 0 && !listens ? <p class="muted">{t.overview.listening}</p> : list.length === 0 ? (
        <Empty title={t.overview.tickerEmpty}>
          <a href={href("memories", "", { new: "1" })}>{t.list.newMemory}</a> · <a href={href("connect")}>{t.nav.connect}</a>
        </Empty>
      ) : (
        <ol class="ticker">
          {list.slice(0, 12).map((e) => (
            <li key={e.lsn}>
              <Time at={e.at} /> <b>{plain(e.actor, 40)}</b> <Kind kind={e.kind} /> <Subject e={e} /> <span class="muted">{t.common.onNode(e.dot.split(".")[0] ?? "")}</span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

function Holds({ s }: { s: Status | null }) {
  const t = useWords();
  if (!s) return <Card title={t.overview.holds}><p class="muted">…</p></Card>;
  const c = s.counts;
  if (c.pending) return <Card title={t.overview.holds}><p class="muted">{t.overview.counting}</p></Card>;
  const rows: [string, number][] = [[t.overview.live, c.live], [t.overview.archived, c.archived], [t.overview.deleted, c.deleted], [t.overview.erased, c.erased], [t.overview.links, c.links]];
  return (
    <Card title={t.overview.holds}>
      <dl class="facts">
        {rows.map(([name, v]) => <div key={name}><dt>{name}</dt><dd class="num">{v.toLocaleString(t.locale)}</dd></div>)}
        <div><dt>{t.overview.disk}</dt><dd class="num">{bytes(c.bytes, t)}</dd></div>
      </dl>
    </Card>
  );
}
