// What waits for a decision: the exact change, who asks, and who has voted.
import { call, Problem } from "../api";
import type { Memory, Pending } from "../api.gen";
import { href, place } from "../router";
import { agent, events, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { Difference } from "../ui/difference";
import { Card, Empty, Page, Pill, Show, useBusy, useLoad } from "../ui/kit";
import { Text, Time, plain } from "../ui/text";
import { complain, toast } from "../ui/toast";
import { MemoryLink } from "../ui/title";
import { useWords } from "../ui/words";
import type { Words } from "../words/en";

export default function Approvals() {
  const t = useWords();
  const at = use(place);
  const last = use(events).find((e) => e.subjects.some((s) => s.startsWith("proposal") || s.startsWith("vote")))?.lsn ?? 0;
  const list = useLoad((signal) => call("GET /api/v1/pending", { query: { limit: 200 }, signal }), [last]);
  return (
    <Page title={t.approvals.title}>
      <Show of={list}>
        {(v) => {
          const chosen = at.id ? v.pending.filter((p) => p.id === at.id) : v.pending;
          const open = chosen.filter((p) => p.status === "pending");
          const closed = chosen.filter((p) => p.status !== "pending");
          return (
            <>
              {open.length === 0 && closed.length === 0 && <Card><Empty title={t.approvals.empty}><p>{t.approvals.emptyHelp}</p><pre class="snippet">{`tally namespace set team/ops --governance '{"write": "approve", "approver": "human"}'`}</pre></Empty></Card>}
              {open.length === 0 && closed.length > 0 && !at.id && <Card><Empty title={t.approvals.empty}>{t.approvals.emptyHelp}</Empty></Card>}
              {open.map((p) => <Proposal key={p.id} p={p} again={list.again} />)}
              {closed.length > 0 && (
                <Card title={t.approvals.decided}>
                  <ul class="rows">
                    {closed.slice(0, 100).map((p) => (
                      <li key={p.id}>
                        <Pill kind={p.status === "approved" ? "good" : p.status === "failed" ? "bad" : "plain"}>{t.approvals.statuses[p.status] ?? p.status}</Pill>
                        <b>{t.approvals.actions[p.action_type] ?? p.action_type}</b> {p.memory_id ? <MemoryLink id={p.memory_id} /> : plain(titleOf(p), 100)}
                        <span class="muted">{plain(p.namespace, 80)} · {t.approvals.proposed} {plain(p.requested_by, 40)} · {p.decided_by && plain(p.decided_by, 40)} <Time at={p.decided_at ?? p.requested_at} /></span>
                        {p.detail && <span class="muted small">{plain(p.detail, 200)}</span>}
                        <a href={href("approvals", p.id)}>{t.common.open}</a>
                      </li>
                    ))}
                  </ul>
                </Card>
              )}
            </>
          );
        }}
      </Show>
    </Page>
  );
}

function titleOf(p: Pending): string {
  return typeof p.payload["title"] === "string" ? p.payload["title"] : p.action_type;
}

function approverOf(p: Pending, t: Words): string {
  const a = p.approver as unknown;
  if (a && typeof a === "object") {
    if ("agent" in a) return t.approvals.agentOnly(plain(String(a.agent), 60));
    if ("consensus" in a) return t.approvals.consensus(Number(a.consensus));
  }
  return t.approvals.anybody;
}

function Proposal({ p, again }: { p: Pending; again: () => void }) {
  const t = useWords();
  const a = t.approvals;
  const who = use(agent);
  const own = p.requested_by === who && who !== "";
  const [busy, run] = useBusy();
  const decide = (yes: boolean) =>
    run(async () => {
      try {
        const path = { id: p.id };
        if (yes) {
          const out = await call("POST /api/v1/pending/{id}/approve", { path });
          toast({ text: "votes" in out && !out.approved ? a.voted(out.votes, out.quorum) : a.approved });
        } else {
          await call("POST /api/v1/pending/{id}/reject", { path });
          toast({ text: a.rejected });
        }
        again();
      } catch (err) {
        complain(err);
      }
    });
  return (
    <Card
      title={titleOf(p) === p.action_type ? (a.actions[p.action_type] ?? p.action_type) : <>{a.actions[p.action_type] ?? p.action_type}: {plain(titleOf(p), 120)}</>}
      aside={
        <span class="row">
          <button type="button" class="primary" disabled={busy || own || who === ""} onClick={() => decide(true)}>{a.approve}</button>
          <button type="button" disabled={busy || who === ""} onClick={() => decide(false)}>{a.reject}</button>
          <CopyAs said={() => say("POST /api/v1/pending/{id}/approve", { path: { id: p.id } }, { cli: `pending approve ${sh(p.id)}`, go: `c.Governance().Decide(ctx, ${JSON.stringify(p.id)}, true)`, tool: "memory_pending_approve", input: { id: p.id } })} />
        </span>
      }
    >
      <p class="muted">
        {plain(p.namespace, 80)} · {a.proposed} <b>{plain(p.requested_by, 60)}</b> <Time at={p.requested_at} /> · {a.approver} {approverOf(p, t)} · {a.home} {plain(p.home, 40)}
      </p>
      {own ? <p class="warn-text">{a.own}</p> : who === "" ? <p class="row wrap"><span class="warn-text">{a.actAs}</span> <a class="button" href={href("agents")}>{a.choose}</a></p> : null}
      <h3>{a.change}</h3>
      <Change p={p} />
      <p class="muted">
        {a.votes}: {p.approvals.length === 0 && !p.rejections?.length ? a.noVotes : null}
        {p.approvals.map((v) => <span key={v.agent_id} class="chip">✓ {plain(v.agent_id, 60)} <Time at={v.approved_at} /></span>)}
        {p.rejections?.map((v) => <span key={v.agent_id} class="chip">✗ {plain(v.agent_id, 60)} <Time at={v.approved_at} /></span>)}
      </p>
    </Card>
  );
}

// The change against what is there now.
function Change({ p }: { p: Pending }) {
  const t = useWords();
  const id = p.memory_id;
  const now = useLoad<Memory | null>(
    async (signal) => {
      if (!id) return null;
      try {
        return (await call("GET /api/v1/memories/{id}", { path: { id }, signal })).memory;
      } catch (err) {
        if (err instanceof Problem && err.status === 404) return null;
        throw err;
      }
    },
    [id],
  );
  const content = typeof p.payload["content"] === "string" ? p.payload["content"] : null;
  return (
    <Show of={now}>
      {(m) =>
        content !== null ? (
          <>
            {!m && <p class="muted small">{t.approvals.newMemory} <b>{plain(titleOf(p), 200)}</b></p>}
            {m && m.title !== titleOf(p) && <Difference from={m.title} to={titleOf(p)} />}
            <Difference from={m?.content ?? ""} to={content} />
          </>
        ) : typeof p.payload["source_id"] === "string" && typeof p.payload["target_id"] === "string" ? (
          <p><MemoryLink id={p.payload["source_id"]} /> → <span class="chip">{plain(String(p.payload["relation"] ?? ""), 40)}</span> → <MemoryLink id={p.payload["target_id"]} /></p>
        ) : (
          <>
            {m && <p>{p.action_type}: <MemoryLink id={m.id} /></p>}
            <p class="muted small">{t.approvals.noText}</p>
            <pre class="snippet"><Text s={JSON.stringify(p.payload, null, 2).slice(0, 20000)} /></pre>
          </>
        )
      }
    </Show>
  );
}
