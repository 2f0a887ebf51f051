// A federation to practise on: cut a member off, write on both sides, watch what is
// owed, heal, and watch them meet.
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import type { Rehearsal, RehearsalNode, RehearsalNote } from "../api.gen";
import { standing, tick, use } from "../store";
import { CopyAs, say } from "../ui/copy";
import { Card, Empty, Failure, Page, Pill, useBusy } from "../ui/kit";
import { Time, plain, span } from "../ui/text";
import { complain } from "../ui/toast";
import { useWords } from "../ui/words";

const pause = 250; // ms between two looks

/** The rehearsal that runs, looked at again and again while somebody watches. */
function useRehearsal() {
  const me = use(standing);
  const [now, setNow] = useState<Rehearsal | null>(null);
  const [error, setError] = useState<unknown>(null);
  const turn = useRef(0);
  const set = (r: Rehearsal) => (turn.current++, setNow(r), setError(null));
  useEffect(() => {
    if (!me?.operator) return;
    const stop = new AbortController();
    const watch = async () => {
      while (!stop.signal.aborted) {
        const mine = turn.current;
        try {
          const r = await call("GET /api/v1/rehearsal", { signal: stop.signal });
          if (stop.signal.aborted) return;
          if (mine === turn.current) setNow(r);
          setError(null);
          if (r.state === "none") return;
        } catch (err) {
          if (stop.signal.aborted) return;
          setError(err);
          return;
        }
        await new Promise((f) => setTimeout(f, document.hidden ? 2000 : pause));
      }
    };
    void watch();
    return () => stop.abort();
  }, [me?.operator, now?.state === "running"]);
  return { now, error, set };
}

export default function RehearsalPage() {
  const t = useWords();
  const k = t.rehearsal;
  const me = use(standing);
  const { now, error, set } = useRehearsal();
  const [busy, run] = useBusy();
  const act = (f: () => Promise<Rehearsal>) =>
    run(async () => {
      try {
        set(await f());
      } catch (err) {
        complain(err);
      }
    });
  const begin = () => act(() => call("POST /api/v1/rehearsal"));
  const running = now?.state === "running";
  return (
    <Page title={<>{k.title} {running && <Pill kind={now.equal ? "good" : "warn"}>{now.equal ? k.equal : k.apart}</Pill>}</>} aside={<CopyAs said={() => say("POST /api/v1/rehearsal", {})} />}>
      <p class="muted">{k.intro}</p>
      {!me?.operator ? <Empty title={k.operator}><pre class="snippet">tally console</pre></Empty>
        : error ? <Failure error={error} />
        : !running ? (
          <Card>
            <Empty title={k.none}>
              <p>{k.bounds}</p>
              <button type="button" class="primary" disabled={busy || now?.offered === false} onClick={begin}>{busy ? k.beginning : k.begin}</button>
            </Empty>
          </Card>
        ) : <Running now={now} busy={busy} act={act} />}
    </Page>
  );
}

function Running({ now, busy, act }: { now: Rehearsal; busy: boolean; act: (f: () => Promise<Rehearsal>) => void }) {
  const t = useWords();
  const k = t.rehearsal;
  const clock = use(tick);
  const cut = now.cut ?? "";
  const write = (node: string) => act(() => call("POST /api/v1/rehearsal/write", { query: { node, count: 10 } }));
  const other = now.nodes.find((n) => n.name !== cut)?.name ?? "";
  return (
    <>
      <div class="row wrap steps" role="group" aria-label={k.title}>
        {cut === "" ? (
          <button type="button" class="primary" disabled={busy} onClick={() => act(() => call("POST /api/v1/rehearsal/cut", { query: { node: now.nodes.at(-1)?.name } }))}>{k.cut(now.nodes.at(-1)?.name ?? "")}</button>
        ) : (
          <button type="button" class="primary" disabled={busy} onClick={() => act(() => call("POST /api/v1/rehearsal/cut"))}>{k.heal(cut)}</button>
        )}
        <button type="button" disabled={busy} onClick={() => act(async () => (await call("POST /api/v1/rehearsal/write", { query: { node: other, count: 10 } }), call("POST /api/v1/rehearsal/write", { query: { node: cut || (now.nodes.at(-1)?.name ?? ""), count: 10 } })))}>{k.both}</button>
        <button type="button" disabled={busy} onClick={() => act(() => call("POST /api/v1/rehearsal/edit"))}>{k.edit}</button>
        <span class="muted small">{k.endsIn(span(Date.parse(now.ends_at ?? "") - clock, t))}</span>
        <button type="button" class="quiet" disabled={busy} onClick={() => act(() => call("DELETE /api/v1/rehearsal"))}>{k.end}</button>
      </div>
      <div class="stage-nodes">
        {now.nodes.map((n) => <Node key={n.name} n={n} cut={cut} first={now.nodes[0]?.digest ?? ""} busy={busy} write={() => write(n.name)} memory={now.memory ?? ""} />)}
      </div>
      <Card title={k.happened}>
        <ol class="rows" aria-live="polite">
          {[...now.notes].reverse().slice(0, 40).map((x, i) => <li key={now.notes.length - i}><Time at={x.at} /> <Note x={x} /></li>)}
        </ol>
        <p class="muted small">{k.measured}</p>
      </Card>
    </>
  );
}

function Note({ x }: { x: RehearsalNote }) {
  const k = useWords().rehearsal;
  const node = plain(x.node ?? "", 40);
  if (x.what === "equal" || x.what === "apart") return <Pill kind={x.what === "equal" ? "good" : "warn"}>{x.what === "equal" ? k.met(x.after_ms ?? 0) : k.parted(x.after_ms ?? 0)}</Pill>;
  const said = { begun: k.begun, cut: k.wasCut(node), healed: k.wasHealed(node), written: k.wrote(x.count ?? 0, node), edited: k.edited };
  return <span>{said[x.what]}</span>;
}

function Node({ n, cut, first, busy, write, memory }: { n: RehearsalNode; cut: string; first: string; busy: boolean; write: () => void; memory: string }) {
  const t = useWords();
  const k = t.rehearsal;
  const away = n.name === cut;
  return (
    <Card kind={away ? "cut-off" : undefined} title={<>{n.name} {away && <Pill kind="warn">{k.cutOff}</Pill>}</>} aside={<a href={n.url + "/console/"} target="_blank" rel="noopener noreferrer">{k.console}</a>}>
      {n.error ? <p class="bad-text">{plain(n.error, 200)}</p> : (
        <dl class="facts">
          <div><dt>{k.digest}</dt><dd><code class={n.digest === first ? "digest" : "digest warn-text"}>{n.digest.slice(0, 12)}</code></dd></div>
          <div><dt>{t.overview.live}</dt><dd class="num">{n.live.toLocaleString(t.locale)}</dd></div>
          <div><dt>{k.conflicts}</dt><dd class="num">{n.conflicts > 0 ? <a href={`${n.url}/console/memory/${encodeURIComponent(memory)}`} target="_blank" rel="noopener noreferrer">{n.conflicts}</a> : 0}</dd></div>
          {n.members.map((m) => (
            <div key={m.name}><dt>{k.owes(m.name)}</dt><dd class={m.owed > 0 ? "num warn-text" : "num"}>{m.owed.toLocaleString(t.locale)} <span class="muted small">{t.peers.states[m.state] ?? m.state}</span></dd></div>
          ))}
        </dl>
      )}
      <p><button type="button" disabled={busy} onClick={write}>{k.write}</button></p>
    </Card>
  );
}
