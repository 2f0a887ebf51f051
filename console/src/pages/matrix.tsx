// How each member gets on with each other one, as they say it themselves.
import { call } from "../api";
import type { Account, Member, StatusAll } from "../api.gen";
import { tick, use } from "../store";
import { CopyAs, say } from "../ui/copy";
import { Card, Pill, Show, useEvery, useLoad } from "../ui/kit";
import { Time, plain, span } from "../ui/text";
import { reached } from "../ui/verdict";
import { useWords } from "../ui/words";

const pause = 3000; // ms between two questions; a node asks the others no more often

/** Rows are who says it, columns are about whom. */
export function Everybody() {
  const t = useWords();
  const p = t.peers;
  const list = useLoad((signal) => call("GET /api/v1/status/all", { signal }), []);
  useEvery(pause, list.again);
  const aside = <CopyAs said={() => say("GET /api/v1/status/all", {}, { cli: "status --all", go: "all, err := c.Upkeep().StatusAll(ctx)", tool: "node_status_all" })} />;
  return (
    <Card title={p.everybody} aside={aside}>
      <Show of={list}>{(v) => <Grid v={v} />}</Show>
      <p class="muted small">{p.everybodyHelp}</p>
    </Card>
  );
}

function Grid({ v }: { v: StatusAll }) {
  const p = useWords().peers;
  const names = [...new Set(v.members.flatMap((m) => [m.node, ...m.members.map((x) => x.name)]))].sort();
  const own = v.members.find((m) => m.node === v.node)?.digest;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={p.everybody}>
      <table class="table matrix">
        <thead>
          <tr><th scope="col">{p.says}</th>{names.map((n) => <th scope="col" key={n}>{p.about(plain(n, 40))}</th>)}</tr>
        </thead>
        <tbody>
          {v.members.map((m) => (
            <tr key={m.node} class={m.error ? "stale" : ""}>
              <Who m={m} own={m.node === v.node} differs={!!m.digest && !!own && m.digest !== own} />
              {names.map((n) => <td key={n}>{n === m.node ? <span class="muted">{p.self}</span> : <Link to={m.members.find((x) => x.name === n)} clock={Date.parse(m.time ?? "")} />}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Who({ m, own, differs }: { m: Account; own: boolean; differs: boolean }) {
  const t = useWords();
  const p = t.peers;
  return (
    <th scope="row">
      <b>{plain(m.node, 60)}</b> {own && <Pill kind="good">{p.thisNode}</Pill>}
      {m.error && <div class="small warn-text">{p.saysNothing}: {plain(m.error, 160)}. {m.at ? <>{p.saidLast} <Time at={m.at} /></> : p.saidNever}</div>}
      {m.digest && <div class="small muted"><code class={differs ? "digest warn-text" : "digest"} title={m.digest}>{m.digest.slice(0, 12)}</code> {plain(m.version ?? "", 40)}</div>}
      {m.parked > 0 && <div class="small warn-text">{p.parked}: {m.parked.toLocaleString(t.locale)}</div>}
      {m.certificate && <div class="small muted">{p.certificate} <code>{plain(m.certificate.key, 12)}</code> {p.ends} <Time at={m.certificate.until} /></div>}
    </th>
  );
}

// Times are by the clock of who says it.
function Link({ to, clock }: { to: Member | undefined; clock: number }) {
  const t = useWords();
  const p = t.peers;
  use(tick);
  if (!to) return <span class="muted">{p.notSaid}</span>;
  const kind = to.state === "ok" ? "good" : reached(to) ? "warn" : "bad";
  const before = (at: string | undefined) => (at ? t.time.ago(span(clock - Date.parse(at), t)) : t.time.never);
  return (
    <>
      <Pill kind={kind}>{p.states[to.state] ?? plain(to.state, 30)}</Pill>
      <div class={to.owed > 0 ? "small warn-text" : "small muted"}>{p.owed}: {to.owed.toLocaleString(t.locale)}{to.oldest_owed_at && <>, {p.oldest} {before(to.oldest_owed_at)}</>}</div>
      <div class="small muted">{p.isEqual}: {before(to.proven_equal_at)}</div>
      <div class={Math.abs(to.clock_skew_ms) > 5000 ? "small warn-text" : "small muted"}>{p.clock}: {p.ahead(to.clock_skew_ms)}</div>
      {to.last_error && <div class="small muted">{plain(to.last_error, 120)}</div>}
    </>
  );
}
