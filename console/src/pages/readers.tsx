// Who has read a memory, as this node knows it.
import { call } from "../api";
import type { Content, Memory } from "../api.gen";
import { standing, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { Card, Pill, Show, useLoad } from "../ui/kit";
import { Time, plain } from "../ui/text";
import { useWords } from "../ui/words";

/** How often a memory was of use, and to whom. */
export function Use({ id, m }: { id: string; m: Memory | null }) {
  const t = useWords();
  const k = t.memory;
  const me = use(standing);
  const list = useLoad((signal) => call("GET /api/v1/readers", { query: { id }, signal }), [id]);
  const aside = <CopyAs said={() => say("GET /api/v1/readers", { query: { id } }, { cli: "agent readers " + sh(id), go: `r, err := c.Agents().Readers(ctx, ${JSON.stringify(id)})` })} />;
  return (
    <Card title={k.use} aside={aside}>
      <p>{m && m.access_count > 0 ? <>{k.recalled(m.access_count)}; {k.lastRecalled} <Time at={m.last_accessed_at} /></> : k.neverRecalled}</p>
      <Show of={list}>
        {(v) => (
          <>
            <ul class="rows readers">
              {v.readers.map((r) => <li key={r.agent_id}><b>{plain(r.agent_id, 60)}</b> <span>{k.how[r.how]}</span> <Time at={r.last_at} /> {r.times > 1 && <span class="muted small">{k.times(r.times)}</span>}</li>)}
            </ul>
            <p class="muted small">{me?.operator ? <>{v.count === 0 && k.noReaders} {k.whoRecalled}</> : k.ownReads} {k.readsSince} <Time at={v.since} />.</p>
          </>
        )}
      </Show>
    </Card>
  );
}

/** Who has signed a text, and whether it is still what was signed. */
export function Signed({ m }: { m: Content }) {
  const k = useWords().memory;
  if (m.signature === "absent") return <span class="muted">{k.unsigned}</span>;
  return (
    <>
      <Pill kind={m.signature === "valid" ? "good" : "bad"}>{k.signature[m.signature]}</Pill> {k.signedBy(plain(m.signed_by ?? "", 80))} <Time at={m.signed_at} />
      {m.signing_key && <div class="small muted">{k.signingKey} <code title={m.signing_key}>{m.signing_key.slice(0, 12)}…</code></div>}
    </>
  );
}
