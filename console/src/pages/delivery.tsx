// What has not arrived, why, and what to do about it.
import { useState } from "preact/hooks";
import { call, Problem } from "../api";
import type { Subscription } from "../api.gen";
import { standing, status, use } from "../store";
import { CopyAs, goList, say, sh } from "../ui/copy";
import { Card, Dialog, Empty, Field, Page, Pill, Show, useBusy, useLoad } from "../ui/kit";
import { Kind, Text, Time, plain } from "../ui/text";
import { complain, toast } from "../ui/toast";
import { useWords } from "../ui/words";

export default function Delivery() {
  const t = useWords();
  return (
    <Page title={t.delivery.title}>
      <Owed />
      <ParkedOps />
      <Hooks />
    </Page>
  );
}

function Owed() {
  const t = useWords();
  const s = use(status);
  const list = s?.members.filter((m) => m.owed > 0) ?? [];
  return (
    <Card title={t.delivery.owedTitle}>
      {list.length === 0 ? <p class="muted">{t.delivery.owedNone}</p> : (
        <ul class="rows">
          {list.map((m) => <li key={m.name}><b>{plain(m.name, 60)}</b> {t.delivery.owedRow(m.owed)} <span class="muted">{t.peers.states[m.state] ?? m.state}; {t.peers.lastAck} <Time at={m.last_ack_at} /></span> {m.last_error && <span class="muted small">{plain(m.last_error, 160)}</span>}</li>)}
        </ul>
      )}
    </Card>
  );
}

