// The node itself: what it is, how it fares, and what its operator can do.
import { useState } from "preact/hooks";
import { call } from "../api";
import type { Scrubbing, Setting } from "../api.gen";
import { standing, status, use } from "../store";
import { CopyAs, say } from "../ui/copy";
import { Card, Page, Pill, Show, useBusy, useLoad } from "../ui/kit";
import { Time, bytes, plain } from "../ui/text";
import { complain, toast } from "../ui/toast";
import { useWords } from "../ui/words";
import { Backups, Doctor, Speed } from "./care";

export default function System() {
  const t = useWords();
  const y = t.system;
  const s = use(status);
  const caps = useLoad((signal) => call("GET /api/v1/capabilities", { signal }), []);
  return (
    <Page title={y.title} aside={<CopyAs said={() => say("GET /api/v1/status", {}, { cli: "doctor", go: "c.Status(ctx)", tool: "node_status" })} />}>
      <div class="split">
        <div>
          <Doctor />
          <Backups />
          <Speed />
          <Upkeep />
          <Routes />
        </div>
        <div>
          <Card title={y.node}>
            {s && (
              <dl class="facts">
                <div><dt>{y.node}</dt><dd><b>{s.node}</b></dd></div>
                <div><dt>{y.version}</dt><dd>{plain(s.version, 60)}</dd></div>
                <div><dt>{y.incarnation}</dt><dd><code>{s.incarnation}</code></dd></div>
                <div><dt>{y.started}</dt><dd><Time at={s.started_at} /></dd></div>
                <div><dt>{y.clock}</dt><dd>{new Date(s.time).toLocaleString(t.locale)}</dd></div>
                <div><dt>{y.lag}</dt><dd class="num">{s.index_lag}</dd></div>
                <div><dt>{t.overview.disk}</dt><dd>{s.counts.pending ? "…" : bytes(s.counts.bytes, t)}</dd></div>
                <div><dt>{y.warnings}</dt><dd>{s.warnings.length === 0 ? <span class="muted">{y.noWarnings}</span> : s.warnings.map((w) => <p key={w} class="warn-text">{plain(w, 300)}</p>)}</dd></div>
              </dl>
            )}
          </Card>
          <Models />
          <Card title={y.features}>
            <Show of={caps}>
              {(v) => (
                <dl class="facts">
                  {Object.entries(v.features).map(([name, x]) => <div key={name}><dt>{name.replaceAll("_", " ")}</dt><dd>{x === true ? <Pill kind="good">{y.yes}</Pill> : x === false ? <Pill>{y.no}</Pill> : plain(String(x), 80)}</dd></div>)}
                  <div><dt>{y.embedder}</dt><dd>{v.models.embedder ?? <span class="muted">{y.noEmbedder}</span>}</dd></div>
                </dl>
              )}
            </Show>
          </Card>
          <Card title={y.limits}>
            <Show of={caps}>{(v) => <dl class="facts">{Object.entries(v.limits).map(([name, x]) => <div key={name}><dt>{name.replaceAll("_", " ")}</dt><dd class="num">{Number(x).toLocaleString(t.locale)}</dd></div>)}</dl>}</Show>
          </Card>
          <Settings />
        </div>
      </div>
    </Page>
  );
}

// What the node runs with. What was only left at its default is behind a fold.
function Settings() {
  const t = useWords();
  const y = t.system;
  const me = use(standing);
  const list = useLoad(async (signal) => (me?.operator ? call("GET /api/v1/settings", { signal }) : null), [me?.operator]);
  const row = (x: Setting) => <div key={x.key}><dt><code>{x.key}</code></dt><dd>{x.value.length === 0 ? <span class="muted">{y.notSet}</span> : plain(x.value.join(", "), 200)} <span class="muted small">{y.from(plain(x.origin, 80))}</span></dd></div>;
  return (
    <Card title={y.config} aside={<CopyAs said={() => say("GET /api/v1/settings", {}, { cli: "config show --origin" })} />}>
      <Show of={list}>
        {(v) => {
          if (v === null) return <p class="muted small">{y.asOperator}</p>;
          if (v.count === 0) return <p class="muted">{y.noSettings}</p>;
          const initial = v.settings.filter((x) => x.origin === "default");
          return (
            <>
              <dl class="facts settings">{v.settings.filter((x) => x.origin !== "default").map(row)}</dl>
              <details><summary>{y.defaults(initial.length)}</summary><dl class="facts settings">{initial.map(row)}</dl></details>
            </>
          );
        }}
      </Show>
    </Card>
  );
}

