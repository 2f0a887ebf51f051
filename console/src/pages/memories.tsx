// The list: a window on as many memories as there are, by cursor.
import { memo } from "preact/compat";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { call, type Query } from "../api";
import type { Memory } from "../api.gen";
import { ask, go, href, place } from "../router";
import { agent, keep, locked, namespace, recallSetting, status, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { Empty, Failure, Page, Pill, Tally, useLoad } from "../ui/kit";
import { Text, Time, Title, plain } from "../ui/text";
import { useWords } from "../ui/words";
import { writing } from "../keys";
import { Bulk } from "./bulk";
import { Writer } from "./writer";

const rowHeight = 44;
const pageSize = 200;
const firstPage = 60; // fills the window: what a filter finds is drawn sooner

/** What a row needs of a memory; texts are cut, so that many fit. */
type Row = Pick<Memory, "id" | "title" | "namespace" | "tier" | "updated_at" | "expires_at" | "conflicts" | "memory_kind" | "priority" | "tags" | "version"> & { owner: string; head: string; reason?: string };

export function ownerOf(m: { metadata: Record<string, unknown> }): string {
  return typeof m.metadata["agent_id"] === "string" ? m.metadata["agent_id"] : "";
}

function rowOf(m: Memory & { archive_reason?: string }): Row {
  const { id, title, namespace, tier, updated_at, expires_at, conflicts, memory_kind, priority, tags, version } = m;
  return { id, title: title.slice(0, 200), namespace, tier, updated_at, expires_at: expires_at ?? undefined, conflicts, memory_kind, priority, tags: tags.slice(0, 6), version, owner: ownerOf(m), head: m.content.slice(0, 600), reason: m.archive_reason };
}

interface Filters {
  state: string;
  tag: string;
  kind: string;
  tier: string;
  priority: string;
  owner: string;
  expiry: string;
  presence: string; // "-east": not known to be held by east; "east": known to be
  title: string;
  subtree: string;
  order: string;
}

const names = ["state", "tag", "kind", "tier", "priority", "owner", "expiry", "presence", "title", "subtree", "order"] as const;

function filtersOf(q: URLSearchParams): Filters {
  return Object.fromEntries(names.map((n) => [n, q.get(n) ?? ""])) as unknown as Filters;
}

function queryOf(f: Filters, ns: string): Query<"GET /api/v1/memories"> {
  return {
    limit: pageSize,
    ...(ns ? { namespace: ns, subtree: f.subtree !== "no" } : {}),
    ...(f.tier ? { tier: f.tier as "long" } : {}),
    ...(f.tag ? { tags: f.tag.split(",").map((x) => x.trim()).filter(Boolean) } : {}),
    ...(f.kind ? { kinds: [f.kind] } : {}),
    ...(f.priority ? { min_priority: Number(f.priority) } : {}),
    ...(f.title ? { title: f.title } : {}),
    ...(f.order === "id" || f.order === "edited" ? { order: f.order } : {}),
    ...(f.owner ? { owner: f.owner } : {}),
    ...(f.state === "conflict" ? { conflicts: true } : {}),
    ...(f.expiry ? { expiry: f.expiry === "will" ? ("will" as const) : ("never" as const) } : {}),
    ...(f.presence ? (f.presence.startsWith("-") ? { missing_at: f.presence.slice(1) } : { held_by: f.presence }) : {}),
  };
}

/** Pages of the list, by cursor, as far as somebody has scrolled. */
function useRows(f: Filters, ns: string) {
  const who = use(agent);
  const shut = use(locked);
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [state, setState] = useState<{ next?: string; end: boolean; error: unknown; loading: boolean }>({ end: false, error: null, loading: true });
  const turn = useRef(0);
  const line = useRef(new AbortController());
  const key = JSON.stringify([f, ns, who, shut]);
  const fetchPage = useCallback(
    async (from: string | undefined, have: readonly Row[]) => {
      const mine = turn.current;
      const signal = line.current.signal;
      setState((s) => ({ ...s, loading: true, error: null }));
      try {
        const query = { ...queryOf(f, ns), ...(from ? { cursor: from } : { limit: firstPage }) };
        const page = f.state === "archived" ? await call("GET /api/v1/archive", { query, signal }) : await call("GET /api/v1/memories", { query, signal });
        if (mine !== turn.current) return;
        const list = ("archived" in page ? page.archived : page.memories) as Memory[];
        setRows([...have, ...list.map(rowOf)]);
        const next = page.next;
        setState({ next, end: !next || list.length === 0, error: null, loading: false });
      } catch (error) {
        if (mine === turn.current && !signal.aborted) setState((s) => ({ ...s, error, loading: false }));
      }
    },
    [key],
  );
  const reload = useCallback(() => {
    turn.current++;
    line.current.abort(); // what nobody waits for any more the node need not look for
    line.current = new AbortController();
    void fetchPage(undefined, []);
  }, [fetchPage]);
  useEffect(() => {
    setRows([]);
    if (!shut) reload();
    return () => line.current.abort();
  }, [key]);
  const more = () => {
    if (!state.loading && !state.end && !state.error) void fetchPage(state.next, rows);
  };
  return { rows, ...state, more, reload };
}

export default function Memories() {
  const t = useWords();
  const at = use(place);
  const ns = use(namespace);
  const f = useMemo(() => filtersOf(at.query), [at]);
  const list = useRows(f, ns);
  const rows = list.rows;
  const [chosen, setChosen] = useState(0);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const writingNew = at.query.get("new") === "1";
  const pick = useCallback((id: string) => setPicked((was) => {
    const next = new Set(was);
    if (!next.delete(id)) next.add(id);
    return next;
  }), []);
  useLayoutEffect(() => {
    const down = (e: KeyboardEvent) => {
      if (writing() || e.ctrlKey || e.metaKey || e.altKey) return;
      if (e.key === "j") setChosen((c) => Math.min(c + 1, rows.length - 1));
      else if (e.key === "k") setChosen((c) => Math.max(c - 1, 0));
      else if (e.key === "x" && rows[chosen]) pick(rows[chosen].id);
      else if (e.key === "Enter" && rows[chosen] && (document.activeElement === document.body || document.activeElement?.tagName === "MAIN")) go(href("memory", rows[chosen].id));
    };
    document.addEventListener("keydown", down);
    return () => document.removeEventListener("keydown", down);
  });
  const s = use(status);
  const total = s?.counts.pending ? undefined : f.state === "archived" ? s?.counts.archived : ns ? undefined : s?.counts.live;
  const said = () =>
    say(f.state === "archived" ? "GET /api/v1/archive" : "GET /api/v1/memories", { query: queryOf(f, ns) }, {
      cli: ["list", f.state === "archived" ? "--archived" : "", ns ? "--namespace " + sh(ns) : "", f.tier ? "--tier " + f.tier : "", f.state === "conflict" ? "--conflicts" : "", f.order ? "--order " + sh(f.order) : "", f.presence ? (f.presence.startsWith("-") ? "--missing-at " + sh(f.presence.slice(1)) : "--held-by " + sh(f.presence)) : ""].filter(Boolean).join(" "),
      go: `${f.state === "archived" ? "list, err := c.Upkeep().Archived" : "page, err := c.List"}(ctx, client.Selection{Namespace: ${JSON.stringify(ns)}})`, tool: f.state === "archived" ? "memory_archive_list" : "memory_list", input: queryOf(f, ns),
    });
  const filtered = names.some((n) => n !== "order" && f[n] !== "" && !(n === "state" && f.state === "archived")) || ns !== "";
  return (
    <Page
      wide title={t.list.title}
      aside={<><CopyAs said={said} /><button type="button" class="primary" onClick={() => ask({ new: "1" }, false)}>{t.list.newMemory}</button></>}
    >
      <Facets f={f} rows={list.rows} />
      {list.error ? <Failure error={list.error} again={list.reload} /> : null}
      {picked.size > 0 && <Bulk ids={[...picked]} state={f.state} done={() => (setPicked(new Set()), list.reload())} none={() => setPicked(new Set())} />}
      <div class="master">
        <Table rows={rows} chosen={chosen} choose={setChosen} picked={picked} pick={pick} more={list.more} busy={list.loading}>
          {rows.length === 0 && !list.loading && !list.error && (filtered ? (
            <Empty title={t.list.emptyFilter}><button type="button" onClick={() => (namespace.set(""), ask(Object.fromEntries(names.map((n) => [n, ""]))))}>{t.list.clear}</button></Empty>
          ) : (
            <Empty title={t.list.empty}>
              <p>{t.list.emptyHelp}</p>
              <pre class="snippet">tally remember "Gate code" "It is 4711."</pre>
              <p><button type="button" class="primary" onClick={() => ask({ new: "1" }, false)}>{t.list.newMemory}</button> <a class="button" href={href("connect")}>{t.nav.connect}</a></p>
            </Empty>
          ))}
        </Table>
        <Preview row={rows[chosen]} />
      </div>
      <p class="muted small list-foot">
        {t.list.loaded(list.rows.length, total === undefined ? "" : t.list.ofAbout(total))} · {list.loading ? t.common.loading : list.end ? t.list.end : t.list.scroll}
      </p>
      {writingNew && <Writer onClose={() => ask({ new: "" })} done={list.reload} />}
    </Page>
  );
}

const Facets = memo(function Facets({ f, rows }: { f: Filters; rows: readonly Row[] }) {
  const t = useWords();
  const ns = use(namespace);
  const members = useMembers();
  const agents = useLoad((signal) => call("GET /api/v1/agents", { signal }), []);
  const owners = useMemo(() => [...new Set([f.owner, ...(agents.value?.agents.map((a) => a.agent_id) ?? []), ...rows.map((r) => r.owner)].filter(Boolean))].sort().slice(0, 100), [rows, agents.value, f.owner]);
  const [views, setViews] = useState(() => recallSetting<{ name: string; query: string; ns: string }[]>("views", []));
  const put = (next: typeof views) => {
    setViews(next);
    keep("views", JSON.stringify(next));
  };
  const save = () => {
    const name = prompt(t.list.viewName)?.trim();
    if (!name) return;
    put([...views.filter((v) => v.name !== name), { name, query: location.search, ns }]);
  };
  const current = views.find((v) => v.query === location.search && v.ns === ns);
  const open = (name: string) => {
    const v = views.find((x) => x.name === name);
    if (!v) return;
    namespace.set(v.ns);
    go(location.pathname + v.query);
  };
  const pickOne = (name: keyof Filters, label: string, options: [string, string][]) => (
    <label class="facet">
      <span>{label}</span>
      <select value={f[name]} onChange={(e) => ask({ [name]: e.currentTarget.value })}>
        <option value="">{t.list.any}</option>
        {options.map(([v, text]) => <option key={v} value={v}>{text}</option>)}
      </select>
    </label>
  );
  const kinds = ["observation", "reflection", "persona", "concept", "entity", "claim", "relation", "event", "conversation", "decision"];
  return (
    <div class="facets">
      <div class="tabs" role="group" aria-label={t.common.state}>
        {([["", t.list.live], ["archived", t.list.archived], ["conflict", t.list.conflict]] as const).map(([v, text]) => (
          <button type="button" key={v} aria-pressed={f.state === v} onClick={() => ask({ state: v })}>{text}</button>
        ))}
      </div>
      {pickOne("tier", t.list.tier, [["long", "long"], ["mid", "mid"], ["short", "short"]])}
      {pickOne("kind", t.list.kind, kinds.map((k) => [k, k]))}
      {pickOne("priority", t.list.priority, ["3", "5", "8", "9", "10"].map((p) => [p, p]))}
      {pickOne("expiry", t.list.expiry, [["will", t.list.willExpire], ["stays", t.list.staysForever]])}
      {members.length > 0 && pickOne("presence", t.list.onDisk, members.flatMap((m): [string, string][] => [["-" + m, t.list.notAt(plain(m, 40))], [m, t.list.heldAt(plain(m, 40))]]))}
      {pickOne("owner", t.list.owner, owners.map((o) => [o, plain(o, 40)]))}
      <label class="facet">
        <span>{t.list.tag}</span>
        <input value={f.tag} size={10} maxLength={300} onChange={(e) => ask({ tag: e.currentTarget.value })} />
      </label>
      <label class="facet">
        <span>{t.list.order}</span>
        <select value={f.order === "id" || f.order === "edited" ? f.order : ""} onChange={(e) => ask({ order: e.currentTarget.value })}>
          <option value="">{t.list.byPriority}</option>
          <option value="edited">{t.list.byEdit}</option>
          <option value="id">{t.list.byId}</option>
        </select>
      </label>
      <span class="facet-end">
        {views.length > 0 && (
          <>
          <select aria-label={t.list.views} value="" onChange={(e) => (open(e.currentTarget.value), (e.currentTarget.value = ""))}>
            <option value="">{t.list.views}</option>
            {views.map((v) => <option key={v.name} value={v.name}>{plain(v.name, 40)}</option>)}
          </select>
          {current && <button type="button" class="quiet" onClick={() => put(views.filter((v) => v !== current))}>{t.list.removeView}</button>}
          </>
        )}
        <button type="button" class="quiet" onClick={save}>{t.list.saveView}</button>
      </span>
    </div>
  );
});

// The names of the other members; the same value as long as they are the same.
function useMembers(): readonly string[] {
  const list = use(status)?.members.map((m) => m.name).join(" ") ?? "";
  return useMemo(() => list.split(" ").filter(Boolean), [list]);
}

interface TableProps {
  rows: readonly Row[];
  chosen: number;
  choose: (i: number) => void;
  picked: ReadonlySet<string>;
  pick: (id: string) => void;
  more: () => void;
  busy: boolean;
  children: preact.ComponentChildren;
}

// Only the rows in sight are in the document.
function Table({ rows, chosen, choose, picked, pick, more, busy, children }: TableProps) {
  const t = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const seen = new ResizeObserver(() => setHeight(el.clientHeight));
    seen.observe(el);
    return () => seen.disconnect();
  }, []);
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const y = chosen * rowHeight;
    if (y < el.scrollTop) el.scrollTop = y;
    else if (y + rowHeight > el.scrollTop + el.clientHeight - rowHeight) el.scrollTop = y - el.clientHeight + 2 * rowHeight;
  }, [chosen]);
  const first = Math.max(0, Math.floor(top / rowHeight) - 8);
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + 8);
  useEffect(() => {
    if (last >= rows.length - 30) more();
  }, [last, rows.length]);
  return (
    <div class="grid" ref={box} tabIndex={0} role="table" aria-label={t.list.title} aria-rowcount={rows.length} aria-busy={busy} onScroll={(e) => setTop(e.currentTarget.scrollTop)}>
      <div class="grid-head" role="row">
        <span role="columnheader"><span class="sr">{t.list.select}</span></span>
        <span role="columnheader">{t.list.columns.title}</span>
        <span role="columnheader">{t.list.columns.namespace}</span>
        <span role="columnheader">{t.list.columns.owner}</span>
        <span role="columnheader">{t.list.columns.tier}</span>
        <span role="columnheader">{t.list.columns.updated}</span>
      </div>
      <div class="grid-space" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
        {rows.slice(first, last).map((r, i) => <Line key={r.id} r={r} n={first + i} chosen={first + i === chosen} picked={picked.has(r.id)} choose={choose} pick={pick} />)}
      </div>
      {children}
    </div>
  );
}

