// Letting a machine in, and taking a member out: what it means is said before.
import { useEffect, useState } from "preact/hooks";
import { call } from "../api";
import type { JoinToken, Member, MemberInfo, Membership, Status } from "../api.gen";
import { status, standing, use } from "../store";
import { copy, CopyAs, say, sh } from "../ui/copy";
import { Card, Dialog, Field, Pill, Show, useBusy, useLoad, type Loaded } from "../ui/kit";
import { Time, plain } from "../ui/text";
import { complain, toast } from "../ui/toast";
import { useWords } from "../ui/words";

/** The members as the root has signed them; only the operator is told. */
export function useMembership(): Loaded<Membership | null> {
  const me = use(standing);
  const s = use(status);
  const n = s?.members.length ?? 0;
  return useLoad<Membership | null>(async (signal) => (me?.operator ? call("GET /api/v1/members", { signal }) : null), [me?.operator, n, s?.n]);
}

/** The members of a federation with identities, and what can be done with them. */
export function Roll({ list }: { list: Loaded<Membership | null> }) {
  const t = useWords();
  const p = t.peers;
  const [letIn, setLetIn] = useState(false);
  const [out, setOut] = useState<MemberInfo | null>(null);
  const [busy, run] = useBusy();
  const s = use(status);
  const set = (m: MemberInfo, role: "voter" | "observer") =>
    run(async () => {
      try {
        await call("PUT /api/v1/members/{node}", { path: { node: m.node }, query: { role } });
        toast({ text: role === "observer" ? p.drained(m.node) : p.counts(m.node) });
      } catch (err) {
        complain(err);
      }
      list.again();
    });
  return (
    <Card title={p.roll} aside={list.value?.authority && <button type="button" class="primary" onClick={() => setLetIn(true)}>{p.join}</button>}>
      <Show of={list}>
        {(v) => v === null ? <p class="muted">{p.rollOperator}</p> : !v.identity ? (
          <>
            <p>{p.noIdentity}</p>
            <pre class="snippet">tally cluster init --name acme</pre>
          </>
        ) : (
          <>
            <div class="scroll" tabIndex={0} role="region" aria-label={p.roll}>
              <table class="table">
                <thead><tr><th scope="col">{p.member}</th><th scope="col">{p.role}</th><th scope="col">{p.url}</th><th scope="col">{p.key}</th><th scope="col">{p.since}</th><th scope="col"><span class="sr">{t.common.actions}</span></th></tr></thead>
                <tbody>
                  {v.members.map((m) => (
                    <tr key={m.node}>
                      <th scope="row"><b>{plain(m.node, 60)}</b> {m.self && <Pill kind="good">{p.thisNode}</Pill>}</th>
                      <td>{p.roles[m.role]}</td>
                      <td>{m.url ? plain(m.url, 80) : <span class="muted">{p.callsOthers}</span>}</td>
                      <td><code class="muted" title={m.key}>{m.key.slice(0, 12)}</code></td>
                      <td class="muted">{p.epoch(m.since)}</td>
                      <td><span class="row">
                        {v.authority && !m.self && (m.role === "voter"
                          ? <button type="button" class="quiet" disabled={busy || v.changing} title={p.drainHelp} onClick={() => set(m, "observer")}>{p.drain}</button>
                          : <button type="button" class="quiet" disabled={busy || v.changing} onClick={() => set(m, "voter")}>{p.letCount}</button>)}
                        {v.authority && !m.self && <button type="button" class="quiet danger" disabled={busy} onClick={() => setOut(m)}>{p.takeOut}</button>}
                      </span></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {v.changing && <p class="warn-text">{p.changing}</p>}
            <dl class="facts">
              <div><dt>{p.cluster}</dt><dd>{plain(v.domain ?? "", 80)}, {p.epoch(v.epoch)}</dd></div>
              <div><dt>{p.words}</dt><dd><Words words={v.words} /></dd></div>
              {v.certificate_ends && <div><dt>{p.certificate}</dt><dd>{p.ends} <Time at={v.certificate_ends} /></dd></div>}
            </dl>
            {!v.authority && <p class="muted small">{p.elsewhere}</p>}
          </>
        )}
      </Show>
      {letIn && <Wizard known={(s?.members ?? []).map((m) => m.name)} onClose={() => (setLetIn(false), list.again())} />}
      {out && <TakeOut m={out} s={s} changing={!!list.value?.changing} onClose={() => (setOut(null), list.again())} />}
    </Card>
  );
}

function Words({ words }: { words: string[] }) {
  return <span class="words">{words.map((w, i) => <span key={i} class="chip">{w}</span>)}</span>;
}

// The wizard stays open from the token to the moment at which the new member is proven
// equal: what it shows is what the node says of it.
function Wizard({ known, onClose }: { known: string[]; onClose: () => void }) {
  const t = useWords();
  const p = t.peers;
  const s = use(status);
  const [before] = useState(known);
  const [token, setToken] = useState<JoinToken | null>(null);
  const [observer, setObserver] = useState(false);
  const [name, setName] = useState("");
  const [busy, run] = useBusy();
  const make = (e: Event) => {
    e.preventDefault();
    run(async () => {
      try {
        setToken(await call("POST /api/v1/members/tokens", { query: { ttl_secs: 3600, observer } }));
      } catch (err) {
        complain(err);
      }
    });
  };
  const cancel = () => {
    const m = s?.members.find((x) => !before.includes(x.name));
    if (token && !m) call("DELETE /api/v1/members/tokens/{id}", { path: { id: token.id } }).catch(complain);
    onClose();
  };
  const line = token ? `tally join ${token.url} ${token.token}${name.trim() ? " --node " + sh(name.trim()) : ""}` : "";
  const fresh = s?.members.find((m) => !before.includes(m.name));
  return (
    <Dialog title={p.join} onClose={cancel} wide>
      {!token ? (
        <form class="stack" onSubmit={make}>
          <p>{p.joinHelp}</p>
          <Field label={p.newName} hint={p.newNameHelp}><input value={name} data-first onInput={(e) => setName(e.currentTarget.value)} pattern="[a-z0-9][a-z0-9-]*" maxLength={63} placeholder="east" /></Field>
          <label class="row"><input type="checkbox" checked={observer} onChange={() => setObserver(!observer)} /> {p.asObserver}</label>
          <p class="row"><button type="submit" class="primary" disabled={busy}>{p.makeToken}</button><CopyAs said={() => say("POST /api/v1/members/tokens", { query: { ttl_secs: 3600, observer } }, { cli: `cluster token --ttl 1h${observer ? " --observer" : ""}` })} /></p>
        </form>
      ) : (
        <ol class="stack wizard">
          <li>
            <p>{p.paste}</p>
            <pre class="snippet">{line}</pre>
            <p class="row"><button type="button" class="primary" onClick={() => (void copy(line), toast({ text: t.common.copied }))}>{t.common.copy}</button><span class="muted small">{p.tokenEnds} <Time at={token.expires_at} />. {p.tokenOnce}</span></p>
          </li>
          <li>
            <p>{p.compareWords}</p>
            <Words words={token.words} />
          </li>
          <li aria-live="polite">{fresh ? <Arrived m={fresh} /> : <p>{p.waitingFor}</p>}</li>
        </ol>
      )}
      {token && <p><button type="button" onClick={cancel}>{fresh ? t.common.done : p.cancelToken}</button></p>}
    </Dialog>
  );
}

// How far a new member has got: it is owed everything at first.
function Arrived({ m }: { m: Member }) {
  const t = useWords();
  const p = t.peers;
  const [most, setMost] = useState(m.owed);
  useEffect(() => setMost((was) => Math.max(was, m.owed)), [m.owed]);
  const done = m.owed === 0 && !!m.proven_equal_at && !m.proven_equal_at.startsWith("0001");
  const part = most === 0 ? (done ? 1 : 0) : 1 - m.owed / most;
  return (
    <>
      <p><b>{p.arrived(plain(m.name, 60))}</b> <Pill kind={done ? "good" : "warn"}>{done ? p.isEqual : p.states[m.state] ?? m.state}</Pill></p>
      <progress max={1} value={done ? 1 : part} aria-label={p.owed} />
      <p class="muted">{done ? <>{p.proven} <Time at={m.proven_equal_at} /></> : p.stillOwed(m.owed)}</p>
    </>
  );
}

function TakeOut({ m, s, changing, onClose }: { m: MemberInfo; s: Status | null; changing: boolean; onClose: () => void }) {
  const t = useWords();
  const p = t.peers;
  const [typed, setTyped] = useState("");
  const [busy, run] = useBusy();
  const at = s?.members.find((x) => x.name === m.node);
  const n = (s?.n ?? 1) - (m.role === "voter" ? 1 : 0);
  const remove = (e: Event) => {
    e.preventDefault();
    run(async () => {
      try {
        await call("DELETE /api/v1/members/{node}", { path: { node: m.node }, query: { force: changing } });
        toast({ text: p.removed(m.node) });
        onClose();
      } catch (err) {
        complain(err);
      }
    });
  };
  return (
    <Dialog title={p.takeOutTitle(m.node)} onClose={onClose}>
      <form class="stack" onSubmit={remove}>
        <ul>
          <li>{p.outKey}</li>
          <li>{p.outQuorum(n, Math.floor(n / 2) + 1)}</li>
          <li>{p.outData}</li>
          {at && at.owed > 0 && <li class="warn-text">{p.outOwed(at.owed)}</li>}
          {m.role === "voter" && <li class="muted">{p.outDrain}</li>}
          {changing && <li class="warn-text">{p.outForce}</li>}
        </ul>
        <Field label={p.outType} hint={m.node}><input value={typed} data-first onInput={(e) => setTyped(e.currentTarget.value)} autocomplete="off" /></Field>
        <p class="row">
          <button type="submit" class="danger" disabled={busy || typed !== m.node}>{p.takeOut}</button>
          <button type="button" onClick={onClose}>{t.common.cancel}</button>
          <CopyAs said={() => say("DELETE /api/v1/members/{node}", { path: { node: m.node }, query: { force: changing } }, { cli: `member remove ${m.node}${changing ? " --force" : ""}` })} />
        </p>
      </form>
    </Dialog>
  );
}
