// What differs between two texts, line by line.

export interface Line {
  sign: " " | "+" | "-";
  text: string;
}

const most = 2000; // lines of each side that are compared one by one

/** The lines of both texts, in order; those on one side only have its sign. */
export function diff(from: string, to: string): Line[] {
  const a = from === "" ? [] : from.split("\n");
  const b = to === "" ? [] : to.split("\n");
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const out: Line[] = a.slice(0, head).map((text) => ({ sign: " ", text }));
  out.push(...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)));
  out.push(...a.slice(a.length - tail).map((text): Line => ({ sign: " ", text })));
  return out;
}

// middle is the longest common subsequence; of very long texts one is taken away
// and the other put in its place.
function middle(a: string[], b: string[]): Line[] {
  const minus = (text: string): Line => ({ sign: "-", text });
  const plus = (text: string): Line => ({ sign: "+", text });
  if (a.length * b.length > most * most || a.length === 0 || b.length === 0) return [...a.map(minus), ...b.map(plus)];
  const w = b.length + 1;
  const best = new Uint32Array((a.length + 1) * w);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      best[i * w + j] = a[i] === b[j] ? best[(i + 1) * w + j + 1]! + 1 : Math.max(best[(i + 1) * w + j]!, best[i * w + j + 1]!);
    }
  }
  const out: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      out.push({ sign: " ", text: a[i]! });
      i++;
      j++;
    } else if (best[(i + 1) * w + j]! >= best[i * w + j + 1]!) out.push(minus(a[i++]!));
    else out.push(plus(b[j++]!));
  }
  return [...out, ...a.slice(i).map(minus), ...b.slice(j).map(plus)];
}

/** Leaves out equal lines that are further than a few from a difference; null
 * stands for a gap. */
export function context(lines: Line[], around = 3): (Line | null)[] {
  const keep = lines.map((_, i) => lines.slice(Math.max(0, i - around), i + around + 1).some((l) => l.sign !== " "));
  const out: (Line | null)[] = [];
  lines.forEach((l, i) => {
    if (keep[i]) out.push(l);
    else if (out.length > 0 && out.at(-1) !== null) out.push(null);
  });
  return out;
}
