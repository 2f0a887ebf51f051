// Who uses this memory.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { call } from "../api";
import { href, place } from "../router";
import { agent, events, use } from "../store";
import { CopyAs, say, sh } from "../ui/copy";
import { Card, Empty, Page, Pill, Show, useLoad } from "../ui/kit";
import { Time, plain } from "../ui/text";
import { MemoryLink } from "../ui/title";
import { useWords } from "../ui/words";
import { Keys } from "./agentkeys";

export default function Agents() {
  const t = useWords();
  const a = t.agents;
  const me = use(agent);
  const of = use(place).query.get("by") ?? "";
  const list = useLoad((signal) => call("GET /api/v1/agents", { signal }), []);
  const reads = useLoad(async (signal) => new Map((await call("GET /api/v1/readers", { signal })).readers.map((r) => [r.agent_id, r])), []);
  const ops = use(events);
  const seen = useMemo(() => {
    const m = new Map<string, { count: number; last: string }>();
    for (const e of ops) {
      const was = m.get(e.actor);
      m.set(e.actor, { count: (was?.count ?? 0) + 1, last: was?.last ?? e.at });
    }
    return m;
  }, [ops]);
  return (
    <Page title={a.title} aside={<CopyAs said={() => say("GET /api/v1/agents", {}, { tool: "memory_agent_list" })} />}>
      <Card>
        <Show of={list}>
          {(v) => {
            const known = new Set(v.agents.map((x) => x.agent_id));
            const others = [...new Set([...seen.keys(), ...(reads.value?.keys() ?? [])])].filter((x) => !known.has(x));
            if (v.count === 0 && others.length === 0) return <Empty title={a.empty}><p>{a.emptyHelp}</p><a class="button" href={href("connect")}>{t.nav.connect}</a></Empty>;
            return (
              <div class="scroll" tabIndex={0} role="region" aria-label={a.title}>
                <table class="table">
                  <thead><tr><th scope="col">{a.name}</th><th scope="col">{a.type}</th><th scope="col">{a.can}</th><th scope="col">{a.seen}</th><th scope="col" class="num">{a.recent}</th><th scope="col">{a.lastWrite}</th><th scope="col" class="num">{a.readCount}</th><th scope="col">{a.lastRead}</th><th scope="col"><span class="sr">{t.common.actions}</span></th></tr></thead>
                  <tbody>
                    {[...v.agents.map((x) => ({ id: x.agent_id, type: x.agent_type, can: x.capabilities, at: x.last_seen_at })), ...others.map((id) => ({ id, type: "", can: [] as string[], at: "" }))].map((x) => (
                      <tr key={x.id}>
                        <th scope="row"><b>{plain(x.id, 80)}</b></th>
                        <td>{x.type ? plain(x.type, 60) : <span class="muted">{a.unregistered}</span>}</td>
                        <td>{x.can.slice(0, 6).map((c) => <span key={c} class="chip">{plain(c, 30)}</span>)}</td>
                        <td>{x.at ? <Time at={x.at} /> : "—"}</td>
                        <td class="num"><a href={href("activity", "", { actor: x.id })}>{seen.get(x.id)?.count ?? 0}</a></td>
                        <td>{seen.has(x.id) ? <Time at={seen.get(x.id)?.last} /> : "—"}</td>
                        <td class="num">{reads.value?.has(x.id) ? <a href={href("agents", "", { by: x.id })} aria-label={a.whatItSaw(x.id)}>{reads.value.get(x.id)?.times.toLocaleString(t.locale)}</a> : "—"}</td>
                        <td>{reads.value?.has(x.id) ? <Time at={reads.value.get(x.id)?.last_at} /> : "—"}</td>
                        <td>{x.id === me || (x.id === "anonymous" && me === "") ? <Pill kind="good">{a.acting}</Pill> : <button type="button" onClick={() => agent.set(x.id === "anonymous" ? "" : x.id)}>{a.actAs}</button>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            );
          }}
        </Show>
        <p class="muted small">{a.reads}</p>
      </Card>
      {of && <Given key={of} by={of} />}
      <Briefings />
      <Keys />
    </Page>
  );
}

// What an agent was given, by whichever way: by recall, by id and in briefings.
function Given({ by }: { by: string }) {
  const t = useWords();
  const a = t.agents;
  const list = useLoad((signal) => call("GET /api/v1/readers", { query: { by }, signal }), [by]);
  const said = () => say("GET /api/v1/readers", { query: { by } }, { cli: "agent readers --by " + sh(by), go: `r, err := c.Agents().ReadBy(ctx, ${JSON.stringify(by)})` });
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <div ref={box}>
      <Card title={a.whatItSaw(plain(by, 60))} aside={<span class="row"><a class="button" href={href("activity", "", { actor: by })}>{a.whatItWrote}</a><a class="button" href={href("agents")}>{t.common.close}</a><CopyAs said={said} /></span>}>
        <Show of={list}>
          {(v) => (
            <>
              {v.count === 0 ? <p class="muted">{a.sawNothing}</p> : (
                <ul class="rows given">
                  {(v.read ?? []).map((g) => <li key={g.id}><MemoryLink id={g.id} /> <span class="muted">{t.memory.how[g.how]}</span> <Time at={g.last_at} /> {g.times > 1 && <span class="muted small">{t.memory.times(g.times)}</span>}</li>)}
                </ul>
              )}
              <p class="muted small">{a.sawHelp} {t.memory.readsSince} <Time at={v.since} />.</p>
            </>
          )}
        </Show>
      </Card>
    </div>
  );
}

// What agents were told: the answer to "what did this agent see".
function Briefings() {
  const t = useWords();
  const a = t.agents;
  const list = useLoad((signal) => call("GET /api/v1/briefing/shown", { query: { limit: 50 }, signal }), []);
  return (
    <Card title={a.shown}>
      <p class="muted small">{a.shownText}</p>
      <Show of={list}>
        {(v) => v.count === 0 ? <Empty title={a.shownEmpty}><pre class="snippet">tally briefing --agent claude-code</pre></Empty> : (
          <ul class="rows">
            {v.shown.map((x) => (
              <li key={x.at + x.digest}>
                <b>{plain(x.agent_id, 60)}</b> <Time at={x.at} /> <span class="muted">{plain(x.namespace, 80)} · {t.spaces.tokens(x.tokens)}{x.left_out > 0 && `, ${t.spaces.leftOut(x.left_out)}`}</span>
                <details>
                  <summary>{a.items(x.items.length)}</summary>
                  <ul class="plain-list">{x.items.map((i) => <li key={i.id}><MemoryLink id={i.id} /> <span class="chip">{i.why}</span> <span class="muted small">{t.memory.version(i.version)}</span></li>)}</ul>
                </details>
              </li>
            ))}
          </ul>
        )}
      </Show>
    </Card>
  );
}
