import { Cell, language, use } from "../store";
import { en, type Words } from "../words/en";

const words = new Cell<Words>(en);

async function load(): Promise<void> {
  const lang = language.get();
  words.set(lang === "de" ? (await import("../words/de")).de : en);
  document.documentElement.lang = lang === "de" ? "de" : "en";
}

language.listen(() => void load());
if (language.get() !== "en") void load();

/** The words of the language that is set. */
export function useWords(): Words {
  return use(words);
}

/** The same, outside of components. */
export function theWords(): Words {
  return words.get();
}
