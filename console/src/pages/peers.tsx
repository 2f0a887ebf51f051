// Who is equal to whom, what is owed, and how to put it right.
import { useState } from "preact/hooks";
import { call } from "../api";
import type { Diff, Member, Status } from "../api.gen";
import { consoleOf, consoles, learnConsole, silent, standing, status, tick, use } from "../store";
import { CopyAs, say } from "../ui/copy";
import { Card, Empty, Failure, Page, Pill, useBusy } from "../ui/kit";
import { Time, plain } from "../ui/text";
import { complain, toast } from "../ui/toast";
import { MemoryLink } from "../ui/title";
import { reached, verdict } from "../ui/verdict";
import { useWords } from "../ui/words";
import { Roll, useMembership } from "./join";
import { Everybody } from "./matrix";

export default function Peers() {
  const t = useWords();
  const s = use(status);
  const why = use(silent);
  const now = use(tick);
  const roll = useMembership();
  if (!s) return <Page title={t.peers.title}>{why ? <Failure error={why} /> : <p class="muted">{t.common.loading}</p>}</Page>;
  const v = verdict(s, now, t);
  return (
    <Page title={<>{t.peers.title} <Pill kind={v.kind}>{v.text}</Pill></>} aside={<CopyAs said={() => say("GET /api/v1/status", {}, { cli: "status", go: "s, err := c.Status(ctx)", tool: "node_status" })} />}>
      {s.members.length === 0 ? (
        <Card><Empty title={t.peers.alone}>{t.peers.aloneHelp}<pre class="snippet">tally cluster init --name acme{"\n"}tally cluster token</pre></Empty></Card>
      ) : (
        <Matrix s={s} />
      )}
      {s.members.length > 0 && <Everybody />}
      {s.members.length > 0 && <Card title={t.peers.diff}>{s.members.map((m) => <Compare key={m.name} m={m} s={s} />)}</Card>}
      <Roll list={roll} />
      <Heads s={s} />
    </Page>
  );
}

function stateKind(m: Member): "good" | "warn" | "bad" {
  return m.state === "ok" ? "good" : reached(m) ? "warn" : "bad";
}

