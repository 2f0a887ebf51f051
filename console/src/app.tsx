import { lazy, Suspense } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import { Frame } from "./frame";
import { Login } from "./login";
import { place } from "./router";
import { entering, locked, lost, use } from "./store";
import { Toasts } from "./ui/toast";
import { useWords } from "./ui/words";
import { Overview } from "./pages/overview";

// Pages beside the first come when they are asked for.
const pages = {
  memories: lazy(() => import("./pages/memories")),
  memory: lazy(() => import("./pages/memory")),
  recall: lazy(() => import("./pages/recall")),
  graph: lazy(() => import("./pages/graph")),
  activity: lazy(() => import("./pages/activity")),
  agents: lazy(() => import("./pages/agents")),
  peers: lazy(() => import("./pages/peers")),
  delivery: lazy(() => import("./pages/delivery")),
  theatre: lazy(() => import("./pages/theatre")),
  rehearsal: lazy(() => import("./pages/rehearsal")),
  approvals: lazy(() => import("./pages/approvals")),
  namespaces: lazy(() => import("./pages/namespaces")),
  connect: lazy(() => import("./pages/connect")),
  system: lazy(() => import("./pages/system")),
};

/** Everything. */
export function App({ linkUsed }: { linkUsed: boolean }) {
  const t = useWords();
  const shut = use(locked);
  const wanted = use(entering);
  const over = use(lost) !== "";
  const [used, setUsed] = useState(linkUsed);
  useEffect(() => {
    if (!shut && used && !linkUsed) setUsed(false);
  }, [shut]);
  return (
    <>
      <Frame>
        <Suspense fallback={<p class="muted pad">{t.common.loading}</p>}>
          <Current />
        </Suspense>
      </Frame>
      {(shut || wanted || over) && <Login used={used} needed={shut} />}
      <Toasts />
    </>
  );
}

function Current() {
  const at = use(place);
  const P = pages[at.page as keyof typeof pages];
  return P ? <P key={at.page === "memory" || at.page === "graph" ? at.page + "/" + at.id : at.page} /> : <Overview />;
}
