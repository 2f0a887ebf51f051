// The tree of namespaces, the rules that hold in each, and what an agent is told.
import { useState } from "preact/hooks";
import { call } from "../api";
import type { Branch, Standard } from "../api.gen";
import { href, place } from "../router";
import { namespace, status, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { Card, Dialog, Empty, Field, Page, Show, useBusy, useLoad } from "../ui/kit";
import { Text, Time, plain } from "../ui/text";
import { complain, explain, toast } from "../ui/toast";
import { MemoryLink } from "../ui/title";
import { useWords } from "../ui/words";

export default function Namespaces() {
  const t = useWords();
  const at = use(place);
  const tree = useLoad((signal) => call("GET /api/v1/taxonomy", { query: { depth: 8, limit: 1000 }, signal }), []);
  return (
    <Page title={t.spaces.title}>
      <div class="split tree-split">
        <Card title={t.spaces.tree} aside={<CopyAs said={() => say("GET /api/v1/taxonomy", {}, { cli: "namespace list", go: "c.Namespaces(ctx)", tool: "memory_get_taxonomy" })} />}>
          <Show of={tree}>
            {(v) => (!v.tree || v.tree.children.length === 0 ? <Empty title={t.spaces.empty} /> : (
              <>
                <ul class="tree">{v.tree.children.map((b) => <Node key={b.namespace} b={b} chosen={at.id} depth={0} />)}</ul>
                {v.truncated && <p class="muted small">{t.spaces.truncated}</p>}
              </>
            ))}
          </Show>
        </Card>
        <div>{at.id ? <One key={at.id} ns={at.id} /> : <Card><Empty title={t.spaces.choose} /></Card>}</div>
      </div>
    </Page>
  );
}

function Node({ b, chosen, depth }: { b: Branch; chosen: string; depth: number }) {
  const t = useWords();
  const [open, setOpen] = useState(depth < 2 || chosen.startsWith(b.namespace + "/"));
  return (
    <li>
      <span class="tree-row">
        {b.children.length > 0 ? <button type="button" class="quiet fold" aria-expanded={open} aria-label={b.name} onClick={() => setOpen(!open)}>{open ? "▾" : "▸"}</button> : <span class="fold" />}
        <a href={href("namespaces", b.namespace)} aria-current={b.namespace === chosen ? "true" : undefined}>{plain(b.name, 60)}</a>
        <span class="muted num small" title={`${b.count} ${t.spaces.own}, ${b.subtree_count} ${t.spaces.below}`}>{b.subtree_count.toLocaleString(t.locale)}</span>
      </span>
      {open && b.children.length > 0 && <ul>{b.children.map((c) => <Node key={c.namespace} b={c} chosen={chosen} depth={depth + 1} />)}</ul>}
    </li>
  );
}

function One({ ns }: { ns: string }) {
  const t = useWords();
  const s = t.spaces;
  const st = use(status);
  const [edit, setEdit] = useState(false);
  const [busy, run] = useBusy();
  const chain = useLoad((signal) => call("GET /api/v1/namespaces", { query: { namespace: ns, inherit: true }, signal }), [ns]);
  const clear = () =>
    run(async () => {
      try {
        await call("DELETE /api/v1/namespaces", { query: { namespace: ns } });
        const was = own?.governance;
        const body = was && { namespace: ns, governance: was, ...(own.standard_id ? { id: own.standard_id } : {}), ...(own.parent ? { parent: own.parent } : {}) };
        toast({ text: s.cleared, ...(body && { act: { label: t.common.undo, run: () => void call("POST /api/v1/namespaces", { body }).then(chain.again, complain) } }) });
        chain.again();
      } catch (err) {
        complain(err);
      }
    });
  const list = chain.value && "standards" in chain.value ? chain.value.standards : [];
  const own = list.find((x) => x.namespace === ns);
  const w = list.map((x) => x.governance?.["write_quorum"]).find((x) => typeof x === "number") ?? st?.w;
  return (
    <>
      <Card
        title={plain(ns, 200)}
        aside={
          <span class="row wrap">
            <a class="button" href={href("memories")} onClick={() => namespace.set(ns)}>{s.toMemories}</a>
            <button type="button" onClick={() => setEdit(true)}>{s.edit}</button>
            {own && <button type="button" class="danger" disabled={busy} onClick={clear}>{s.clear}</button>}
            <CopyAs said={() => say("GET /api/v1/namespaces", { query: { namespace: ns, inherit: true } }, { cli: `namespace get --inherit ${sh(ns)}`, go: `c.Governance().StandardChain(ctx, ${JSON.stringify(ns)})`, tool: "memory_namespace_get_standard", input: { namespace: ns, inherit: true } })} />
          </span>
        }
      >
        {w !== undefined && <p>{s.w(Number(w))}</p>}
        <h3>{s.chain}</h3>
        <Show of={chain}>{() => (list.length === 0 ? <p class="muted">{s.none}</p> : <>{list.map((x) => <Rules key={x.namespace} x={x} />)}</>)}</Show>
      </Card>
      <BriefingCard ns={ns} />
      {edit && <Edit ns={ns} now={own} onClose={() => setEdit(false)} done={chain.again} />}
    </>
  );
}

function Rules({ x }: { x: Standard }) {
  const t = useWords();
  const words: Record<string, string> = t.spaces.rule;
  return (
    <div class="rules">
      <p><b>{plain(x.namespace, 200)}</b> {x.standard_id && <MemoryLink id={x.standard_id} />} {x.set_at && <span class="muted small">{t.spaces.setBy} <Time at={x.set_at} /></span>}</p>
      {x.warning && <p class="muted small">{plain(x.warning, 200)}</p>}
      {x.content && <div class="body-text"><Text s={x.content.slice(0, 2000)} /></div>}
      {x.governance && (
        <dl class="facts">
          {Object.entries(x.governance).map(([name, v]) => <div key={name}><dt>{words[name] ?? plain(name, 40)}</dt><dd>{typeof v === "string" ? (t.spaces.values[v] ?? plain(v, 100)) : typeof v === "number" ? v : typeof v === "boolean" ? (v ? t.overview.yes : t.overview.no) : <code>{plain(JSON.stringify(v), 200)}</code>}</dd></div>)}
        </dl>
      )}
    </div>
  );
}

function Edit({ ns, now, onClose, done }: { ns: string; now: Standard | undefined; onClose: () => void; done: () => void }) {
  const t = useWords();
  const [text, setText] = useState(JSON.stringify(now?.governance ?? { write: "any" }, null, 2));
  const [bad, setBad] = useState("");
  const [busy, run] = useBusy();
  const parsed = (): Record<string, unknown> | null => {
    try {
      const v = JSON.parse(text) as unknown;
      return v && typeof v === "object" && !Array.isArray(v) ? (v as Record<string, unknown>) : null;
    } catch {
      return null;
    }
  };
  const submit = (e: Event) => {
    e.preventDefault();
    const governance = parsed();
    if (!governance) return setBad(t.spaces.badJson);
    run(async () => {
      try {
        const out = await call("POST /api/v1/namespaces", { body: { namespace: ns, governance, ...(now?.standard_id ? { id: now.standard_id } : {}), ...(now?.parent ? { parent: now.parent } : {}) } });
        toast({ text: "pending_id" in out ? t.memory.pending : t.spaces.saved });
        onClose();
        done();
      } catch (err) {
        const x = explain(err);
        setBad(`${x.text} ${x.code}. ${x.next}`);
      }
    });
  };
  return (
    <Dialog title={`${t.spaces.edit}: ${plain(ns, 100)}`} onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <RuleFields rules={parsed()} onRules={(r) => setText(JSON.stringify(r, null, 2))} />
        <details>
          <summary>{t.spaces.json}</summary>
          <Field label={t.spaces.jsonHelp}><textarea rows={8} value={text} onInput={(e) => setText(e.currentTarget.value)} spellcheck={false} /></Field>
        </details>
        {bad && <p class="bad-text" role="alert">{bad}</p>}
        <p class="row">
          <button type="submit" class="primary" disabled={busy}>{t.common.save}</button>
          <button type="button" onClick={onClose}>{t.common.cancel}</button>
          <CopyAs said={() => say("POST /api/v1/namespaces", { body: { namespace: ns, governance: parsed() ?? {} } }, { cli: `namespace set ${sh(ns)} --governance ${sh(JSON.stringify(parsed() ?? {}))}`, go: `c.Governance().SetStandard(ctx, ${JSON.stringify(ns)}, client.StandardDraft{…})`, tool: "memory_namespace_set_standard", input: { namespace: ns, governance: parsed() ?? {} } })} />
        </p>
      </form>
    </Dialog>
  );
}

// The rules that most namespaces have, one field each; whatever else is said stays.
function RuleFields({ rules, onRules }: { rules: Record<string, unknown> | null; onRules: (r: Record<string, unknown>) => void }) {
  const t = useWords();
  const s = t.spaces;
  const now = rules ?? {};
  const set = (name: string, v: unknown) => {
    const { [name]: _, ...rest } = now;
    onRules(v === undefined ? rest : { ...rest, [name]: v });
  };
  const approver = now["approver"];
  const by = approver && typeof approver === "object" ? (approver as Record<string, unknown>) : {};
  const sort = typeof approver === "string" ? approver : "agent" in by ? "agent" : "consensus" in by ? "consensus" : "";
  const pick = (e: { currentTarget: HTMLSelectElement }) => {
    const v = e.currentTarget.value;
    set("approver", v === "" ? undefined : v === "agent" ? { agent: "" } : v === "consensus" ? { consensus: 2 } : v);
  };
  return (
    <div class="columns">
      {["write", "promote", "delete"].map((name) => (
        <Field key={name} label={s.rule[name] ?? name}>
          <select value={typeof now[name] === "string" ? (now[name] as string) : ""} onChange={(e) => set(name, e.currentTarget.value || undefined)}>
            {Object.entries(s.may).map(([v, word]) => <option key={v} value={v}>{word}</option>)}
          </select>
        </Field>
      ))}
      <Field label={s.rule["approver"] ?? "approver"}>
        <select value={sort} onChange={pick}>{Object.entries(s.who).map(([v, word]) => <option key={v} value={v}>{word}</option>)}</select>
      </Field>
      {sort === "agent" && <Field label={s.whoAgent}><input value={String(by["agent"] ?? "")} required maxLength={128} onInput={(e) => set("approver", { agent: e.currentTarget.value })} /></Field>}
      {sort === "consensus" && <Field label={s.whoCount}><input type="number" min={1} max={100} value={String(by["consensus"] ?? 2)} onInput={(e) => set("approver", { consensus: Number(e.currentTarget.value) || 1 })} /></Field>}
      <Field label={s.rule["write_quorum"] ?? "write_quorum"}>
        <input type="number" min={1} max={100} placeholder={s.quorumAs} value={typeof now["write_quorum"] === "number" ? String(now["write_quorum"]) : ""} onInput={(e) => set("write_quorum", Number(e.currentTarget.value) || undefined)} />
      </Field>
    </div>
  );
}

function BriefingCard({ ns }: { ns: string }) {
  const t = useWords();
  const [budget, setBudget] = useState("800");
  const [open, setOpen] = useState(false);
  const b = useLoad((signal) => (open ? call("GET /api/v1/briefing", { query: { namespace: ns, budget_tokens: Number(budget) || 800 }, signal }) : Promise.resolve(undefined)), [ns, budget, open]);
  return (
    <Card title={t.spaces.briefing} aside={<CopyAs said={() => say("GET /api/v1/briefing", { query: { namespace: ns } }, { cli: `briefing --namespace ${sh(ns)}`, go: `c.Agents().Briefing(ctx, client.BriefingInput{Namespace: ${JSON.stringify(ns)}})`, tool: "memory_briefing", input: { namespace: ns } })} />}>
      <p class="muted small">{t.spaces.briefingHint}</p>
      <p class="row">
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>{t.common.show}</button>
        <Field label={t.spaces.budget}><input type="number" min={1} max={100000} value={budget} onChange={(e) => setBudget(e.currentTarget.value)} /></Field>
      </p>
      {open && (
        <Show of={b}>
          {(v) => v === undefined ? null : (
            <>
              <p><b>{t.spaces.tokens(v.tokens)}</b> {v.left_out.length > 0 && <span class="muted">{t.spaces.leftOut(v.left_out.length)}</span>}</p>
              <pre class="snippet"><Text s={v.text} /></pre>
            </>
          )}
        </Show>
      )}
    </Card>
  );
}
