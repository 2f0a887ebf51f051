import { useMemo } from "preact/hooks";
import { context, diff } from "../diff";
import { Text } from "./text";
import { useWords } from "./words";

/** Two texts, and what differs. */
export function Difference({ from, to }: { from: string; to: string }) {
  const t = useWords();
  const lines = useMemo(() => context(diff(from, to)), [from, to]);
  if (from === to) return <p class="muted">{t.memory.same}</p>;
  return (
    <div class="diff" tabIndex={0} role="group" aria-label={t.memory.diff}>
      {lines.map((l, i) =>
        l === null ? (
          <div key={i} class="gap" aria-hidden="true">⋯</div>
        ) : (
          <div key={i} class={l.sign === "+" ? "plus" : l.sign === "-" ? "minus" : ""}>
            <span class="sign" aria-label={l.sign === "+" ? t.memory.added : l.sign === "-" ? t.memory.removed : undefined}>{l.sign}</span>
            <span><Text s={l.text} /></span>
          </div>
        ),
      )}
    </div>
  );
}
