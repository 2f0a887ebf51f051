import { useLayoutEffect } from "preact/hooks";
import { go, href } from "./router";
import { Dialog } from "./ui/kit";
import { useWords } from "./ui/words";

// Where g and a letter lead.
export const leads: Record<string, string> = { o: "", m: "memories", r: "recall", g: "graph", a: "activity", p: "peers", d: "delivery", v: "approvals", n: "namespaces", t: "theatre", h: "rehearsal", k: "agents", c: "connect", s: "system" };

/** Whether somebody writes text just now. */
export function writing(): boolean {
  const el = document.activeElement;
  return el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement || el instanceof HTMLSelectElement || !!document.querySelector("dialog[open]");
}

/** The keys that work on every page. */
export function useKeys(does: { palette: () => void; help: () => void }): void {
  useLayoutEffect(() => {
    let led = 0;
    const down = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") {
        e.preventDefault();
        does.palette();
        return;
      }
      if (e.ctrlKey || e.metaKey || e.altKey || writing()) return;
      if (Date.now() - led < 1200) {
        led = 0;
        const page = leads[e.key];
        if (page !== undefined) go(href(page));
        return;
      }
      if (e.key === "g") led = Date.now();
      else if (e.key === "/") {
        e.preventDefault();
        does.palette();
      } else if (e.key === "?") does.help();
    };
    document.addEventListener("keydown", down);
    return () => document.removeEventListener("keydown", down);
  }, []);
}

/** The sheet of shortcuts. */
export function Keys({ onClose }: { onClose: () => void }) {
  const t = useWords();
  const names: Record<string, string> = { "": t.nav.overview, memories: t.nav.memories, recall: t.nav.recall, graph: t.nav.graph, activity: t.nav.activity, peers: t.nav.peers, delivery: t.nav.delivery, approvals: t.nav.approvals, namespaces: t.nav.namespaces, theatre: t.nav.theatre, rehearsal: t.nav.rehearsal, agents: t.nav.agents, connect: t.nav.connect, system: t.nav.system };
  const rows: [string, string][] = [
    ["/", t.keys.search], ["Ctrl K", t.keys.palette], ["?", t.keys.help], ["j / k", `${t.keys.next} / ${t.keys.prev}`], ["Enter", t.keys.open], ["x", t.keys.select], ["e", t.keys.edit], ["Esc", t.common.close],
    ...Object.entries(leads).map(([k, page]): [string, string] => [`g ${k}`, names[page] ?? page]),
  ];
  return (
    <Dialog title={t.keys.title} onClose={onClose}>
      <dl class="keys">
        {rows.map(([k, what]) => (
          <div key={k}>
            <dt><kbd>{k}</kbd></dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