// A row is drawn again only when something of it has changed: that the next one is chosen
// must not draw all of them.
const Line = memo(function Line({ r, n, chosen, picked, choose, pick }: { r: Row; n: number; chosen: boolean; picked: boolean; choose: (i: number) => void; pick: (id: string) => void }) {
  const t = useWords();
  return (
    <div class="grid-row" role="row" aria-rowindex={n + 1} aria-selected={chosen} style={{ transform: `translateY(${n * rowHeight}px)` }} onClick={() => choose(n)} onDblClick={() => go(href("memory", r.id))}>
      <span role="cell"><input type="checkbox" aria-label={`${t.list.select}: ${plain(r.title, 80)}`} checked={picked} onClick={(e) => e.stopPropagation()} onChange={() => pick(r.id)} /></span>
      <span role="cell" class="grid-title">
        <a href={href("memory", r.id)}><Title s={r.title} /></a>
        {r.conflicts > 0 && <Pill kind="warn">{t.memory.conflicts}</Pill>}
        {r.expires_at && !r.reason && <span class="muted small">{t.list.expires} <Time at={r.expires_at} /></span>}
        {r.reason && <span class="muted small">{r.reason === "ttl_expired" ? t.list.expired : plain(r.reason, 30)}</span>}
      </span>
      <span role="cell" class="muted">{plain(r.namespace, 60)}</span>
      <span role="cell" class="muted">{plain(r.owner, 40)}</span>
      <span role="cell" class="muted">{r.tier}</span>
      <span role="cell" class="muted"><Time at={r.updated_at} /></span>
    </div>
  );
});

