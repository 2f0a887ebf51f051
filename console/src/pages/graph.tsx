// What is linked with a memory: near, then nearer to that. As a picture, and as a
// list that says the same.
import { useEffect, useMemo, useState } from "preact/hooks";
import { call } from "../api";
import type { Link } from "../api.gen";
import { ask, go, href, place } from "../router";
import { use } from "../store";
import { CopyAs, say } from "../ui/copy";
import { MemoryInput } from "../ui/find";
import { Card, Empty, Field, Page, Show, useLoad } from "../ui/kit";
import { Time, plain } from "../ui/text";
import { MemoryLink, useTitles } from "../ui/title";
import { useWords } from "../ui/words";

const most = 80; // memories in the picture

interface Web {
  links: Link[];
  depth: Map<string, number>;
}

// Links point both ways here: what leads to a memory matters as much as where it
// leads.
async function around(id: string, hops: number, signal: AbortSignal): Promise<Web> {
  const depth = new Map([[id, 0]]);
  const links = new Map<string, Link>();
  let edge = [id];
  for (let hop = 1; hop <= hops && edge.length > 0; hop++) {
    const found = await Promise.all(edge.slice(0, 40).map((x) => call("GET /api/v1/links/{id}", { path: { id: x }, signal })));
    const next: string[] = [];
    for (const l of found.flatMap((f) => f.links)) {
      links.set(`${l.source_id} ${l.target_id} ${l.relation}`, l);
      for (const end of [l.source_id, l.target_id]) {
        if (depth.has(end) || depth.size >= most) continue;
        depth.set(end, hop);
        next.push(end);
      }
    }
    edge = next;
  }
  return { links: [...links.values()].filter((l) => depth.has(l.source_id) && depth.has(l.target_id)), depth };
}

const began = (l: Link): number => Date.parse(l.valid_from ?? l.created_at);

export default function Graph() {
  const t = useWords();
  const g = t.graph;
  const at = useAsked();
  const [wanted, want] = useState(at.id);
  useEffect(() => want(at.id), [at.id]);
  const web = useLoad((signal) => (at.id ? around(at.id, at.hops, signal) : Promise.resolve(null)), [at.id, at.hops]);
  return (
    <Page
      title={g.title}
      aside={at.id ? <CopyAs said={() => say("POST /api/v1/kg/query", { body: { source_id: at.id, max_depth: at.hops } }, { tool: "memory_kg_query", input: { source_id: at.id, max_depth: at.hops } })} /> : undefined}
    >
      <form class="row wrap" onSubmit={(e) => (e.preventDefault(), go(href("graph", wanted.trim())))}>
        <Field label={g.from}><MemoryInput value={wanted} onValue={want} size={40} /></Field>
        <Field label={g.hops}><select value={String(at.hops)} onChange={(e) => ask({ hops: e.currentTarget.value })}><option>1</option><option>2</option><option>3</option></select></Field>
        <button type="submit">{t.common.show}</button>
      </form>
      {!at.id ? <Card><Empty title={g.choose}><a class="button" href={href("memories")}>{t.nav.memories}</a></Empty></Card> : (
        <Show of={web}>{(w) => (w === null ? null : w.links.length === 0 ? <Card><Empty title={g.empty}><MemoryLink id={at.id} /><p>{g.emptyHelp}</p></Empty></Card> : <Both w={w} id={at.id} share={at.share} />)}</Show>
      )}
    </Page>
  );
}

/** What the address asks for. */
function useAsked(): { id: string; hops: number; share: number } {
  const p = use(place);
  const hops = Number(p.query.get("hops") ?? 2);
  return { id: p.id, hops: hops >= 1 && hops <= 3 ? hops : 2, share: Math.min(100, Math.max(0, Number(p.query.get("at") ?? 100))) };
}

