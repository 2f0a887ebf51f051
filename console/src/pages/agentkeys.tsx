// Keys of agents: made, shown once, ended. A key says who calls, where, and for what.
import { useState } from "preact/hooks";
import { call } from "../api";
import type { AgentKeyInfo, AgentKeyMade } from "../api.gen";
import { href } from "../router";
import { standing, use } from "../store";
import { copy, CopyAs, say, sh } from "../ui/copy";
import { Card, Dialog, Empty, Field, Pill, Show, useBusy, useLoad } from "../ui/kit";
import { Time, plain } from "../ui/text";
import { complain, toast } from "../ui/toast";
import { useWords } from "../ui/words";

const verbs = ["read", "write", "propose", "approve", "admin"];

export function Keys() {
  const t = useWords();
  const k = t.keyring;
  const me = use(standing);
  const list = useLoad(async (signal) => (me?.operator ? call("GET /api/v1/agents/keys", { signal }) : null), [me?.operator]);
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<AgentKeyMade | null>(null);
  const [ending, setEnding] = useState<AgentKeyInfo | null>(null);
  const [busy, run] = useBusy();
  const rotate = (x: AgentKeyInfo) =>
    run(async () => {
      try {
        setMade(await call("POST /api/v1/agents/keys/{id}/rotate", { path: { id: x.id }, query: { overlap_secs: 600 } }));
      } catch (err) {
        complain(err);
      }
      list.again();
    });
  return (
    <Card title={k.title} aside={me?.operator && <button type="button" onClick={() => setAdding(true)}>{k.add}</button>}>
      <Show of={list}>
        {(v) => v === null ? <p class="muted">{k.operator}</p> : v.count === 0 ? <Empty title={k.empty}>{k.emptyHelp}</Empty> : (
          <div class="scroll" tabIndex={0} role="region" aria-label={k.title}>
            <table class="table">
              <thead><tr><th scope="col">{t.agents.name}</th><th scope="col">{k.spaces}</th><th scope="col">{k.verbs}</th><th scope="col">{k.made}</th><th scope="col">{t.common.state}</th><th scope="col"><span class="sr">{t.common.actions}</span></th></tr></thead>
              <tbody>
                {v.keys.map((x) => (
                  <tr key={x.id}>
                    <th scope="row"><b>{plain(x.agent, 60)}</b> <code class="muted">{x.id}</code></th>
                    <td>{x.namespaces.map((g) => <code key={g} class="chip">{plain(g, 40)}</code>)}</td>
                    <td>{x.verbs.map((g) => <span key={g} class="chip">{g}</span>)}</td>
                    <td><Time at={x.created_at} /></td>
                    <td>{x.revoked_at ? <><Pill>{k.revoked}</Pill> <Time at={x.revoked_at} /></> : !x.alive ? <><Pill>{k.expired}</Pill> <Time at={x.expires_at} /></> : x.expires_at ? <>{k.until} <Time at={x.expires_at} /></> : <Pill kind="good">{k.good}</Pill>}</td>
                    <td><span class="row">{x.alive && <><button type="button" class="quiet" disabled={busy} title={k.rotateHelp} onClick={() => rotate(x)}>{k.rotate}</button><button type="button" class="quiet danger" onClick={() => setEnding(x)}>{k.revoke}</button></>}</span></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Show>
      {adding && <Add first={list.value?.count === 0} onClose={() => setAdding(false)} made={(x) => (setAdding(false), setMade(x), list.again())} />}
      {made && <Shown x={made} onClose={() => setMade(null)} />}
      {ending && <Revoke x={ending} onClose={() => (setEnding(null), list.again())} />}
    </Card>
  );
}

function Add({ first, onClose, made }: { first: boolean; onClose: () => void; made: (x: AgentKeyMade) => void }) {
  const t = useWords();
  const k = t.keyring;
  const [agent, setAgent] = useState("");
  const [spaces, setSpaces] = useState("**");
  const [may, setMay] = useState<readonly string[]>(["read", "write"]);
  const [days, setDays] = useState("");
  const [busy, run] = useBusy();
  const query = () => ({ agent: agent.trim(), namespaces: spaces.split(",").map((x) => x.trim()).filter(Boolean), verbs: [...may], ttl_secs: Math.round(Number(days) * 86_400) });
  const submit = (e: Event) => {
    e.preventDefault();
    run(async () => {
      try {
        made(await call("POST /api/v1/agents/keys", { query: query() }));
      } catch (err) {
        complain(err);
      }
    });
  };
  return (
    <Dialog title={k.add} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label={t.agents.name}><input value={agent} data-first required pattern="[A-Za-z0-9_:@.\/\-]+" maxLength={128} onInput={(e) => setAgent(e.currentTarget.value)} /></Field>
        <Field label={k.spaces} hint={k.spacesHelp}><input value={spaces} required onInput={(e) => setSpaces(e.currentTarget.value)} /></Field>
        <fieldset class="row wrap"><legend>{k.verbs}</legend>{verbs.map((v) => <label class="row" key={v}><input type="checkbox" checked={may.includes(v)} onChange={() => setMay(may.includes(v) ? may.filter((x) => x !== v) : [...may, v])} /> {v}</label>)}</fieldset>
        <Field label={k.days}><input type="number" min={0} step="any" value={days} onInput={(e) => setDays(e.currentTarget.value)} /></Field>
        {first && <p class="warn-text">{k.closes}</p>}
        <p class="row"><button type="submit" class="primary" disabled={busy || may.length === 0}>{k.add}</button><button type="button" onClick={onClose}>{t.common.cancel}</button><CopyAs said={() => say("POST /api/v1/agents/keys", { query: query() }, { cli: `agent add ${sh(agent)} --namespaces ${sh(spaces)} --verbs ${may.join(",")}` })} /></p>
      </form>
    </Dialog>
  );
}

function Shown({ x, onClose }: { x: AgentKeyMade; onClose: () => void }) {
  const t = useWords();
  return (
    <Dialog title={t.keyring.shown(plain(x.agent, 60))} onClose={onClose}>
      <p>{t.keyring.once}</p>
      <pre class="snippet">{x.key}</pre>
      <p class="row"><button type="button" class="primary" data-first onClick={() => (void copy(x.key), toast({ text: t.common.copied }))}>{t.common.copy}</button><button type="button" onClick={onClose}>{t.common.done}</button></p>
    </Dialog>
  );
}

// What was written under the name that the key is for, and which of it carries its signature.
function Wrote({ agent }: { agent: string }) {
  const t = useWords();
  const k = t.keyring;
  const list = useLoad((signal) => call("GET /api/v1/memories", { query: { owner: agent, order: "edited", limit: 100 }, signal }), [agent]);
  return (
    <Show of={list}>
      {(v) => {
        const signed = v.memories.filter((m) => m.signature === "valid" && m.signed_by === agent);
        return (
          <>
            <p>{k.itsMemories(v.count, !!v.next)} {v.count > 0 && k.itsSigned(signed.length)}</p>
            {v.count > 0 && (
              <details>
                <summary>{k.showThem}</summary>
                <ul class="plain-list">{v.memories.slice(0, 20).map((m) => <li key={m.id}><a href={href("memory", m.id)} target="_blank">{plain(m.title, 80)}</a> {m.signature === "valid" && <Pill kind="good">{t.memory.signature.valid}</Pill>} <Time at={m.updated_at} /></li>)}</ul>
              </details>
            )}
            <p class="row wrap"><a href={href("memories", "", { owner: agent })} target="_blank">{k.allOfThem}</a> <a href={href("activity", "", { actor: agent })} target="_blank">{k.wrote}</a> <a href={href("agents", "", { by: agent })} target="_blank">{t.agents.whatItSaw(plain(agent, 40))}</a></p>
          </>
        );
      }}
    </Show>
  );
}

function Revoke({ x, onClose }: { x: AgentKeyInfo; onClose: () => void }) {
  const t = useWords();
  const k = t.keyring;
  const [busy, run] = useBusy();
  const apply = () =>
    run(async () => {
      try {
        await call("DELETE /api/v1/agents/keys/{id}", { path: { id: x.id } });
        toast({ text: k.isRevoked });
        onClose();
      } catch (err) {
        complain(err);
      }
    });
  return (
    <Dialog title={k.revokeTitle(plain(x.agent, 60))} onClose={onClose}>
      <p>{k.revokeText}</p>
      <Wrote agent={x.agent} />
      <p class="row"><button type="button" class="danger" data-first disabled={busy} onClick={apply}>{k.revoke}</button><button type="button" onClick={onClose}>{t.common.cancel}</button><CopyAs said={() => say("DELETE /api/v1/agents/keys/{id}", { path: { id: x.id } }, { cli: "agent revoke " + x.id })} /></p>
    </Dialog>
  );
}
