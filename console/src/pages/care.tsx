// What the node does for itself: what it finds wrong, its backup, and how fast it is.
import { useEffect, useState } from "preact/hooks";
import { call } from "../api";
import type { BackupOutcome, Backups as BackupList, Checkup, Finding, Measurement, Measurements } from "../api.gen";
import { standing, use } from "../store";
import { CopyAs, say } from "../ui/copy";
import { Card, Empty, Pill, Show, useBusy, useEvery, useLoad } from "../ui/kit";
import { Time, bytes, plain } from "../ui/text";
import { complain, toast } from "../ui/toast";
import { useWords } from "../ui/words";

const kinds = { ok: "good", warn: "warn", fail: "bad" } as const;
const order = { fail: 0, warn: 1, ok: 2 } as const;

/** What the node finds when it looks at itself. What is well is behind a fold. */
export function Doctor() {
  const y = useWords().care;
  const me = use(standing);
  const [busy, run] = useBusy();
  const list = useLoad(async (signal) => (me?.operator ? call("GET /api/v1/checkup", { signal }) : null), [me?.operator]);
  const said = () => say("GET /api/v1/checkup", {}, { cli: "doctor", go: "v, err := c.Upkeep().Checkup(ctx)", tool: "node_checkup" });
  const aside = <span class="row">{me?.operator && <button type="button" disabled={list.loading} onClick={list.again}>{list.loading ? y.looking : y.look}</button>}<CopyAs said={said} /></span>;
  const fix = (f: Finding) =>
    run(async () => {
      try {
        if (f.fix === "repair") await call("POST /api/v1/repair", { query: { member: f.member ?? "" } });
        else if (f.fix === "retry_parked") await call("POST /api/v1/parked/retry", { body: {} });
        else if (f.fix === "back_up") await call("POST /api/v1/backups");
        else await call("POST /api/v1/backups/verify");
        toast({ text: y.begun });
        list.again();
      } catch (err) {
        complain(err);
      }
    });
  return (
    <Card title={y.doctor} aside={aside}>
      <Show of={list}>
        {(v) => v === null ? <NotOperator command="tally doctor" /> : <Findings v={v} busy={busy} fix={fix} />}
      </Show>
    </Card>
  );
}

function Findings({ v, busy, fix }: { v: Checkup; busy: boolean; fix: (f: Finding) => void }) {
  const y = useWords().care;
  const list = [...v.checks].sort((a, b) => order[a.state] - order[b.state]);
  const row = (f: Finding) => (
    <li key={f.check} class="finding">
      <Pill kind={kinds[f.state]}>{y.state[f.state]}</Pill>
      <div>
        <p><b>{plain(f.check, 80)}</b> {plain(f.text, 400)}</p>
        {f.next && <p class="muted small">{plain(f.next, 400)}</p>}
      </div>
      {f.fix && y.fix[f.fix] && <button type="button" disabled={busy} onClick={() => fix(f)}>{y.fix[f.fix]}</button>}
    </li>
  );
  const open = list.filter((f) => f.state !== "ok");
  const well = list.filter((f) => f.state === "ok");
  return (
    <>
      <p>{open.length === 0 ? <Pill kind="good">{y.allWell}</Pill> : y.found(open.length)} <span class="muted small">{y.lookedAt} <Time at={v.at} /></span></p>
      {open.length > 0 && <ul class="rows">{open.map(row)}</ul>}
      <details><summary>{y.well(well.length)}</summary><ul class="rows">{well.map(row)}</ul></details>
    </>
  );
}

function NotOperator({ command }: { command: string }) {
  const y = useWords().care;
  return (
    <>
      <p class="muted">{y.asOperator}</p>
      <pre class="snippet">{command}</pre>
    </>
  );
}