// The models that this node recalls with, and how far they are.
function Models() {
  const t = useWords();
  const y = t.system;
  const list = use(status)?.models ?? [];
  if (list.length === 0) return null;
  return (
    <Card title={y.models}>
      <ul class="rows">
        {list.map((m) => (
          <li key={m.name}><b>{plain(m.name, 60)}</b> <Pill kind={m.state === "ready" ? "good" : m.state === "failed" ? "bad" : "warn"}>{m.state}</Pill> <span class="muted">{y.vectors(m.vectors, m.behind)}, {bytes(m.bytes, t)}</span> {m.problem && <span class="warn-text small">{plain(m.problem, 200)}</span>}</li>
        ))}
      </ul>
    </Card>
  );
}

function Upkeep() {
  const t = useWords();
  const y = t.system;
  const me = use(standing);
  const [busy, run] = useBusy();
  const [at, setAt] = useState<Scrubbing | null>(null);
  const scrub = () =>
    run(async () => {
      try {
        let s = await call("POST /api/v1/scrub", { query: { after: 0 } });
        setAt(s);
        while (!s.done) {
          s = await call("POST /api/v1/scrub", { query: { after: s.after } });
          setAt(s);
        }
      } catch (err) {
        complain(err);
      }
    });
  const collect = () =>
    run(async () => {
      try {
        toast({ text: y.collected((await call("POST /api/v1/gc")).history_dropped) });
      } catch (err) {
        complain(err);
      }
    });
  return (
    <Card title={y.health}>
      <p class="row wrap">
        <button type="button" disabled={busy} onClick={scrub}>{y.damage}</button>
        <button type="button" disabled={busy} onClick={collect}>{y.collect}</button>
        <CopyAs said={() => say("POST /api/v1/scrub", { query: { after: 0 } }, { cli: "scrub", go: "c.Upkeep().Scrub(ctx, nil)", tool: "node_scrub" })} />
      </p>
      {at && <p aria-live="polite">{at.done ? y.scrubbed(at.entries, at.damaged) : y.scrubbing(Math.round((100 * at.after) / Math.max(at.last, 1)))}</p>}
      {!me?.operator && <p class="muted small">{y.asOperator}</p>}
    </Card>
  );
}

interface RouteTimes {
  name: string;
  count: number;
  p50: string;
  p95: string;
}

// Times by route, out of the histograms that the node shows to Prometheus.
function timesOf(text: string): RouteTimes[] {
  const buckets = new Map<string, [number, number][]>();
  for (const line of text.split("\n")) {
    const m = /^tally_http_request_seconds_bucket\{method="([^"]+)",route="([^"]+)",le="([^"]+)"\} (\S+)$/.exec(line);
    if (!m) continue;
    const name = `${m[1]} ${m[2]}`;
    const list = buckets.get(name) ?? [];
    list.push([m[3] === "+Inf" ? Infinity : Number(m[3]), Number(m[4])]);
    buckets.set(name, list);
  }
  const within = (list: [number, number][], part: number): string => {
    const total = list.at(-1)?.[1] ?? 0;
    const le = list.find(([, c]) => c >= part * total)?.[0] ?? Infinity;
    return le === Infinity ? "> 10 s" : `${(le * 1000).toLocaleString("en")} ms`;
  };
  return [...buckets].map(([name, list]) => ({ name, count: list.at(-1)?.[1] ?? 0, p50: within(list, 0.5), p95: within(list, 0.95) })).sort((a, b) => b.count - a.count);
}

function Routes() {
  const t = useWords();
  const y = t.system;
  const list = useLoad(async (signal) => timesOf(await call("GET /metrics", { signal })), []);
  return (
    <Card title={y.routes} aside={<button type="button" class="quiet" onClick={list.again}>{t.common.refresh}</button>}>
      <Show of={list}>
        {(v) => (
          <div class="scroll" tabIndex={0} role="region" aria-label={y.routes}>
            <table class="table">
              <thead><tr><th scope="col">{y.route}</th><th scope="col" class="num">{y.calls}</th><th scope="col" class="num">{y.p50}</th><th scope="col" class="num">{y.p95}</th></tr></thead>
              <tbody>{v.slice(0, 20).map((r) => <tr key={r.name}><td>{r.name.endsWith(" none") ? <><code>{r.name.slice(0, -5)}</code> {y.noRoute}</> : <code>{r.name}</code>}</td><td class="num">{r.count.toLocaleString(t.locale)}</td><td class="num">{r.p50}</td><td class="num">{r.p95}</td></tr>)}</tbody>
            </table>
          </div>
        )}
      </Show>
    </Card>
  );
}
