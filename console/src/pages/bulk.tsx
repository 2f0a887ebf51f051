// Several memories at once: the node is asked first what would happen.
import { useEffect, useState } from "preact/hooks";
import { call } from "../api";
import { CopyAs, goList, say, sh } from "../ui/copy";
import { Dialog, useBusy } from "../ui/kit";
import { complain, toast } from "../ui/toast";
import { useWords } from "../ui/words";

type Act = "archive" | "restore" | "erase";

export function Bulk({ ids, state, done, none }: { ids: string[]; state: string; done: () => void; none: () => void }) {
  const t = useWords();
  const [act, setAct] = useState<Act | null>(null);
  const download = async () => {
    try {
      const all = await Promise.all(ids.map((id) => call("GET /api/v1/memories/{id}", { path: { id } }).then((m) => m.memory)));
      save("memories.jsonl", all.map((m) => JSON.stringify(m)).join("\n") + "\n");
    } catch (err) {
      complain(err);
    }
  };
  return (
    <div class="bulk" role="region" aria-label={t.list.selected(ids.length)}>
      <b>{t.list.selected(ids.length)}</b>
      {state === "archived" ? <button type="button" onClick={() => setAct("restore")}>{t.list.bulk.restore}</button> : <button type="button" onClick={() => setAct("archive")}>{t.list.bulk.archive}</button>}
      <button type="button" class="danger" onClick={() => setAct("erase")}>{t.list.bulk.erase}</button>
      <button type="button" onClick={() => void download()}>{t.list.bulk.exports}</button>
      <button type="button" class="quiet" onClick={none}>{t.list.none}</button>
      {act && <Confirm act={act} ids={ids} onClose={() => setAct(null)} done={done} />}
    </div>
  );
}

/** Gives a text to the browser as a file. */
export function save(name: string, text: string): void {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

function Confirm({ act, ids, onClose, done }: { act: Act; ids: string[]; onClose: () => void; done: () => void }) {
  const t = useWords();
  const b = t.list.bulk;
  const word = act === "archive" ? b.archivedWord : act === "erase" ? b.erasedWord : b.restoredWord;
  const [told, setTold] = useState("");
  const [busy, run] = useBusy();
  useEffect(() => {
    const count = async () => {
      if (act === "archive") {
        const r = await call("POST /api/v1/archive", { body: { ids, dry_run: true } });
        return b.would(r.archived.length, word) + (r.missing.length > 0 ? "; " + b.missing(r.missing.length) : "");
      }
      if (act === "restore") return b.would(ids.length, word);
      const tried = await Promise.allSettled(ids.map((id) => call("POST /api/v1/memories/{id}/erase", { path: { id }, query: { dry_run: true } })));
      const good = tried.filter((x) => x.status === "fulfilled").length;
      return b.would(good, word) + (good < ids.length ? "; " + b.missing(ids.length - good) : "");
    };
    count().then(setTold, (err) => (complain(err), onClose()));
  }, []);
  const apply = () =>
    run(async () => {
      try {
        if (act === "archive") {
          const r = await call("POST /api/v1/archive", { body: { ids } });
          toast({ text: b.done(r.archived.length, word), act: { label: t.common.undo, run: () => void restore(r.archived, done) } });
        } else {
          const route = act === "erase" ? ("POST /api/v1/memories/{id}/erase" as const) : ("POST /api/v1/archive/{id}/restore" as const);
          let good = 0;
          for (const id of ids) {
            try {
              await call(route, { path: { id } });
              good++;
            } catch (err) {
              complain(err);
            }
          }
          toast({ text: good === ids.length ? b.done(good, word) : b.some(good, ids.length - good) });
        }
      } catch (err) {
        complain(err);
      }
      onClose();
      done();
    });
  const said = () =>
    act === "archive" ? say("POST /api/v1/archive", { body: { ids } }, { cli: "archive " + ids.map(sh).join(" "), go: `c.Archive(ctx, ${goList(ids)}, "")`, tool: "memory_archive", input: { ids } })
    : act === "erase" ? say("POST /api/v1/memories/{id}/erase", { path: { id: ids[0] ?? "" } }, { cli: `erase --yes ${sh(ids[0] ?? "")}`, go: `c.Erase(ctx, ${JSON.stringify(ids[0])})`, tool: "memory_erase", input: { id: ids[0] } })
    : say("POST /api/v1/archive/{id}/restore", { path: { id: ids[0] ?? "" } }, { cli: `restore ${sh(ids[0] ?? "")}`, go: `c.Restore(ctx, ${JSON.stringify(ids[0])})`, tool: "memory_archive_restore", input: { id: ids[0] } });
  return (
    <Dialog title={b.effect} onClose={onClose}>
      <p aria-live="polite">{told || b.trying}</p>
      <p class="row">
        <button type="button" class={act === "erase" ? "danger" : "primary"} disabled={busy || told === ""} onClick={apply}>{b[act]}</button>
        <button type="button" onClick={onClose}>{t.common.cancel}</button>
        <CopyAs said={said} />
      </p>
    </Dialog>
  );
}

async function restore(ids: string[], done: () => void): Promise<void> {
  for (const id of ids) {
    try {
      await call("POST /api/v1/archive/{id}/restore", { path: { id } });
    } catch (err) {
      complain(err);
    }
  }
  done();
}
