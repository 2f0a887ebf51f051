// What is happening, as it happens.
import { useMemo, useState } from "preact/hooks";
import type { Event as Op } from "../api.gen";
import { ask, place } from "../router";
import { events, live, use } from "../store";
import { CopyAs, say } from "../ui/copy";
import { Card, Empty, Page, Pill } from "../ui/kit";
import { Kind, Time, plain } from "../ui/text";
import { useWords } from "../ui/words";
import { Audit } from "./audit";
import { save } from "./bulk";
import { Subject } from "./overview";

export default function Activity() {
  const t = useWords();
  const a = t.activity;
  const at = use(place);
  const now = use(events);
  const streaming = use(live);
  const [held, setHeld] = useState<readonly Op[] | null>(null);
  const list = held ?? now;
  const kind = at.query.get("kind") ?? "";
  const actor = at.query.get("actor") ?? "";
  const origin = at.query.get("origin") ?? "";
  const options = useMemo(() => ({ kinds: [...new Set(now.map((e) => e.kind))].sort(), actors: [...new Set(now.map((e) => e.actor))].sort(), origins: [...new Set(now.map((e) => e.dot.split(".")[0] ?? ""))].sort() }), [now]);
  const shown = list.filter((e) => (kind === "" || e.kind === kind) && (actor === "" || e.actor === actor) && (origin === "" || e.dot.startsWith(origin + ".")));
  const pick = (name: string, label: string, value: string, all: string[]) => (
    <label class="facet"><span>{label}</span>
      <select value={value} onChange={(e) => ask({ [name]: e.currentTarget.value })}>
        <option value="">{t.list.any}</option>
        {all.map((x) => <option key={x} value={x}>{name === "kind" ? (t.kinds[x] ?? x) : plain(x, 60)}</option>)}
      </select>
    </label>
  );
  return (
    <Page
      title={<>{a.title} <Pill kind={streaming ? "good" : "warn"}>{streaming ? t.top.live : t.top.stalled}</Pill></>}
      aside={<><button type="button" onClick={() => setHeld(held ? null : now)}>{held ? a.resume : a.pause}</button><button type="button" onClick={() => save("events.jsonl", shown.map((e) => JSON.stringify(e)).join("\n") + "\n")}>{a.exportLines}</button><CopyAs said={() => say("GET /api/v1/events", { query: { since: "0" } }, { go: "for ev, err := range c.Events(ctx, 0) { … }" })} /></>}
    >
      <div class="facets">
        {pick("kind", a.kind, kind, options.kinds)}
        {pick("actor", a.actor, actor, options.actors)}
        {pick("origin", a.origin, origin, options.origins)}
        <span class="muted small facet-end">{a.shown(shown.length, list.length)}{held && ` · ${a.waiting(Math.max(0, now.findIndex((e) => e.lsn === held[0]?.lsn)))}`}</span>
      </div>
      <Card>
        {shown.length === 0 ? <Empty title={list.length === 0 ? a.empty : a.nofit} /> : (
          <div class="scroll" tabIndex={0} role="region" aria-label={a.title}>
            <table class="table">
              <thead><tr><th scope="col">{a.when}</th><th scope="col">{a.who}</th><th scope="col">{a.what}</th><th scope="col">{a.about}</th><th scope="col">{a.where}</th><th scope="col">{a.op}</th></tr></thead>
              <tbody>
                {shown.slice(0, 200).map((e) => (
                  <tr key={e.lsn}><td><Time at={e.at} /></td><td>{plain(e.actor, 60)}</td><td><Kind kind={e.kind} /></td><td><Subject e={e} /></td><td>{e.dot.split(".")[0]}</td><td><code class="muted">{e.dot}</code></td></tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Card>
      <Audit />
    </Page>
  );
}
