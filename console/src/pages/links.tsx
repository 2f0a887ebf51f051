import { useState } from "preact/hooks";
import { call } from "../api";
import type { Link, LinkInput } from "../api.gen";
import { CopyAs, say, sh } from "../ui/copy";
import { MemoryInput } from "../ui/find";
import { Card, Empty, Field, useBusy } from "../ui/kit";
import { Time } from "../ui/text";
import { MemoryLink } from "../ui/title";
import { complain, toast } from "../ui/toast";
import { useWords } from "../ui/words";

const relations = ["related_to", "supersedes", "contradicts", "derived_from", "reflects_on", "derives_from"] as const;

/** What a memory is linked with, and a way to link it. */
export function Links({ id, links, again, live }: { id: string; links: Link[]; again: () => void; live: boolean }) {
  const t = useWords();
  const k = t.memory;
  const [to, setTo] = useState("");
  const [relation, setRelation] = useState<(typeof relations)[number]>("related_to");
  const [busy, run] = useBusy();
  const add = (e: Event) => {
    e.preventDefault();
    run(async () => {
      try {
        await call("POST /api/v1/links", { body: body() });
        toast({ text: k.linked });
        setTo("");
        again();
      } catch (err) {
        complain(err);
      }
    });
  };
  const body = (): LinkInput => ({ source_id: id, target_id: to.trim(), relation });
  const remove = (l: Link) =>
    run(async () => {
      const pair = { source_id: l.source_id, target_id: l.target_id, relation: l.relation };
      try {
        await call("DELETE /api/v1/links", { query: pair });
        toast({ text: k.unlinked, act: { label: t.common.undo, run: () => void call("POST /api/v1/links", { body: pair }).then(again, complain) } });
        again();
      } catch (err) {
        complain(err);
      }
    });
  return (
    <Card title={k.links} aside={<span class="muted">{links.length}</span>}>
      {links.length === 0 ? (
        <Empty title={k.noLinks} />
      ) : (
        <ul class="rows">
          {links.map((l) => {
            const out = l.source_id === id;
            const other = out ? l.target_id : l.source_id;
            return (
              <li key={l.source_id + l.target_id + l.relation}>
                <span class="chip">{out ? "→" : "←"} {l.relation}</span>
                <MemoryLink id={other} />
                <Time at={l.created_at} />
                <button type="button" class="quiet" disabled={busy} onClick={() => remove(l)}>{k.unlink}</button>
              </li>
            );
          })}
        </ul>
      )}
      {live && (
        <form class="row wrap" onSubmit={add}>
          <Field label={k.linkTo}><MemoryInput value={to} onValue={setTo} required /></Field>
          <Field label={k.relation}>
            <select value={relation} onChange={(e) => setRelation(e.currentTarget.value as typeof relation)}>{relations.map((r) => <option key={r}>{r}</option>)}</select>
          </Field>
          <button type="submit" disabled={busy}>{k.addLink}</button>
          <CopyAs said={() => say("POST /api/v1/links", { body: body() }, { cli: `link ${sh(id)} ${sh(to.trim() || "ID")} --relation ${relation}`, go: `c.Graph().Link(ctx, ${JSON.stringify(id)}, ${JSON.stringify(to.trim())}, ${JSON.stringify(relation)})`, tool: "memory_link", input: { ...body() } })} />
        </form>
      )}
    </Card>
  );
}
