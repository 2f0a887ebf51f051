// What is around every page: where one is, how the federation stands, and how to
// get anywhere else.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "./api";
import type { NamespaceCount } from "./api.gen";
import { Keys, useKeys } from "./keys";
import { Palette } from "./palette";
import { href, place } from "./router";
import { agent, consoleOf, consoles, entering, language, leave, live, locked, namespace, silent, standing, status, theme, tick, use } from "./store";
import { Dialog, Field } from "./ui/kit";
import { complain } from "./ui/toast";
import { verdict } from "./ui/verdict";
import { useWords } from "./ui/words";
import type { Words } from "./words/en";

/** The pages by group, as the navigation shows them. */
export function sections(t: Words): { title: string; pages: [string, string][] }[] {
  const { nav } = t;
  return [
    { title: "", pages: [["", nav.overview]] },
    { title: nav.groups.memory, pages: [["memories", nav.memories], ["recall", nav.recall], ["graph", nav.graph], ["activity", nav.activity]] },
    { title: nav.groups.federation, pages: [["peers", nav.peers], ["delivery", nav.delivery], ["theatre", nav.theatre], ["rehearsal", nav.rehearsal]] },
    { title: nav.groups.rules, pages: [["approvals", nav.approvals], ["namespaces", nav.namespaces]] },
    { title: nav.groups.node, pages: [["agents", nav.agents], ["connect", nav.connect], ["system", nav.system]] },
  ];
}

export function Frame({ children }: { children: ComponentChildren }) {
  const t = useWords();
  const [menu, setMenu] = useState(false);
  const [palette, setPalette] = useState(false);
  const [settings, setSettings] = useState(false);
  const [sheet, setSheet] = useState(false);
  const at = use(place);
  useEffect(() => setMenu(false), [at]);
  useKeys({ palette: () => setPalette(true), help: () => setSheet(true) });
  useEffect(() => {
    const titles = Object.fromEntries(sections(t).flatMap((s) => s.pages));
    document.title = `${titles[at.page === "memory" ? "memories" : at.page] ?? t.app} · ${t.app}`;
  }, [at, t]);
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => (e.preventDefault(), document.getElementById("main")?.focus())}>{t.nav.skip}</a>
      <div class={menu ? "frame open" : "frame"}>
        <nav class="side" aria-label={t.nav.menu}>
          <a class="brand" href={href("")}>
            <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
              <path d="M8.500 7v18M14 7v18M19.500 7v18M25 7v18" />
              <path class="bar" d="M4.500 21.500 28.500 10.500" />
            </svg>
            {t.app}
          </a>
          {sections(t).map((s) => (
            <div key={s.title} class="nav-group">
              {s.title && <h2>{s.title}</h2>}
              {s.pages.map(([page, name]) => (
                <a key={page} href={href(page)} aria-current={at.page === page || (page === "memories" && at.page === "memory") ? "page" : undefined}>
                  {name}
                </a>
              ))}
            </div>
          ))}
          <div class="side-foot">
            <button type="button" class="quiet" onClick={() => setSettings(true)}>{t.top.settings}</button>
            <button type="button" class="quiet" onClick={() => setSheet(true)}>{t.top.keys} <kbd>?</kbd></button>
          </div>
        </nav>
        <div class="body">
          <header class="top">
            <button type="button" class="quiet burger" aria-expanded={menu} aria-label={t.nav.menu} onClick={() => setMenu(!menu)}>☰</button>
            <button type="button" class="search" onClick={() => setPalette(true)}>
              <span>{t.top.search}</span> <kbd>/</kbd>
            </button>
            <NamespacePicker />
            <NodePicker />
            <StatusPill />
          </header>
          <main id="main" tabIndex={-1}>{children}</main>
        </div>
        {menu && <button type="button" class="scrim" aria-label={t.common.close} onClick={() => setMenu(false)} />}
      </div>
      {palette && <Palette onClose={() => setPalette(false)} settings={() => setSettings(true)} sheet={() => setSheet(true)} />}
      {settings && <Settings onClose={() => setSettings(false)} />}
      {sheet && <Keys onClose={() => setSheet(false)} />}
    </>
  );
}

