// One memory: what it says, how it came to say so, and who holds it.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { call, Problem } from "../api";
import type { Content, History, Link, Memory, ReceiptNow, Revision } from "../api.gen";
import { go, href, place } from "../router";
import { events, status, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { Difference } from "../ui/difference";
import { Card, Dialog, Field, Page, Pill, Show, Tally, useBusy, useLoad } from "../ui/kit";
import { Text, Time, Title, plain } from "../ui/text";
import { complain, toast } from "../ui/toast";
import { reached } from "../ui/verdict";
import { useWords } from "../ui/words";
import { writing } from "../keys";
import { Links } from "./links";
import { ownerOf } from "./memories";
import { Signed, Use } from "./readers";
import { Writer } from "./writer";

interface Whole {
  history: History;
  memory: Memory | null;
  links: Link[];
}

async function load(id: string, signal: AbortSignal): Promise<Whole> {
  const [history, got] = await Promise.all([
    call("GET /api/v1/memories/{id}/history", { path: { id }, signal }),
    call("GET /api/v1/memories/{id}", { path: { id }, signal }).catch((err: unknown) => {
      if (err instanceof Problem && (err.status === 404 || err.status === 410)) return null;
      throw err;
    }),
  ]);
  // Between the two answers it may have gone, or the node is only just starting.
  if (!got && history.state === "live") throw new Problem(404, "NOT_FOUND", id);
  return { history, memory: got?.memory ?? null, links: got?.links ?? [] };
}

export default function MemoryPage() {
  const at = use(place);
  const id = at.id;
  const whole = useLoad((signal) => load(id, signal), [id]);
  // What others do to it is shown as it happens.
  const last = use(events).find((e) => e.subjects.some((s) => s.includes(id)))?.lsn ?? 0;
  const known = useRef(last);
  useEffect(() => {
    if (last > known.current) whole.again();
    known.current = last;
  }, [last]);
  return <Show of={whole}>{(w) => <One w={w} again={whole.again} id={id} />}</Show>;
}

function current(h: History): Revision | undefined {
  return h.revisions.find((r) => r.current) ?? h.revisions[0];
}

function One({ w, again, id }: { w: Whole; again: () => void; id: string }) {
  const t = useWords();
  const [edited, edit] = useState<{ was: Memory; settle?: boolean } | null>(null); // as it was then
  const [erase, setErase] = useState(false);
  const [busy, run] = useBusy();
  const now = current(w.history);
  const m: Content | undefined = w.memory ?? now?.memory;
  const title = m?.title ?? id;
  const h = w.history;
  useLayoutEffect(() => {
    const down = (e: KeyboardEvent) => {
      if (e.key === "e" && !writing() && !e.ctrlKey && !e.metaKey && w.memory && h.state === "live") {
        e.preventDefault();
        edit({ was: w.memory });
      }
    };
    document.addEventListener("keydown", down);
    return () => document.removeEventListener("keydown", down);
  });
  const archive = () =>
    run(async () => {
      try {
        const r = await call("POST /api/v1/archive", { body: { ids: [id] } });
        if (r.pending?.length) toast({ text: t.memory.pending, act: { label: t.memory.proposal, run: () => go(href("approvals", r.pending?.[0] ?? "")) } });
        else toast({ text: t.memory.archived, act: { label: t.common.undo, run: () => restore() } });
        again();
      } catch (err) {
        complain(err);
      }
    });
  const restore = () =>
    run(async () => {
      try {
        await call("POST /api/v1/archive/{id}/restore", { path: { id } });
        toast({ text: t.memory.restored });
        again();
      } catch (err) {
        complain(err);
      }
    });
  const said = () => say("GET /api/v1/memories/{id}", { path: { id } }, { cli: "get " + sh(id), go: `m, links, err := c.Get(ctx, ${JSON.stringify(id)})`, tool: "memory_get", input: { id } });
  return (
    <Page
      title={<><Title s={title} /> <Pill kind={h.state === "live" ? "good" : h.state === "erased" ? "bad" : "plain"}>{t.memory.states[h.state]}</Pill></>}
      aside={
        <>
          {h.state === "live" && w.memory && <button type="button" class="primary" onClick={() => w.memory && edit({ was: w.memory })}>{t.memory.edit} <kbd>e</kbd></button>}
          {h.state === "live" && <button type="button" disabled={busy} onClick={archive}>{t.memory.archive}</button>}
          {(h.state === "archived" || h.state === "deleted") && <button type="button" disabled={busy} onClick={restore}>{t.memory.restore}</button>}
          <a class="button" href={href("graph", id)}>{t.memory.graph}</a>
          {h.state !== "erased" && <button type="button" class="danger" onClick={() => setErase(true)}>{t.memory.erase}</button>}
          <CopyAs said={said} />
        </>
      }
    >
      {h.conflicts > 0 && <Conflict h={h} m={w.memory} again={again} write={() => w.memory && edit({ was: w.memory, settle: true })} />}
      <div class="split main-left">
        <div>
          <Card title={t.memory.text} aside={<span class="muted small">{t.memory.markdown}</span>}>
            {m ? <div class="body-text whole" tabIndex={0} role="group" aria-label={t.memory.text}><Text s={m.content} /></div> : <p class="muted">{h.state === "erased" ? t.memory.gone : t.memory.noText}</p>}
          </Card>
          <Versions h={h} m={w.memory} again={again} />
          <Links id={id} links={w.links} again={again} live={h.state === "live"} />
        </div>
        <div>
          {now && <Holders dot={now.dot} />}
          {m && <Facts m={m} now={now} />}
          {h.state !== "erased" && <Use id={h.id} m={w.memory} />}
        </div>
      </div>
      {edited && <Writer {...edited} now={w.memory} onClose={() => edit(null)} done={again} />}
      {erase && <Erase id={id} title={title} onClose={() => setErase(false)} done={again} />}
    </Page>
  );
}

function Facts({ m, now }: { m: Content; now: Revision | undefined }) {
  const t = useWords();
  const k = t.memory;
  const owner = ownerOf(m);
  const rest = Object.fromEntries(Object.entries(m.metadata).filter(([name]) => name !== "agent_id"));
  return (
    <>
      <Card title={k.facts}>
        <dl class="facts">
          <div><dt>{t.top.namespace}</dt><dd>{plain(m.namespace, 200)}</dd></div>
          <div><dt>{k.owner}</dt><dd>{owner === "" ? <span class="muted">{k.nobody}</span> : plain(owner)}</dd></div>
          <div><dt>{k.kind}</dt><dd>{m.memory_kind}</dd></div>
          <div><dt>{k.tier}</dt><dd>{m.tier}{m.expires_at && <>, {Date.parse(m.expires_at) > Date.now() ? k.expires : k.expired} <Time at={m.expires_at} /></>}</dd></div>
          <div><dt>{k.priority}</dt><dd class="num">{m.priority}</dd></div>
          <div><dt>{k.confidence}</dt><dd class="num">{m.confidence}</dd></div>
          <div><dt>{k.source}</dt><dd>{m.source}</dd></div>
          {m.source_uri && <div><dt>{k.sourceUri}</dt><dd>{plain(m.source_uri, 200)}</dd></div>}
          <div><dt>{k.created}</dt><dd><Time at={m.created_at} /></dd></div>
          {now && <div><dt>{k.changed}</dt><dd><Time at={now.at} /> {k.by} {plain(now.actor, 60)}</dd></div>}
          {m.tags.length > 0 && <div><dt>{k.tags}</dt><dd>{m.tags.map((tag) => <a key={tag} class="chip" href={href("memories", "", { tag })}>{plain(tag, 60)}</a>)}</dd></div>}
          <div><dt>{t.common.id}</dt><dd><code>{plain(m.id, 128)}</code></dd></div>
          <div><dt>{k.signer}</dt><dd><Signed m={m} /></dd></div>
        </dl>
        {Object.keys(rest).length > 0 && (
          <details><summary>{k.metadata}</summary><pre class="snippet"><Text s={JSON.stringify(rest, null, 2)} /></pre></details>
        )}
      </Card>
    </>
  );
}

/** Who holds an op, asked again until all do. What was seen to arrive while one
 * looked has its time. */
export function Holders({ dot }: { dot: string }) {
  const t = useWords();
  const s = use(status);
  const [r, setR] = useState<ReceiptNow | null>(null);
  const [seen, setSeen] = useState<Record<string, number>>({});
  useEffect(() => {
    const stop = new AbortController();
    const began = performance.now();
    let first = true;
    const ask = async () => {
      while (!stop.signal.aborted) {
        try {
          const now = await call("GET /api/v1/receipts/{dot}", { path: { dot }, signal: stop.signal });
          const at = performance.now() - began;
          const was = first;
          setR(now);
          setSeen((old) => ({ ...Object.fromEntries(now.held_by.map((name) => [name, was ? -1 : at])), ...old }));
          first = false;
          if (now.held_by.length >= now.n) return;
        } catch {
          return;
        }
        await new Promise((f) => setTimeout(f, 500));
      }
    };
    setR(null);
    setSeen({});
    void ask();
    return () => stop.abort();
  }, [dot]);
  const names = s ? [s.node, ...s.members.map((m) => m.name)].sort() : (r?.held_by ?? []);
  const label = r ? t.memory.held(r.held_by.length, r.n, r.w) : t.common.loading;
  return (
    <Card title={t.memory.holders} aside={r && <Tally held={r.held_by.length} of={r.n} w={r.w} label={label} />}>
      <p>{label}</p>
      <ol class="holders">
        {names.map((name) => {
          const has = r?.held_by.includes(name);
          const ms = seen[name];
          return (
            <li key={name} class={has ? "has" : "owes"}>
              <b>{plain(name, 60)}</b>
              <span>{has ? t.memory.has : t.memory.owes}</span>
              <span class="muted small">{has && ms !== undefined && (ms < 0 ? t.memory.before : t.memory.seen(Math.round(ms)))}</span>
            </li>
          );
        })}
      </ol>
      <dl class="facts">
        <div><dt>{t.memory.dot}</dt><dd><code>{dot}</code></dd></div>
        {r && <div><dt>{t.memory.digest}</dt><dd><code class="digest" title={r.digest}>{r.digest.slice(0, 16)}…</code></dd></div>}
      </dl>
      <CopyAs said={() => say("GET /api/v1/receipts/{dot}", { path: { dot } }, { cli: "receipt " + dot, go: `r, err := c.Receipt(ctx, ${JSON.stringify(dot)})`, tool: "memory_receipt", input: { dot } })} />
    </Card>
  );
}

function Versions({ h, m, again }: { h: History; m: Memory | null; again: () => void }) {
  const t = useWords();
  const [busy, run] = useBusy();
  // What a version said is written once more, behind what there is: nothing is taken back.
  const bringBack = (r: Content) =>
    run(async () => {
      try {
        const body = { title: r.title, content: r.content, tags: r.tags };
        const out = await call("PUT /api/v1/memories/{id}", { path: { id: h.id }, body, ...(m ? { ifMatch: m.version } : {}) });
        toast({ text: "pending_id" in out ? t.memory.pending : t.memory.broughtBack(r.version) });
        again();
      } catch (err) {
        complain(err);
      }
    });
  const [open, setOpen] = useState("");
  const before = (r: Revision): Revision | undefined => h.revisions.find((x) => r.previous.includes(x.dot));
  return (
    <Card title={t.memory.versions} aside={<span class="muted">{h.count}</span>}>
      <ol class="versions">
        {h.revisions.map((r) => {
          const old = before(r);
          return (
            <li key={r.dot}>
              <div class="row wrap">
                <b>{r.memory ? t.memory.version(r.memory.version) : r.kind}</b>
                {r.current && <Pill kind="good">{t.memory.current}</Pill>}
                {r.conflict && <Pill kind="warn">{t.memory.conflicts}</Pill>}
                <Time at={r.at} /> <span>{t.memory.by} {plain(r.actor, 60)}</span>
                <code class="muted">{r.dot}</code>
                {r.memory && r.memory.signature !== "absent" && <Pill kind={r.memory.signature === "valid" ? "good" : "bad"}>{t.memory.signature[r.memory.signature]}, {plain(r.memory.signed_by ?? "", 60)}</Pill>}
                {r.memory && old?.memory && (
                  <button type="button" class="quiet" aria-expanded={open === r.dot} onClick={() => setOpen(open === r.dot ? "" : r.dot)}>{t.memory.diff}</button>
                )}
                {m && r.memory && !r.current && h.state === "live" && <button type="button" class="quiet" disabled={busy} title={t.memory.bringBackHelp} onClick={() => r.memory && bringBack(r.memory)}>{t.memory.bringBack}</button>}
              </div>
              {!r.memory && r.replaced_by && <p class="muted small">{t.memory.noText}</p>}
              {open === r.dot && r.memory && old?.memory && (
                <>
                  {r.memory.title !== old.memory.title && <Difference from={old.memory.title} to={r.memory.title} />}
                  <Difference from={old.memory.content} to={r.memory.content} />
                </>
              )}
            </li>
          );
        })}
      </ol>
    </Card>
  );
}

function Conflict({ h, m, again, write }: { h: History; m: Memory | null; again: () => void; write: () => void }) {
  const t = useWords();
  const [busy, run] = useBusy();
  const lost = h.revisions.filter((r) => r.conflict && r.memory);
  const settle = (body: { content?: string; title?: string; tags?: string[] }) =>
    run(async () => {
      try {
        await call("PUT /api/v1/memories/{id}", { path: { id: h.id }, body: { ...body, resolve_conflicts: true }, ...(m ? { ifMatch: m.version } : {}) });
        toast({ text: t.memory.settled });
        again();
      } catch (err) {
        complain(err);
      }
    });
  return (
    <Card title={t.memory.settle} kind="warn">
      <p>{t.memory.conflict(h.conflicts)}</p>
      <div class="sides">
        {m && (
          <div>
            <h3>{t.memory.thisOne}</h3>
            <div class="body-text"><Text s={m.content} /></div>
            <button type="button" class="primary" disabled={busy} onClick={() => settle({})}>{t.memory.keep}</button>
          </div>
        )}
        {lost.map((r) => (
          <div key={r.dot}>
            <h3>{t.memory.theOther} <span class="muted small"><Time at={r.at} /> {t.memory.by} {plain(r.actor, 40)} · {r.origin.split(".")[0]}</span></h3>
            {m && r.memory ? <Difference from={m.content} to={r.memory.content} /> : null}
            <button type="button" disabled={busy} onClick={() => r.memory && settle({ content: r.memory.content, title: r.memory.title, tags: r.memory.tags })}>{t.memory.take}</button>
          </div>
        ))}
      </div>
      <p class="row">
        <button type="button" onClick={write}>{t.memory.mine}</button>
        <CopyAs said={() => say("PUT /api/v1/memories/{id}", { path: { id: h.id }, body: { resolve_conflicts: true } }, { cli: "resolve " + sh(h.id), go: `c.Update(ctx, ${JSON.stringify(h.id)}, client.Patch{ResolveConflicts: true})`, tool: "memory_update", input: { id: h.id, resolve_conflicts: true } })} />
      </p>
    </Card>
  );
}

function Erase({ id, title, onClose, done }: { id: string; title: string; onClose: () => void; done: () => void }) {
  const t = useWords();
  const s = use(status);
  const shown = plain(title, 60);
  const [typed, setTyped] = useState("");
  const [busy, run] = useBusy();
  const away = s?.members.filter((m) => !reached(m)).map((m) => m.name) ?? [];
  const apply = (e: Event) => {
    e.preventDefault();
    run(async () => {
      try {
        const r = await call("POST /api/v1/memories/{id}/erase", { path: { id } });
        toast("pending_id" in r ? { text: t.memory.pending, act: { label: t.memory.proposal, run: () => go(href("approvals", r.pending_id)) } } : { text: t.memory.erased });
      } catch (err) {
        complain(err);
      }
      onClose();
      done();
    });
  };
  return (
    <Dialog title={t.memory.eraseTitle} onClose={onClose}>
      <form class="stack" onSubmit={apply}>
        <p>{t.memory.eraseText}</p>
        <p class={away.length > 0 ? "warn-text" : "muted"}>{away.length > 0 ? t.memory.erasePeers(t.status.and(away)) : t.memory.eraseAll}</p>
        <Field label={t.memory.eraseType} hint={shown}><input value={typed} onInput={(e) => setTyped(e.currentTarget.value)} autocomplete="off" /></Field>
        <p class="row">
          <button type="submit" class="danger" disabled={busy || typed !== shown}>{t.memory.eraseConfirm}</button>
          <button type="button" onClick={onClose}>{t.common.cancel}</button>
          <CopyAs said={() => say("POST /api/v1/memories/{id}/erase", { path: { id } }, { cli: "erase " + sh(id), go: `c.Erase(ctx, ${JSON.stringify(id)})`, tool: "memory_erase", input: { id } })} />
        </p>
      </form>
    </Dialog>
  );
}
