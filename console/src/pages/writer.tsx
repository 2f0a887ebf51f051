// The form that writes a memory, or edits one.
import { useRef, useState } from "preact/hooks";
import { call, Problem } from "../api";
import type { Memory, StoreInput, UpdateInput } from "../api.gen";
import { go, href } from "../router";
import { agent, namespace, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { Difference } from "../ui/difference";
import { Dialog, Field, useBusy } from "../ui/kit";
import { complain, explain, toast } from "../ui/toast";
import { useWords } from "../ui/words";

const tags = (text: string): string[] => text.split(",").map((x) => x.trim()).filter(Boolean);

/** A text as a field has it. */
const lines = (text: string): string => text.replace(/\r\n?/g, "\n");

/** What the fields say of a memory. */
const shown = (m: Memory): Record<string, string> => ({ title: m.title, content: lines(m.content), namespace: m.namespace, tags: m.tags.join(", "), priority: String(m.priority), tier: m.tier });

/** What is edited is the memory as it was when the form was opened, and the node is told
 * so: as the page behind the form follows the node, now may be newer by then. */
export function Writer({ onClose, done, was, now, settle }: { onClose: () => void; done: () => void; was?: Memory; now?: Memory | null; settle?: boolean }) {
  const t = useWords();
  const [edit, setEdit] = useState(was);
  const theirs = edit && now && now.version !== edit.version ? now : null;
  const who = use(agent);
  const form = useRef<HTMLFormElement>(null);
  const [bad, setBad] = useState<ReturnType<typeof explain> | null>(null);
  const [busy, run] = useBusy();
  const read = () => {
    const f = new FormData(form.current ?? undefined);
    const s = (name: string) => String(f.get(name) ?? "");
    return { title: s("title"), content: s("content"), tags: tags(s("tags")), namespace: s("namespace") || "global", priority: Number(s("priority")), tier: s("tier") as "long", scope: s("scope") };
  };
  const draft = (): StoreInput => {
    const { scope, ...rest } = read();
    return who === "" || scope === "" ? rest : { ...rest, scope };
  };
  const patch = (): UpdateInput => {
    const r = read();
    const p: UpdateInput = settle ? { resolve_conflicts: true } : {};
    if (!edit) return p;
    if (r.title !== edit.title) p.title = r.title;
    if (lines(r.content) !== lines(edit.content)) p.content = r.content;
    if (r.tags.join() !== edit.tags.join()) p.tags = r.tags;
    if (r.namespace !== edit.namespace) p.namespace = r.namespace;
    if (r.priority !== edit.priority) p.priority = r.priority;
    if (r.tier !== edit.tier) p.tier = r.tier;
    return p;
  };
  const submit = (e: Event) => {
    e.preventDefault();
    run(async () => {
      try {
        const out = edit ? await call("PUT /api/v1/memories/{id}", { path: { id: edit.id }, body: patch(), ifMatch: edit.version }) : await call("POST /api/v1/memories", { body: draft() });
        if ("pending_id" in out) toast({ text: t.memory.pending, act: { label: t.memory.proposal, run: () => go(href("approvals", out.pending_id)) } });
        else toast({ text: t.memory.saved, ...(edit ? { act: { label: t.common.undo, run: () => void undo(edit) } } : { act: { label: t.common.open, run: () => go(href("memory", out.id)) } }) });
        onClose();
        done();
      } catch (err) {
        setBad(explain(err));
        if (err instanceof Problem && err.status === 412) done(); // what they wrote is shown then
      }
    });
  };
  // Goes on from what somebody else wrote meanwhile: in the fields that were not touched
  // here, or in all.
  const goOn = (from: Memory, mine: boolean) => {
    const before = edit && shown(edit);
    for (const [name, value] of Object.entries(shown(from))) {
      const field = form.current?.elements.namedItem(name);
      if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement)) continue;
      if (!mine || field.value === before?.[name]) field.value = value;
    }
    setBad(null);
    setEdit(from);
  };
  // Undone is what was asked for here, if nobody has written since.
  const undo = async (was: Memory) => {
    try {
      const now = (await call("GET /api/v1/memories/{id}", { path: { id: was.id } })).memory;
      const body: UpdateInput = { title: was.title, content: was.content, tags: was.tags, namespace: was.namespace, priority: was.priority, tier: was.tier };
      await call("PUT /api/v1/memories/{id}", { path: { id: was.id }, body, ifMatch: now.version === was.version + 1 ? now.version : was.version });
      toast({ text: t.memory.undone });
      done();
    } catch (err) {
      complain(err);
    }
  };
  const said = () =>
    edit
      ? say("PUT /api/v1/memories/{id}", { path: { id: edit.id }, body: patch(), ifMatch: edit.version }, { cli: `update ${sh(edit.id)} ${sh(read().content)} --if-version ${edit.version}`, go: `c.Update(ctx, ${JSON.stringify(edit.id)}, client.Patch{…})`, tool: "memory_update", input: { id: edit.id, ...patch() } })
      : say("POST /api/v1/memories", { body: draft() }, { cli: `remember ${sh(read().title)} ${sh(read().content)} --namespace ${sh(read().namespace)}`, go: `c.Create(ctx, client.Draft{Title: ${JSON.stringify(read().title)}, Content: ${JSON.stringify(read().content)}, Namespace: ${JSON.stringify(read().namespace)}})`, tool: "memory_store", input: { ...draft() } });
  return (
    <Dialog title={edit ? t.memory.edit : t.memory.newTitle} onClose={onClose} wide>
      <form ref={form} class="stack" onSubmit={submit}>
        <Field label={t.memory.titleField}><input name="title" data-first required maxLength={512} defaultValue={was?.title ?? ""} dir="auto" /></Field>
        <Field label={t.memory.textField}><textarea name="content" required rows={10} defaultValue={was?.content ?? ""} dir="auto" /></Field>
        <div class="columns">
          <Field label={t.memory.namespaceField}><input name="namespace" defaultValue={was?.namespace ?? (namespace.get() || "global")} maxLength={512} /></Field>
          <Field label={t.memory.tagsField}><input name="tags" defaultValue={was?.tags.join(", ") ?? ""} /></Field>
          <Field label={t.memory.priority}><input name="priority" type="number" min={1} max={10} defaultValue={String(was?.priority ?? 5)} /></Field>
          <Field label={t.memory.tier}>
            <select name="tier" defaultValue={was?.tier ?? "long"}>{["long", "mid", "short"].map((x) => <option key={x} selected={x === (was?.tier ?? "long")}>{x}</option>)}</select>
          </Field>
          {!edit && who !== "" && (
            <Field label={t.memory.scopeField}>
              <select name="scope"><option value="collective">{t.memory.scopes.collective}</option><option value="private">{t.memory.scopes.private}</option></select>
            </Field>
          )}
        </div>
        {theirs && edit && (
          <div class="stack" role="alert">
            <p class="warn-text">{t.memory.meanwhile(theirs.version)}</p>
            {theirs.title !== edit.title && <Difference from={edit.title} to={theirs.title} />}
            <Difference from={edit.content} to={theirs.content} />
            <p class="row">
              <button type="button" onClick={() => goOn(theirs, true)}>{t.memory.keepMine}</button>
              <button type="button" onClick={() => goOn(theirs, false)}>{t.memory.takeTheirs}</button>
            </p>
          </div>
        )}
        {bad && <p class="bad-text" role="alert">{bad.text} <code class="code">{bad.code}</code> <span class="muted">{bad.next}</span></p>}
        <p class="row">
          <button type="submit" class="primary" disabled={busy}>{edit ? t.common.save : t.memory.write}</button>
          <button type="button" onClick={onClose}>{t.common.cancel}</button>
          <CopyAs said={said} />
        </p>
      </form>
    </Dialog>
  );
}
