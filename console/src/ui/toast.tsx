import { Problem } from "../api";
import { Cell, use } from "../store";
import { theWords, useWords } from "./words";

/** Something to say for a moment. */
export interface Toast {
  text: string;
  bad?: boolean;
  code?: string;
  next?: string;
  act?: { label: string; run: () => void };
}

const toasts = new Cell<readonly (Toast & { key: number })[]>([]);
let count = 0;

/** Says something; errors stay longer. */
export function toast(what: Toast): void {
  const key = ++count;
  toasts.set([...toasts.get().slice(-3), { ...what, key }]);
  setTimeout(() => drop(key), what.bad ? 12000 : what.act ? 10000 : 4000);
}

function drop(key: number): void {
  toasts.set(toasts.get().filter((x) => x.key !== key));
}

/** An error in words: what, its code, and what to do next. */
export function explain(err: unknown): { text: string; code: string; next: string } {
  const t = theWords();
  if (err instanceof Problem) {
    const text = err.status === 0 ? t.errors.silent : err.message;
    return { text, code: err.code, next: t.errors.next[err.code] ?? "" };
  }
  return { text: String(err), code: "", next: "" };
}

/** Says an error. */
export function complain(err: unknown): void {
  toast({ bad: true, ...explain(err) });
}

export function Toasts() {
  const t = useWords();
  return (
    <div class="toasts" role="status" aria-live="polite">
      {use(toasts).map((x) => (
        <div class={x.bad ? "toast bad" : "toast"} key={x.key}>
          <div>
            <div>{x.text}</div>
            {x.code && <code class="code">{x.code}</code>}
            {x.next && <div class="muted small">{x.next}</div>}
          </div>
          {x.act && (
            <button type="button" onClick={() => (x.act?.run(), drop(x.key))}>
              {x.act.label}
            </button>
          )}
          <button type="button" class="quiet" aria-label={t.common.close} onClick={() => drop(x.key)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