function ParkedOps() {
  const t = useWords();
  const d = t.delivery;
  const me = use(standing);
  const list = useLoad((signal) => call("GET /api/v1/parked", { signal }), []);
  const [asked, setAsked] = useState<string[] | null>(null); // the ops to offer again; none: all
  return (
    <Card title={d.parked} aside={<span class="row"><button type="button" disabled={!me?.operator || !list.value?.count} title={me?.operator ? "" : t.system.asOperator} onClick={() => setAsked([])}>{d.retryAll}</button><CopyAs said={() => say("POST /api/v1/parked/retry", { body: {} }, { cli: "parked retry --all", go: "c.Upkeep().RetryParked(ctx, nil)", tool: "node_parked_retry" })} /></span>}>
      <Show of={list}>
        {(v) => v.count === 0 ? <Empty title={d.parkedEmpty} /> : (
          <div class="scroll" tabIndex={0} role="region" aria-label={d.parked}>
            <table class="table">
              <thead><tr><th scope="col">{t.activity.op}</th><th scope="col">{t.common.reason}</th><th scope="col">{d.by}</th><th scope="col">{d.since}</th><th scope="col">{d.next}</th><th scope="col"><span class="sr">{t.common.actions}</span></th></tr></thead>
              <tbody>
                {v.parked.map((p) => (
                  <tr key={p.dot + p.member}>
                    <td><code>{p.dot}</code></td>
                    <td>{plain(p.text, 200)} <code class="code">{p.code}</code></td>
                    <td>{plain(p.member, 60)}</td>
                    <td><Time at={p.since} /></td>
                    <td>{p.retry ? <Time at={p.retry} /> : d.onRequest}</td>
                    <td><button type="button" disabled={!me?.operator} onClick={() => setAsked([p.dot])}>{d.retry}</button></td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p class="muted small">{d.keptHelp}</p>
          </div>
        )}
      </Show>
      {asked && <Retry dots={asked} onClose={() => setAsked(null)} done={list.again} />}
    </Card>
  );
}

// What would become of refused ops is told before they are offered again.
function Retry({ dots, onClose, done }: { dots: string[]; onClose: () => void; done: () => void }) {
  const t = useWords();
  const d = t.delivery;
  const [busy, run] = useBusy();
  const body = dots.length > 0 ? { dots } : {};
  const told = useLoad((signal) => call("POST /api/v1/parked/retry", { body: { ...body, dry_run: true }, signal }), []);
  const apply = () =>
    run(async () => {
      try {
        toast({ text: d.retried((await call("POST /api/v1/parked/retry", { body })).retried) });
        done();
      } catch (err) {
        complain(err);
      }
      onClose();
    });
  return (
    <Dialog title={t.list.bulk.effect} onClose={onClose} wide>
      <Show of={told}>
        {(v) => (
          <>
            <p aria-live="polite">{d.wouldTake(v.retried, v.ops?.length ?? 0)}</p>
            <ul class="rows">
              {(v.ops ?? []).slice(0, 100).map((o) => (
                <li key={o.dot + o.member}>
                  <Pill kind={o.would === "taken" ? "good" : "warn"}>{d.would[o.would] ?? o.would}</Pill> <code>{o.dot}</code> {o.kind && <Kind kind={o.kind} />} {o.actor && <span>{t.memory.by} <b>{plain(o.actor, 40)}</b> <Time at={o.at} /></span>}
                  {o.subjects && <span class="muted small">{d.writes} {plain(o.subjects.join(", "), 160)}</span>}
                  <span class="muted small">{o.would === "elsewhere" ? d.askThere(plain(o.member, 40)) : o.would === "forbidden" ? d.allowFirst : o.would === "refused" ? plain(o.text, 200) : ""}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Show>
      <p class="row">
        <button type="button" class="primary" data-first disabled={busy || !told.value?.retried} onClick={apply}>{d.retry}</button>
        <button type="button" onClick={onClose}>{t.common.cancel}</button>
        <CopyAs said={() => say("POST /api/v1/parked/retry", { body: { ...body, dry_run: true } }, { cli: `parked retry ${dots.length > 0 ? dots.map(sh).join(" ") : "--all"} --dry-run`, go: `c.Upkeep().TryParked(ctx, ${dots.length > 0 ? goList(dots) : "nil"})`, tool: "node_parked_retry", input: { ...body, dry_run: true } })} />
      </p>
    </Dialog>
  );
}

function Hooks() {
  const t = useWords();
  const d = t.delivery;
  const list = useLoad((signal) => call("GET /api/v1/subscriptions", { signal }), []);
  return (
    <Card title={d.hooks}>
      <Show of={list}>
        {(v) => v.count === 0 ? (
          <Empty title={d.hooksEmpty}><p>{d.hooksHelp}</p><pre class="snippet">tally subscription add https://hooks.example.org/memory -n 'work/**'</pre></Empty>
        ) : (
          <ul class="rows">{v.subscriptions.map((s) => <Hook key={s.id} s={s} again={list.again} />)}</ul>
        )}
      </Show>
    </Card>
  );
}

function Hook({ s, again }: { s: Subscription; again: () => void }) {
  const t = useWords();
  const d = t.delivery;
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState(false);
  return (
    <li>
      <b>{plain(s.url || s.namespace_filter, 120)}</b>
      <Pill kind={s.state === "active" ? "good" : s.state === "retrying" ? "warn" : s.state === "invalid" ? "bad" : "plain"}>{s.state}</Pill>
      <span class="muted">{d.home} {plain(s.home, 40)} · {s.dispatch_count} {d.sent}, {s.failure_count} {d.failed}</span>
      {s.last_error && <span class="muted small">{d.lastError}: {plain(s.last_error, 160)}; {d.next} <Time at={s.next_attempt_at} /></span>}
      <span class="row">
        <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>{d.dead}</button>
        <button type="button" onClick={() => setAsked(true)}>{d.redeliver}</button>
        <CopyAs said={() => say("POST /api/v1/memory_subscription_replay", { body: { subscription_id: s.id, dead_letters: true } }, { cli: `subscription replay ${sh(s.id)} --dead-letters`, go: `c.Subscriptions().Redeliver(ctx, ${JSON.stringify(s.id)}, time.Time{}, true)`, tool: "memory_subscription_replay", input: { subscription_id: s.id, dead_letters: true } })} />
      </span>
      {open && <Dead s={s} />}
      {asked && <Redeliver s={s} onClose={() => setAsked(false)} done={again} />}
    </li>
  );
}

// Dead letters, and on request all that happened since a time, are posted again: how
// much that is, the node says first.
function Redeliver({ s, onClose, done }: { s: Subscription; onClose: () => void; done: () => void }) {
  const t = useWords();
  const d = t.delivery;
  const [busy, run] = useBusy();
  const [since, setSince] = useState("");
  const body = { subscription_id: s.id, dead_letters: true, ...(since ? { redeliver: true, since: new Date(since).toISOString() } : {}) };
  const told = useLoad((signal) => call("POST /api/v1/memory_subscription_replay", { body: { ...body, dry_run: true }, signal }), [since]);
  const apply = () =>
    run(async () => {
      try {
        await call("POST /api/v1/memory_subscription_replay", { body });
        toast({ text: d.redelivered });
        done();
      } catch (err) {
        complain(err);
      }
      onClose();
    });
  return (
    <Dialog title={t.list.bulk.effect} onClose={onClose}>
      <Field label={d.alsoSince}><input type="datetime-local" value={since} onChange={(e) => setSince(e.currentTarget.value)} /></Field>
      <Show of={told}>
        {(v) => ("home" in v ? <p aria-live="polite">{d.wouldPost(plain(v.home ?? "", 40), plain(s.url, 120), v.letters, v.events ?? 0)}</p> : null)}
      </Show>
      <p class="row">
        <button type="button" class="primary" data-first disabled={busy || told.loading || !!told.error} onClick={apply}>{d.redeliver}</button>
        <button type="button" onClick={onClose}>{t.common.cancel}</button>
      </p>
    </Dialog>
  );
}

function Dead({ s }: { s: Subscription }) {
  const t = useWords();
  const d = t.delivery;
  const list = useLoad((signal) => call("POST /api/v1/memory_subscription_dlq_list", { body: { subscription_id: s.id }, signal }), [s.id]);
  if (list.error instanceof Problem && list.error.code === "NOT_HOME") return <p class="muted">{d.elsewhere(s.home)}</p>;
  return (
    <Show of={list}>
      {(v) => v.count === 0 ? <p class="muted">{d.deadEmpty}</p> : (
        <ul class="rows inner">
          {v.entries.map((e) => (
            <li key={e.id}>
              <b>{plain(e.event_type, 60)}</b> <Time at={e.last_failed_at} /> <span class="muted">{e.retry_count} {d.attempts}; {plain(e.last_error, 160)}</span>
              <details><summary>{d.payload}</summary><pre class="snippet"><Text s={e.payload.slice(0, 20000)} /></pre></details>
            </li>
          ))}
          <li class="muted small">{d.discard}</li>
        </ul>
      )}
    </Show>
  );
}