function Preview({ row }: { row: Row | undefined }) {
  const t = useWords();
  if (!row) return <aside class="preview muted">{t.list.noPreview}</aside>;
  return (
    <aside class="preview" aria-label={t.list.preview}>
      <h2><a href={href("memory", row.id)}><Title s={row.title} /></a></h2>
      <p class="muted small">{plain(row.namespace, 80)} · {row.memory_kind} · {t.memory.priority} {row.priority} · {t.memory.version(row.version)}</p>
      <div class="body-text"><Text s={row.head} />{row.head.length >= 600 && "…"}</div>
      <p>{row.tags.map((tag) => <a key={tag} class="chip" href={href("memories", "", { tag })}>{plain(tag, 40)}</a>)}</p>
      <p><a class="button" href={href("memory", row.id)}>{t.common.open}</a></p>
      <Presence key={row.id} id={row.id} />
    </aside>
  );
}

// Who holds the version that is shown; asked for when somebody stays on a row.
function Presence({ id }: { id: string }) {
  const t = useWords();
  const now = useLoad(async (signal) => {
    await new Promise((f) => setTimeout(f, 150));
    if (signal.aborted) return null;
    const h = await call("GET /api/v1/memories/{id}/history", { path: { id }, signal });
    const dot = h.revisions.find((r) => r.current)?.dot;
    return dot ? call("GET /api/v1/receipts/{dot}", { path: { dot }, signal }) : null;
  }, [id]);
  const r = now.value;
  if (!r) return null;
  return (
    <p class="small row wrap">
      <Tally held={r.held_by.length} of={r.n} w={r.w} label={t.memory.held(r.held_by.length, r.n, r.w)} />
      <span class="muted">{t.list.presence(t.status.and(r.held_by.map((m) => plain(m, 40))))}</span>
    </p>
  );
}