/** The backup that the node makes where its settings say. */
export function Backups() {
  const t = useWords();
  const y = t.care;
  const me = use(standing);
  const [busy, run] = useBusy();
  const list = useLoad(async (signal) => (me?.operator ? call("GET /api/v1/backups", { signal }) : null), [me?.operator]);
  const running = !!list.value?.running;
  useEvery(running && !list.loading ? 500 : 0, list.again); // one at a time, or none would ever be answered on a slow link
  const act = (what: () => Promise<unknown>) =>
    run(async () => {
      try {
        await what();
        list.again();
      } catch (err) {
        complain(err);
      }
    });
  const said = () => say("POST /api/v1/backups", { query: {} }, { cli: "backup", go: "b, err := c.Upkeep().BackUp(ctx, false)", tool: "node_back_up" });
  return (
    <Card title={y.backup} aside={<CopyAs said={said} />}>
      <Show of={list}>
        {(v) => v === null ? <NotOperator command="tally backup DIR" /> : v.dir === "" ? <NoFolder /> : (
          <>
            <p class="row wrap">
              <button type="button" class={v.count === 0 ? "primary" : ""} disabled={busy || running} onClick={() => act(() => call("POST /api/v1/backups"))}>{v.count === 0 ? y.first : y.add}</button>
              {v.count > 0 && <button type="button" disabled={busy || running} onClick={() => act(() => call("POST /api/v1/backups/verify"))}>{y.verify}</button>}
              {v.count > 0 && <button type="button" disabled={busy || running} title={y.baseHelp} onClick={() => act(() => call("POST /api/v1/backups", { query: { base: true } }))}>{y.base}</button>}
            </p>
            <Standing v={v} />
            {v.count > 0 && <BackupFiles v={v} />}
            <p class="muted small">{y.folder} <code>{plain(v.dir, 300)}</code>{v.count > 0 && <>, {bytes(v.bytes, t)}{v.same_disk && <>. {y.sameDisk}</>}</>}</p>
            <p class="muted small">{y.restore} <code>tally restore {plain(v.dir, 300)} --data DIR</code></p>
          </>
        )}
      </Show>
    </Card>
  );
}

function NoFolder() {
  const y = useWords().care;
  return (
    <Empty title={y.noFolder}>
      <p>{y.setFolder}</p>
      <pre class="snippet">backup_dir = "/var/backups/tally"</pre>
      <p>{y.orOutside}</p>
      <pre class="snippet">tally backup /var/backups/tally</pre>
    </Empty>
  );
}

// What is done now, and how the last of each ended.
function Standing({ v }: { v: BackupList }) {
  const t = useWords();
  const y = t.care;
  const ended = (o: BackupOutcome | undefined, good: (o: BackupOutcome) => string) =>
    o && <p>{o.ok ? <Pill kind="good">{y.done}</Pill> : <Pill kind="bad">{y.failed}</Pill>} {o.ok ? good(o) : <span class="bad-text">{plain(o.error ?? "", 400)}</span>} <span class="muted small"><Time at={o.at} />, {y.took(o.took_ms)}</span>{o.why && <span class="muted small">: {plain(o.why, 200)}</span>}</p>;
  const r = v.running;
  return (
    <div aria-live="polite">
      {r && <p><progress max={Math.max(r.of, 1)} value={r.of > 0 ? r.entries : undefined} aria-label={y.doing[r.what]} /> {y.doing[r.what]} <span class="muted">{r.of > 0 && y.progress(r.entries, r.of)}</span></p>}
      {v.fault && <p class="bad-text">{plain(v.fault, 400)}</p>}
      {ended(v.taken, (o) => y.added[o.added ?? "nothing"]?.(o.entries) ?? "")}
      {ended(v.verified, (o) => y.whole(o.files ?? 0))}
      {v.count > 0 && !v.verified && !r && <p class="warn-text">{y.neverRead}</p>}
    </div>
  );
}