function StatusPill() {
  const t = useWords();
  const s = use(status);
  const why = use(silent);
  const shut = use(locked);
  const now = use(tick);
  const streaming = use(live);
  const v = shut ? { text: t.status.locked, kind: "plain" } : why ? { text: why.status === 0 ? t.status.silent : why.message, kind: "bad" } : s ? verdict(s, now, t) : { text: t.status.waiting, kind: "plain" };
  return (
    <a class={"status " + v.kind} href={href("peers")} aria-live="off">
      <span class={streaming ? "dot beat" : "dot"} aria-hidden="true" title={streaming ? t.top.live : t.top.stalled} />
      <span class="status-text">{v.text}</span>
    </a>
  );
}

function NamespacePicker() {
  const t = useWords();
  const chosen = use(namespace);
  const who = use(agent);
  const shut = use(locked);
  const [list, setList] = useState<NamespaceCount[]>([]);
  const load = () => {
    if (!shut) call("GET /api/v1/namespaces").then((v) => "namespaces" in v && setList(v.namespaces), () => {});
  };
  useEffect(load, [who, shut]);
  const names = list.map((x) => x.namespace);
  return (
    <label class="picker">
      <span class="sr">{t.top.namespace}</span>
      <select value={chosen} onFocus={load} onChange={(e) => namespace.set(e.currentTarget.value)}>
        <option value="">{t.top.allNamespaces}</option>
        {chosen !== "" && !names.includes(chosen) && <option value={chosen}>{chosen}</option>}
        {list.slice(0, 500).map((x) => (
          <option key={x.namespace} value={x.namespace}>{`${x.namespace} (${x.count.toLocaleString(t.locale)})`}</option>
        ))}
      </select>
    </label>
  );
}

function NodePicker() {
  const t = useWords();
  const s = use(status);
  const here = s?.node ?? "…";
  use(consoles);
  const open = (url: string) => {
    if (url !== "") window.open(url.replace(/\/$/, "") + location.pathname + location.search, "_blank", "noopener");
  };
  return (
    <label class="picker node" title={t.top.other}>
      <span class="sr">{t.top.node}</span>
      <select value="" onChange={(e) => { const url = e.currentTarget.value; e.currentTarget.value = ""; open(url); }}>
        <option value="">{here}</option>
        {s?.members.map((m) => (
          <option key={m.name} value={consoleOf(m)} disabled={consoleOf(m) === ""}>{consoleOf(m) === "" ? m.name : `${m.name} ↗`}</option>
        ))}
      </select>
    </label>
  );
}

function Settings({ onClose }: { onClose: () => void }) {
  const t = useWords();
  const who = use(agent);
  const mode = use(theme);
  const lang = use(language);
  const s = use(standing);
  const box = useRef<HTMLInputElement>(null);
  const [agents, setAgents] = useState<string[]>([]);
  useEffect(() => void call("GET /api/v1/agents").then((v) => setAgents(v.agents.map((a) => a.agent_id)), () => {}), []);
  const out = () => void leave().then(onClose, complain);
  const enter = () => (onClose(), entering.set(true));
  return (
    <Dialog title={t.top.settings} onClose={onClose}>
      <div class="stack">
        <form onSubmit={(e) => (e.preventDefault(), agent.set(box.current?.value.trim() ?? ""), onClose())}>
          <Field label={t.top.agent} hint={s?.agent ? t.top.agentOnly : t.top.agentHelp}>
            <span class="row">
              <input ref={box} defaultValue={who} list="agents" placeholder={t.top.anonymous} pattern="[A-Za-z0-9_:@.\/\-]*" maxLength={128} disabled={!!s?.agent} />
              <button type="submit" disabled={!!s?.agent}>{t.top.use}</button>
            </span>
          </Field>
          <datalist id="agents">{agents.map((a) => <option key={a} value={a} />)}</datalist>
        </form>
        <Field label={t.top.theme}>
          <select value={mode} onChange={(e) => theme.set(e.currentTarget.value)}>
            <option value="">{t.top.system}</option>
            <option value="light">{t.top.light}</option>
            <option value="dark">{t.top.dark}</option>
          </select>
        </Field>
        <Field label={t.top.language}>
          <select value={lang} onChange={(e) => language.set(e.currentTarget.value)}>
            <option value="en">English</option>
            <option value="de">Deutsch</option>
          </select>
        </Field>
        <p class="muted">{s?.signed_in ? (s.operator ? t.top.operator : s.agent) : t.top.notSignedIn} {s?.signed_in ? <button type="button" onClick={out}>{t.top.signOut}</button> : <button type="button" onClick={enter}>{t.login.enter}</button>}</p>
      </div>
    </Dialog>
  );
}