function Matrix({ s }: { s: Status }) {
  const t = useWords();
  const p = t.peers;
  const known = use(consoles);
  return (
    <Card title={`${s.node} → …`}>
      <div class="scroll" tabIndex={0} role="region" aria-label={`${s.node} → …`}>
        <table class="table">
          <thead>
            <tr><th scope="col">{p.member}</th><th scope="col">{p.state}</th><th scope="col" class="num">{p.owed}</th><th scope="col" class="num">{p.parked}</th><th scope="col">{p.lastAck}</th><th scope="col">{p.proven}</th><th scope="col">{p.clock}</th><th scope="col">{p.url}</th></tr>
          </thead>
          <tbody>
            <tr><th scope="row"><b>{s.node}</b></th><td><Pill kind="good">{p.thisNode}</Pill></td><td class="num">—</td><td class="num">—</td><td>—</td><td>—</td><td>—</td><td class="muted">{location.origin}</td></tr>
            {s.members.map((m) => (
              <tr key={m.name}>
                <th scope="row"><b>{plain(m.name, 60)}</b></th>
                <td><Pill kind={stateKind(m)}>{p.states[m.state] ?? m.state}</Pill>{m.last_error && <div class="small muted">{plain(m.last_error, 140)}</div>}</td>
                <td class="num">{m.owed.toLocaleString(t.locale)}</td>
                <td class="num">{m.parked}</td>
                <td><Time at={m.last_ack_at} /></td>
                <td><Time at={m.proven_equal_at} /></td>
                <td class={Math.abs(m.clock_skew_ms) > 5000 ? "warn-text" : ""}>{p.ahead(m.clock_skew_ms)}</td>
                <td>{plain(m.url, 80)} <Console m={m} known={known} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="muted small">{p.digest}: <code>{s.digest}</code></p>
    </Card>
  );
}

// Where a member's console is, this browser has to be told, if members have addresses
// of their own.
function Console({ m, known }: { m: Member; known: Record<string, string> }) {
  const p = useWords().peers;
  const at = consoleOf(m);
  const ask = () => {
    const url = prompt(p.consoleWhere(m.name), at || "http://" + location.host)?.trim();
    if (url !== undefined && (url === "" || /^https?:\/\/[^/]+\/?$/.test(url))) learnConsole(m.name, url);
  };
  return (
    <>
      {at && <a href={at + "/console/peers"} target="_blank" rel="noopener noreferrer">{p.itsConsole}</a>}{" "}
      {(!at || known[m.name]) && <button type="button" class="quiet small" onClick={ask}>{at ? p.consoleOther : p.consoleTell}</button>}
    </>
  );
}

function Compare({ m, s }: { m: Member; s: Status }) {
  const t = useWords();
  const p = t.peers;
  const me = use(standing);
  const [d, setD] = useState<Diff | null>(null);
  const [busy, run] = useBusy();
  const compare = () =>
    run(async () => {
      try {
        setD(await call("GET /api/v1/diff", { query: { member: m.name } }));
      } catch (err) {
        complain(err);
      }
    });
  const repair = () =>
    run(async () => {
      try {
        const was = await call("POST /api/v1/repair", { query: { member: m.name } });
        toast({ text: p.repaired(was.count) });
        setD(await call("GET /api/v1/diff", { query: { member: m.name } }));
      } catch (err) {
        complain(err);
      }
    });
  return (
    <div class="compare">
      <div class="row wrap">
        <b>{`${s.node} ↔ ${plain(m.name, 60)}`}</b>
        <span class="row end">
          <button type="button" disabled={busy} onClick={compare}>{busy ? p.comparing : p.diff}</button>
          <button type="button" disabled={busy || !me?.operator} title={me?.operator ? "" : t.system.asOperator} onClick={repair}>{p.repair}</button>
          <CopyAs said={() => say("POST /api/v1/repair", { query: { member: m.name } }, { cli: "repair " + m.name, go: `c.Upkeep().Repair(ctx, ${JSON.stringify(m.name)})`, tool: "node_repair", input: { member: m.name } })} />
        </span>
      </div>
      {d && (
        <div aria-live="polite">
          <p>{d.equal ? p.equal(m.name) : p.differ(d.count, m.name)} {d.truncated && p.truncated}</p>
          {d.differences.length > 0 && (
            <div class="scroll" tabIndex={0} role="region" aria-label={p.differ(d.count, m.name)}>
              <table class="table">
                <thead><tr><th scope="col">{p.register}</th><th scope="col">{p.here}</th><th scope="col">{p.there}</th></tr></thead>
                <tbody>
                  {d.differences.slice(0, 200).map((x) => (
                    <tr key={x.key}>
                      <td>{x.family} {x.family === "content" || x.family === "life" ? <MemoryLink id={x.key.split(" ")[1] ?? ""} /> : <code>{plain(x.key, 100)}</code>}</td>
                      <td><code>{x.here ?? "—"}</code></td>
                      <td><code>{x.there ?? "—"}</code></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </div>
      )}
    </div>
  );
}

function Heads({ s }: { s: Status }) {
  const t = useWords();
  return (
    <Card title={t.peers.heads}>
      <table class="table">
        <thead><tr><th scope="col">{t.peers.origin}</th><th scope="col" class="num">{t.peers.upTo}</th><th scope="col" class="num">{t.peers.gaps}</th></tr></thead>
        <tbody>
          {Object.entries(s.heads).sort().map(([origin, h]) => (
            <tr key={origin}><td><code>{origin}</code></td><td class="num">{h.seq.toLocaleString(t.locale)}</td><td class="num">{h.gaps?.length ?? 0}</td></tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