function Both({ w, id, share }: { w: Web; id: string; share: number }) {
  const t = useWords();
  const g = t.graph;
  const times = w.links.map(began).sort((a, b) => a - b);
  const from = times[0] ?? 0;
  const now = Date.now();
  const cut = from + ((now - from) * share) / 100;
  const holds = w.links.filter((l) => share === 100 ? !l.valid_until || Date.parse(l.valid_until) > now : began(l) <= cut && (!l.valid_until || Date.parse(l.valid_until) > cut));
  const near = new Set([id, ...holds.flatMap((l) => [l.source_id, l.target_id])]);
  return (
    <>
      <Card title={g.picture} aside={<span class="muted">{g.both(near.size - 1)}</span>}>
        <Picture links={holds} depth={w.depth} id={id} />
        <label class="row slider"><span class="muted">{g.slider}</span><input type="range" min={0} max={100} value={share} onInput={(e) => ask({ at: e.currentTarget.value === "100" ? "" : e.currentTarget.value })} /><span class="num">{share === 100 ? g.now : new Date(cut).toLocaleString(t.locale, { dateStyle: "medium", timeStyle: "short" })}</span></label>
      </Card>
      <Card title={g.list}>
        <div class="scroll" tabIndex={0} role="region" aria-label={g.list}>
          <table class="table">
            <thead><tr><th scope="col">{t.common.what}</th><th scope="col">{g.relation}</th><th scope="col">{t.common.what}</th><th scope="col">{g.valid}</th></tr></thead>
            <tbody>
              {holds.map((l) => (
                <tr key={l.source_id + l.target_id + l.relation}><td><MemoryLink id={l.source_id} /></td><td><span class="chip">{l.relation}</span></td><td><MemoryLink id={l.target_id} /></td><td><Time at={l.valid_from ?? l.created_at} />{l.valid_until && <> {g.until} <Time at={l.valid_until} /></>}</td></tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
    </>
  );
}

// Rings: what is one link away on the first, and so on; each near what it hangs on.
function Picture({ links, depth, id }: { links: Link[]; depth: Map<string, number>; id: string }) {
  const t = useWords();
  const titles = useTitles([...depth.keys()]);
  const spots = useMemo(() => {
    const out = new Map<string, { x: number; y: number }>([[id, { x: 0, y: 0 }]]);
    const angle = new Map<string, number>();
    for (let ring = 1; ring <= 3; ring++) {
      const here = [...depth].filter(([, d]) => d === ring).map(([x]) => x);
      const parent = (x: string) => links.flatMap((l) => (l.source_id === x ? [l.target_id] : l.target_id === x ? [l.source_id] : [])).find((y) => depth.get(y) === ring - 1) ?? id;
      here.sort((a, b) => (angle.get(parent(a)) ?? 0) - (angle.get(parent(b)) ?? 0));
      here.forEach((x, i) => {
        const turn = (2 * Math.PI * i) / here.length + (ring % 2 ? 0 : 0.35);
        angle.set(x, turn);
        out.set(x, { x: Math.cos(turn) * (150 + 120 * (ring - 1)) * 1.45, y: Math.sin(turn) * (100 + 85 * (ring - 1)) });
      });
    }
    return out;
  }, [links, depth, id]);
  const seen = new Set([id, ...links.flatMap((l) => [l.source_id, l.target_id])]);
  // As much as is drawn, with room for names: few memories are not lost in a corner.
  const drawn = [...spots].filter(([x]) => seen.has(x)).map(([, p]) => p);
  const left = Math.min(...drawn.map((p) => p.x)) - 90;
  const top = Math.min(...drawn.map((p) => p.y)) - 50;
  const w = Math.max(...drawn.map((p) => p.x)) + 90 - left;
  const h = Math.max(...drawn.map((p) => p.y)) + 60 - top;
  return (
    <svg class="web" viewBox={`${left} ${top} ${w} ${h}`} style={{ maxWidth: `${Math.round(w * 1.7)}px` }} role="group" aria-label={t.graph.picture}>
      {links.map((l) => {
        const a = spots.get(l.source_id);
        const b = spots.get(l.target_id);
        return a && b ? (
          <g key={l.source_id + l.target_id + l.relation} class={"edge " + l.relation}>
            <line x1={a.x} y1={a.y} x2={b.x} y2={b.y} />
            <text x={(a.x + b.x) / 2} y={(a.y + b.y) / 2 - 4}>{l.relation}</text>
          </g>
        ) : null;
      })}
      {[...spots].filter(([x]) => seen.has(x)).map(([x, p]) => (
        <a key={x} href={x === id ? href("memory", x) : href("graph", x)} class={x === id ? "focus" : ""}>
          <circle cx={p.x} cy={p.y} r={x === id ? 9 : 6} />
          <text x={p.x} y={p.y + (x === id ? 26 : 20)}>{plain(titles.get(x) || x.slice(0, 8), 34)}</text>
        </a>
      ))}
    </svg>
  );
}
