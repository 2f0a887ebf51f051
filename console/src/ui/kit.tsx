// The pieces that pages are made of.
import type { ComponentChildren, RefObject } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { agent, locked, use } from "../store";
import { explain } from "./toast";
import { useWords } from "./words";

/** What a page asks the node for. */
export interface Loaded<T> {
  value: T | undefined;
  error: unknown;
  loading: boolean;
  again: () => void;
}

/** Loads something when the page is opened, and again when deps change. What is
 * shown stays until there is something new. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, deps: readonly unknown[]): Loaded<T> {
  const who = use(agent);
  const shut = use(locked);
  const [state, set] = useState<{ value: T | undefined; error: unknown; loading: boolean }>({ value: undefined, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (shut) return; // it is loaded when somebody has signed in
    const stop = new AbortController();
    set((s) => ({ value: s.value, error: null, loading: true }));
    load(stop.signal).then(
      (value) => !stop.signal.aborted && set({ value, error: null, loading: false }),
      (error: unknown) => !stop.signal.aborted && set((s) => ({ value: s.value, error, loading: false })),
    );
    return () => stop.abort();
  }, [...deps, who, shut, turn]);
  const again = useCallback(() => setTurn((n) => n + 1), []);
  return { ...state, again };
}

/** Does something every so many milliseconds while the page is looked at; 0: never. */
export function useEvery(ms: number, act: () => void): void {
  useEffect(() => {
    if (ms === 0) return;
    const timer = setInterval(() => document.hidden || act(), ms);
    return () => clearInterval(timer);
  }, [ms, act]);
}

/** A page: its heading, what can be done on it, and what it shows. */
export function Page({ title, aside, children, wide }: { title: ComponentChildren; aside?: ComponentChildren; children: ComponentChildren; wide?: boolean }) {
  return (
    <div class={wide ? "page wide" : "page"}>
      <header class="page-head">
        <h1>{title}</h1>
        <div class="page-aside">{aside}</div>
      </header>
      {children}
    </div>
  );
}

/** A part of a page with a heading. */
export function Card({ title, aside, children, kind }: { title?: ComponentChildren; aside?: ComponentChildren; children: ComponentChildren; kind?: string }) {
  return (
    <section class={kind ? "card " + kind : "card"}>
      {(title || aside) && (
        <header>
          <h2>{title}</h2>
          <div>{aside}</div>
        </header>
      )}
      {children}
    </section>
  );
}

/** Why something could not be loaded, and what to do. */
export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const t = useWords();
  const e = explain(error);
  return (
    <div class="failure" role="alert">
      <b>{t.errors.title}</b>
      <p>{e.text}</p>
      {e.next && <p class="muted">{e.next}</p>}
      <p>
        {e.code && <code class="code">{e.code}</code>} {again && <button type="button" onClick={again}>{t.common.again}</button>}
      </p>
    </div>
  );
}

/** Shows what was loaded, or why not. */
export function Show<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  const t = useWords();
  if (of.error && of.value === undefined) return <Failure error={of.error} again={of.again} />;
  if (of.value === undefined) return <p class="muted pad" aria-busy="true">{t.common.loading}</p>;
  return (
    <>
      {of.error ? <Failure error={of.error} again={of.again} /> : null}
      {children(of.value)}
    </>
  );
}

/** There is nothing: what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <svg width="44" height="28" viewBox="0 0 44 28" aria-hidden="true">
        <path d="M8 4v20M18 4v20M28 4v20M38 4v20" />
      </svg>
      <p class="empty-title">{title}</p>
      <div class="muted">{children}</div>
    </div>
  );
}

/** Strokes, as on a stick: one for each member, cut where it holds the write. */
export function Tally({ held, of, w, label }: { held: number; of: number; w: number; label: string }) {
  const strokes = Array.from({ length: Math.max(of, 1) }, (_, i) => i);
  return (
    <svg class="tally" width={of * 7 + 2} height="16" viewBox={`0 0 ${of * 7 + 2} 16`} role="img" aria-label={label}>
      <title>{label}</title>
      {strokes.map((i) => (
        <path key={i} class={i < held ? "cut" : "uncut"} d={`M${i * 7 + 4} 2v12`} />
      ))}
      {held >= w && w > 0 && <path class="bar" d={`M1 11 ${w * 7 + 1} 5`} />}
    </svg>
  );
}

export function Pill({ kind, children }: { kind?: "good" | "warn" | "bad" | "plain"; children: ComponentChildren }) {
  return <span class={"pill " + (kind ?? "plain")}>{children}</span>;
}

/** A dialog that keeps the keyboard until it is closed. */
export function Dialog({ title, onClose, children, wide, stays }: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean; stays?: boolean }) {
  const t = useWords();
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const d = box.current;
    const was = document.activeElement as HTMLElement | null;
    d?.showModal();
    d?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      d?.close();
      was?.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={wide ? "wide" : ""}
      aria-label={title}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onClick={(e) => e.target === box.current && onClose()}
    >
      <div class="dialog">
        <header>
          <h2>{title}</h2>
          {!stays && (
            <button type="button" class="quiet" aria-label={t.common.close} onClick={onClose}>
              ×
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** A labelled control. */
export function Field({ label, children, hint }: { label: string; children: ComponentChildren; hint?: string }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
      {hint && <small class="muted">{hint}</small>}
    </label>
  );
}

/** A small line of values over time, drawn to its own scale. */
export function Spark({ values, label, box }: { values: readonly number[]; label: string; box?: RefObject<SVGSVGElement> }) {
  const w = 240;
  const h = 40;
  const top = Math.max(...values, 1e-9);
  const step = w / Math.max(values.length - 1, 1);
  const points = values.map((v, i) => `${(i * step).toFixed(1)},${(h - 3 - (v / top) * (h - 8)).toFixed(1)}`);
  return (
    <svg ref={box} class="spark" viewBox={`0 0 ${w} ${h}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <title>{label}</title>
      <path class="area" d={`M0,${h} L${points.join(" L")} L${w},${h} Z`} />
      <polyline points={points.join(" ")} />
    </svg>
  );
}

/** Runs something slow with a button that says so; who presses again before it is drawn
 * starts nothing a second time. */
export function useBusy(): [boolean, (f: () => Promise<void>) => void] {
  const [busy, set] = useState(false);
  const running = useRef(false);
  const run = useCallback((f: () => Promise<void>) => {
    if (running.current) return;
    running.current = true;
    set(true);
    f().finally(() => {
      running.current = false;
      set(false);
    });
  }, []);
  return [busy, run];
}
