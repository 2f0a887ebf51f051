// A field for a memory: its id, or words of it that are looked up while one types.
import { useEffect, useId, useState } from "preact/hooks";
import { call } from "../api";
import type { Hit } from "../api.gen";
import { locked } from "../store";
import { plain } from "./text";

/** Asks which memory is meant. What is handed out is an id, or what was typed. */
export function MemoryInput({ value, onValue, required, size }: { value: string; onValue: (id: string) => void; required?: boolean; size?: number }) {
  const [hits, setHits] = useState<Hit[]>([]);
  const list = useId();
  const q = value.trim();
  useEffect(() => {
    if (q.length < 2 || locked.get() || hits.some((h) => h.id === q)) return;
    const stop = new AbortController();
    const wait = setTimeout(() => {
      call("GET /api/v1/search", { query: { q, limit: 8 }, signal: stop.signal }).then((r) => setHits(r.results), () => {});
    }, 150);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [q]);
  const named = hits.find((h) => h.id === q);
  return (
    <>
      <input value={value} list={list} size={size} required={required} maxLength={128} spellcheck={false} onInput={(e) => onValue(e.currentTarget.value)} />
      <datalist id={list}>{hits.map((h) => <option key={h.id} value={h.id}>{plain(h.title, 80)}</option>)}</datalist>
      {named && <small class="muted">{plain(named.title, 80)}</small>}
    </>
  );
}
