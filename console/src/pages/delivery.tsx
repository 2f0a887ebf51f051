// What has not arrived, why, and what to do about it.
import { useState } from "preact/hooks";
import { call, Problem } from "../api";
import type { Subscription } from "../api.gen";
import { standing, status, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { Card, Empty, Page, Pill, Show, useBusy, useLoad } from "../ui/kit";
import { Text, Time, plain } from "../ui/text";
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
  const [busy, run] = useBusy();
  const retry = (dots: string[]) =>
    run(async () => {
      try {
        toast({ text: d.retried((await call("POST /api/v1/parked/retry", { body: dots.length > 0 ? { dots } : {} })).retried) });
        list.again();
      } catch (err) {
        complain(err);
      }
    });
  return (
    <Card title={d.parked} aside={<span class="row"><button type="button" disabled={busy || !me?.operator || !list.value?.count} title={me?.operator ? "" : t.system.asOperator} onClick={() => retry([])}>{d.retryAll}</button><CopyAs said={() => say("POST /api/v1/parked/retry", { body: {} }, { cli: "parked retry", go: "c.RetryParked(ctx, nil)", tool: "node_parked_retry" })} /></span>}>
      <Show of={list}>
        {(v) => v.count === 0 ? <Empty title={d.parkedEmpty} /> : (
          <div class="scroll">
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
                    <td><button type="button" disabled={busy || !me?.operator} onClick={() => retry([p.dot])}>{d.retry}</button></td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p class="muted small">{d.keptHelp}</p>
          </div>
        )}
      </Show>
    </Card>
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
  const [busy, run] = useBusy();
  const again2 = () =>
    run(async () => {
      try {
        await call("POST /api/v1/memory_subscription_replay", { body: { subscription_id: s.id, since: s.created_at, dead_letters: true } });
        toast({ text: d.redelivered });
        again();
      } catch (err) {
        complain(err);
      }
    });
  return (
    <li>
      <b>{plain(s.url || s.namespace_filter, 120)}</b>
      <Pill kind={s.state === "active" ? "good" : s.state === "retrying" ? "warn" : s.state === "invalid" ? "bad" : "plain"}>{s.state}</Pill>
      <span class="muted">{d.home} {plain(s.home, 40)} · {s.dispatch_count} {d.sent}, {s.failure_count} {d.failed}</span>
      {s.last_error && <span class="muted small">{d.lastError}: {plain(s.last_error, 160)}; {d.next} <Time at={s.next_attempt_at} /></span>}
      <span class="row">
        <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>{d.dead}</button>
        <button type="button" disabled={busy} onClick={again2}>{d.redeliver}</button>
        <CopyAs said={() => say("POST /api/v1/memory_subscription_replay", { body: { subscription_id: s.id, since: s.created_at, dead_letters: true } }, { cli: `subscription replay ${sh(s.id)} --deliver --dead-letters`, go: `c.Redeliver(ctx, ${JSON.stringify(s.id)}, since, true)`, tool: "memory_subscription_replay", input: { subscription_id: s.id, dead_letters: true } })} />
      </span>
      {open && <Dead s={s} />}
    </li>
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
