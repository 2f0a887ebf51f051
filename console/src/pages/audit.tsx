// The audit log: what an operator may have to answer for, and whether it is as it was
// written.
import { useEffect, useState } from "preact/hooks";
import { call } from "../api";
import type { AuditPage, AuditVerdict } from "../api.gen";
import { ask, place } from "../router";
import { standing, use } from "../store";
import { CopyAs, say } from "../ui/copy";
import { Card, Empty, Failure, Pill, useBusy, useEvery, useLoad } from "../ui/kit";
import { Time, plain } from "../ui/text";
import { complain } from "../ui/toast";
import { useWords } from "../ui/words";
import { save } from "./bulk";

const kinds = ["refusal", "auth_failure", "key_change", "membership", "decision", "erasure", "export", "secret", "opened", "signing_key", "torn_tail"];
const pause = 3000; // ms between two looks, while the newest are shown

export function Audit() {
  const t = useWords();
  const a = t.audit;
  const me = use(standing);
  return (
    <Card title={a.title} aside={me?.operator && <Verify />}>
      <p class="muted small">{a.help}</p>
      {me?.operator ? <Log /> : <p class="muted">{t.system.asOperator}</p>}
    </Card>
  );
}

function Log() {
  const t = useWords();
  const a = t.audit;
  const at = use(place);
  const kind = at.query.get("audit") ?? "";
  const text = at.query.get("audited") ?? "";
  const [before, setBefore] = useState(0);
  const query = { kind, text, before, limit: 100 };
  const list = useLoad((signal) => call("GET /api/v1/audit", { query, signal }), [kind, text, before]);
  useEffect(() => setBefore(0), [kind, text]);
  useEvery(before > 0 || list.error ? 0 : pause, list.again);
  if (list.error) return <Failure error={list.error} again={list.again} />;
  return (
    <>
      <div class="facets">
        <label class="facet"><span>{t.activity.kind}</span>
          <select value={kind} onChange={(e) => ask({ audit: e.currentTarget.value })}>
            <option value="">{t.list.any}</option>
            {kinds.map((x) => <option key={x} value={x}>{a.kinds[x] ?? x}</option>)}
          </select>
        </label>
        <label class="facet"><span>{a.text}</span><input type="search" value={text} onInput={(e) => ask({ audited: e.currentTarget.value })} /></label>
        <span class="row wrap facet-end">
          <button type="button" onClick={() => save("audit.jsonl", (list.value?.rows ?? []).map((r) => JSON.stringify(r)).join("\n") + "\n")}>{t.activity.exportLines}</button>
          <a class="button" href="/api/v1/audit/log" download="audit.log">{a.whole}</a>
          <CopyAs said={() => say("GET /api/v1/audit", { query }, { cli: "audit list" })} />
        </span>
      </div>
      {list.value && <Rows v={list.value} older={() => setBefore(list.value?.next ?? 0)} newest={before > 0 ? () => setBefore(0) : undefined} />}
    </>
  );
}

function Rows({ v, older, newest }: { v: AuditPage; older: () => void; newest: (() => void) | undefined }) {
  const t = useWords();
  const a = t.audit;
  const reached = v.looked_to === undefined ? null : (
    <p class="row wrap" role="status">
      {a.lookedTo} <Time at={v.looked_to} /> <button type="button" onClick={older}>{a.lookOn}</button> {newest && <button type="button" onClick={newest}>{a.newest}</button>}
    </p>
  );
  if (v.count === 0) return reached ? <div class="empty"><p class="empty-title">{a.noneYet}</p>{reached}</div> : <Empty title={t.activity.nofit}>{newest && <button type="button" onClick={newest}>{a.newest}</button>}</Empty>;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={a.title}>
        <table class="table audit">
          <thead><tr><th scope="col" class="num">{a.row}</th><th scope="col">{t.activity.when}</th><th scope="col">{t.activity.kind}</th><th scope="col">{a.how}</th><th scope="col">{t.activity.who}</th><th scope="col">{t.activity.about}</th><th scope="col">{a.detail}</th></tr></thead>
          <tbody>
            {v.rows.map((r) => (
              <tr key={r.seq}>
                <td class="num">{r.seq}</td><td><Time at={r.at} /></td><td><span class="chip">{a.kinds[r.kind] ?? plain(r.kind, 40)}</span></td>
                <td><code>{plain(r.tag ?? "", 60)}</code>{(r.times ?? 0) > 1 && <span class="muted small"> × {r.times}</span>}</td>
                <td>{plain(r.actor ?? "", 60)}</td><td>{plain(r.subject ?? "", 120)}</td><td class="muted">{plain(r.detail ?? "", 200)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {reached}
      <p class="row wrap">
        {newest && !reached && <button type="button" onClick={newest}>{a.newest}</button>}
        {v.next !== undefined && !reached && <button type="button" onClick={older}>{a.older}</button>}
        <span class="muted small">{a.head} <code>{plain(v.head, 24)}</code></span>
      </p>
    </>
  );
}

function Verify() {
  const a = useWords().audit;
  const [v, setV] = useState<AuditVerdict | null>(null);
  const [busy, run] = useBusy();
  const check = () =>
    run(async () => {
      try {
        setV(await call("POST /api/v1/audit/verify"));
      } catch (err) {
        complain(err);
      }
    });
  return (
    <span class="row wrap">
      <span role="status">{v && (v.ok ? <Pill kind="good">{a.right(v.rows)}</Pill> : <Pill kind="bad">{a.wrong(v.faults, v.findings.map((x) => plain(x, 80)).slice(0, 3).join("; "))}</Pill>)}</span>
      <button type="button" disabled={busy} onClick={check}>{busy ? a.checking : a.verify}</button>
    </span>
  );
}