function BackupFiles({ v }: { v: BackupList }) {
  const t = useWords();
  const y = t.care;
  const [all, setAll] = useState(false);
  const files = [...v.files].reverse();
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={y.backup}>
        <table class="table">
          <thead><tr><th scope="col">{y.taken}</th><th scope="col">{y.kind}</th><th scope="col" class="num">{y.entries}</th><th scope="col" class="num">{y.size}</th><th scope="col">{y.sha}</th><th scope="col">{y.read}</th></tr></thead>
          <tbody>
            {files.slice(0, all ? files.length : 6).map((f) => (
              <tr key={f.file}>
                <th scope="row" title={f.file}><Time at={f.taken_at} /></th>
                <td>{f.base ? y.isBase : y.isIncrement}</td>
                <td class="num">{f.entries.toLocaleString(t.locale)}</td>
                <td class="num">{bytes(f.bytes, t)}</td>
                <td><code title={f.sha256}>{f.sha256.slice(0, 12)}…</code></td>
                <td>{f.verified ? <Pill kind="good">{y.isWhole}</Pill> : <Pill>{y.notRead}</Pill>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {files.length > 6 && !all && <button type="button" class="quiet" onClick={() => setAll(true)}>{y.showAll(files.length)}</button>}
    </>
  );
}

/** How fast the node is, beside the last time. */
export function Speed() {
  const t = useWords();
  const y = t.care;
  const me = use(standing);
  const [busy, run] = useBusy();
  const [v, set] = useState<Measurements | null>(null);
  useEffect(() => {
    if (!me?.operator) return;
    call("GET /api/v1/measurement").then(set, complain);
  }, [me?.operator]);
  const measure = () =>
    run(async () => {
      try {
        set(await call("POST /api/v1/measurement"));
      } catch (err) {
        complain(err);
      }
    });
  const said = () => say("POST /api/v1/measurement", {}, { cli: "measure", go: "m, err := c.Upkeep().Measure(ctx)", tool: "node_measure" });
  const last = v?.last;
  return (
    <Card title={y.speed} aside={<span class="row">{me?.operator && <button type="button" disabled={busy} onClick={measure}>{busy ? y.measuring : y.measure}</button>}<CopyAs said={said} /></span>}>
      {!me?.operator ? <NotOperator command="tally measure" /> : last ? <Compared now={last} before={v?.before} /> : <p class="muted">{y.noMeasure}</p>}
      <p class="muted small">{y.speedHelp} <code>tally bench</code></p>
    </Card>
  );
}

function Compared({ now, before }: { now: Measurement; before: Measurement | undefined }) {
  const t = useWords();
  const y = t.care;
  const ms = (x: number) => (x === 0 ? "—" : y.ms(x.toLocaleString(t.locale, { maximumFractionDigits: x < 10 ? 2 : 0 })));
  const row = (name: string, of: (m: Measurement) => number) => {
    const x = of(now);
    const was = before ? of(before) : 0;
    const change = was > 0 && x > 0 ? Math.round((100 * (x - was)) / was) : 0;
    return (
      <tr key={name}>
        <th scope="row">{name}</th>
        <td class="num">{ms(x)}</td>
        <td class="num">{ms(was)}</td>
        <td class="num">{was === 0 || x === 0 ? "" : <span class={change > 50 ? "warn-text" : "muted"}>{change > 0 ? "+" : change < 0 ? "−" : ""}{Math.abs(change)} %</span>}</td>
      </tr>
    );
  };
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={y.speed}>
      <table class="table">
        <thead><tr><th scope="col"><span class="sr">{y.what}</span></th><th scope="col" class="num"><Time at={now.at} /></th><th scope="col" class="num">{before ? <Time at={before.at} /> : y.before}</th><th scope="col" class="num">{y.change}</th></tr></thead>
        <tbody>
          {row(y.syncHalf, (m) => m.sync_p50_ms)}
          {row(y.syncMost, (m) => m.sync_p99_ms)}
          {row(y.recallHalf, (m) => m.recall_p50_ms)}
          {row(y.recallMost, (m) => m.recall_p95_ms)}
          {row(y.listHalf, (m) => m.list_p50_ms)}
          {row(y.listMost, (m) => m.list_p95_ms)}
          {row(y.writeHalf, (m) => m.write_p50_ms)}
          {row(y.writeMost, (m) => m.write_p95_ms)}
        </tbody>
      </table>
      <p class="muted small">{y.counts(now.syncs, now.recalls, now.memories)}{before && before.version !== now.version && ` ${y.otherVersion(before.version, now.version)}`}</p>
    </div>
  );
}
