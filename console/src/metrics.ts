// Rates of this node, from the counters that it shows to Prometheus.
import { call } from "./api";
import { Cell, locked } from "./store";

/** The counters at one moment. */
interface Sample {
  at: number;
  recalls: number;
  buckets: Map<number, number>; // requests answered within so many seconds
}

/** What happened between two moments. */
export interface Rate {
  at: number;
  recalls: number; // per minute
  p95: number; // milliseconds; 0 if nothing was asked
}

export const rates = new Cell<readonly Rate[]>([]);
const every = 5000;
let last: Sample | null = null;
let watching = 0;

function parse(text: string): Sample {
  const s: Sample = { at: Date.now(), recalls: 0, buckets: new Map() };
  for (const line of text.split("\n")) {
    if (line.startsWith("ai_memory_recall_total ")) s.recalls = Number(line.split(" ")[1]);
    else if (line.startsWith("tally_http_request_seconds_bucket{") && !line.includes('route="/metrics"') && !line.includes("/events")) {
      const le = /le="([^"]+)"\} (\S+)$/.exec(line);
      if (!le) continue;
      const bound = le[1] === "+Inf" ? Infinity : Number(le[1]);
      s.buckets.set(bound, (s.buckets.get(bound) ?? 0) + Number(le[2]));
    }
  }
  return s;
}

function between(a: Sample, b: Sample): Rate {
  const bounds = [...b.buckets.keys()].sort((x, y) => x - y);
  const grown = bounds.map((le) => (b.buckets.get(le) ?? 0) - (a.buckets.get(le) ?? 0));
  const total = grown.at(-1) ?? 0;
  const i = grown.findIndex((c) => c >= 0.95 * total);
  const le = bounds[i] ?? 0;
  return { at: b.at, recalls: Math.max(0, ((b.recalls - a.recalls) * 60_000) / (b.at - a.at)), p95: total > 0 ? 1000 * (le === Infinity ? 10 : le) : 0 };
}

/** Samples the counters for as long as somebody looks. */
export function watchRates(): () => void {
  watching++;
  if (watching === 1) void sample();
  return () => void watching--;
}

async function sample(): Promise<void> {
  while (watching > 0) {
    if (!document.hidden && !locked.get()) {
      try {
        const now = parse(await call("GET /metrics"));
        if (last && now.recalls >= last.recalls) rates.set([...rates.get(), between(last, now)].slice(-120));
        last = now;
      } catch {
        last = null;
      }
    }
    await new Promise((f) => setTimeout(f, every));
  }
}
