// Commands and search in one box: pages, actions, and memories by their words.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { call } from "./api";
import type { Hit } from "./api.gen";
import { sections } from "./frame";
import { go, href } from "./router";
import { locked, namespace, theme } from "./store";
import { Dialog } from "./ui/kit";
import { Title, plain } from "./ui/text";
import { useWords } from "./ui/words";

interface Choice {
  key: string;
  title: string;
  note: string;
  run: () => void;
}

export function Palette({ onClose, settings, sheet }: { onClose: () => void; settings: () => void; sheet: () => void }) {
  const t = useWords();
  const [text, setText] = useState("");
  const [hits, setHits] = useState<Hit[]>([]);
  const [at, setAt] = useState(0);
  const box = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => box.current?.focus(), []);
  useEffect(() => {
    const q = text.trim();
    if (q.length < 2 || locked.get()) {
      setHits([]);
      return;
    }
    const stop = new AbortController();
    const wait = setTimeout(() => {
      call("POST /api/v1/recall", { body: { context: q, limit: 8, ...(namespace.get() ? { namespace: namespace.get(), subtree: true } : {}) }, signal: stop.signal }).then((r) => setHits(r.memories), () => {});
    }, 120);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [text]);
  const leave = (f: () => void) => () => (onClose(), f());
  const all: Choice[] = [
    ...sections(t).flatMap((s) => s.pages.map(([page, name]): Choice => ({ key: "page " + page, title: name, note: s.title, run: leave(() => go(href(page))) }))),
    { key: "new", title: t.list.newMemory, note: t.nav.memories, run: leave(() => go(href("memories", "", { new: "1" }))) },
    { key: "settings", title: t.top.settings, note: "", run: leave(settings) },
    { key: "keys", title: t.top.keys, note: "?", run: leave(sheet) },
    { key: "dark", title: `${t.top.theme}: ${t.top.dark}`, note: "", run: leave(() => theme.set("dark")) },
    { key: "light", title: `${t.top.theme}: ${t.top.light}`, note: "", run: leave(() => theme.set("light")) },
  ];
  const word = text.trim().toLowerCase();
  const fits = word === "" ? all : all.filter((c) => c.title.toLowerCase().includes(word));
  const list: Choice[] = [
    ...fits,
    ...hits.map((h): Choice => ({ key: h.id, title: h.title, note: h.namespace, run: leave(() => go(href("memory", h.id))) })),
    ...(word === "" ? [] : [{ key: "lab", title: `${t.nav.recall}: ${text}`, note: "", run: leave(() => go(href("recall", "", { q: text }))) }]),
  ];
  const chosen = Math.min(at, list.length - 1);
  const keys = (e: KeyboardEvent) => {
    if (e.key === "ArrowDown") setAt(Math.min(chosen + 1, list.length - 1));
    else if (e.key === "ArrowUp") setAt(Math.max(chosen - 1, 0));
    else if (e.key === "Enter") list[chosen]?.run();
    else return;
    e.preventDefault();
  };
  return (
    <Dialog title={t.top.palette} onClose={onClose}>
      <div class="palette" onKeyDown={keys}>
        <input
          ref={box} value={text} placeholder={t.top.searchHint} aria-label={t.top.searchHint} role="combobox" aria-expanded="true" aria-controls={id}
          aria-activedescendant={list[chosen] ? `${id}-${chosen}` : undefined} onInput={(e) => (setText(e.currentTarget.value), setAt(0))} maxLength={2000}
        />
        <ul role="listbox" id={id} aria-label={t.top.palette}>
          {list.map((c, i) => (
            <li key={c.key} id={`${id}-${i}`} role="option" aria-selected={i === chosen} onClick={c.run} onPointerMove={() => setAt(i)} ref={(el) => { if (el && i === chosen) el.scrollIntoView({ block: "nearest" }); }}>
              <Title s={c.title} />
              <span class="muted">{plain(c.note, 60)}</span>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
