// Addresses of the console: every place has one, and back and forward work.
import { Cell } from "./store";

const root = "/console/";

/** A place: the parts of its path, and what is asked of it. */
export interface Place {
  page: string;
  id: string;
  query: URLSearchParams;
}

function here(): Place {
  const path = location.pathname.startsWith(root) ? location.pathname.slice(root.length) : "";
  const [page = "", ...rest] = path.split("/");
  let id = rest.join("/");
  try {
    id = decodeURIComponent(id);
  } catch {
    // as it stands
  }
  return { page, id, query: new URLSearchParams(location.search) };
}

export const place = new Cell<Place>(here());

addEventListener("popstate", () => place.set(here()));

/** The address of a place. */
export function href(page: string, id = "", query: Record<string, string> = {}): string {
  const q = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== "")).toString();
  return root + page + (id === "" ? "" : "/" + encodeURIComponent(id)) + (q === "" ? "" : "?" + q);
}

/** Goes to a place; with replace, without a step of its own in the history. */
export function go(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", to);
  else if (to !== location.pathname + location.search) history.pushState(null, "", to);
  const was = place.get();
  place.set(here());
  if (was.page !== place.get().page || was.id !== place.get().id) {
    scrollTo(0, 0);
    document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  }
}

/** Follows links to our own places without loading the page again. */
export function intercept(): void {
  document.addEventListener("click", (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const a = (e.target as Element | null)?.closest("a"); // in HTML, or in a picture
    const to = a?.getAttribute("href");
    if (!a || !to || a.hasAttribute("target") || a.hasAttribute("download")) return;
    const url = new URL(to, location.href);
    if (url.origin !== location.origin || !url.pathname.startsWith(root)) return;
    e.preventDefault();
    go(url.pathname + url.search);
  });
}

/** Changes what is asked of the place, keeping the rest. */
export function ask(changes: Record<string, string>, replace = true): void {
  const q = new URLSearchParams(location.search);
  for (const [k, v] of Object.entries(changes)) {
    if (v === "") q.delete(k);
    else q.set(k, v);
  }
  const text = q.toString();
  go(location.pathname + (text === "" ? "" : "?" + text), replace);
}
