import { useRef, useState } from "preact/hooks";
import { enter, entering, lost, use } from "./store";
import { explain } from "./ui/toast";
import { Dialog, Field } from "./ui/kit";
import { useWords } from "./ui/words";

/** Asks for a key, over whatever is on the page, which stays. Where the node asks for
 * none, one may go on without. */
export function Login({ used, needed }: { used: boolean; needed: boolean }) {
  const t = useWords();
  const box = useRef<HTMLInputElement>(null);
  const [bad, setBad] = useState("");
  const why = use(lost);
  const without = () => (entering.set(false), lost.set(""));
  const submit = async (e: Event) => {
    e.preventDefault();
    try {
      await enter({ key: box.current?.value ?? "" });
    } catch (err) {
      setBad(explain(err).text);
    }
  };
  return (
    <Dialog title={t.login.title} onClose={needed ? () => {} : without} stays={needed}>
      <form onSubmit={submit} class="stack">
        {why !== "" ? <p class="warn-text" role="alert">{t.login.over[why] ?? t.login.over["ended"]} {t.login.kept}</p> : used ? <p class="warn-text">{t.login.used}</p> : null}
        <p>{needed ? t.login.text : t.login.more}</p>
        <pre class="snippet">tally console</pre>
        <p class="muted">{t.login.or}</p>
        <Field label={t.login.key}>
          <input type="password" ref={box} data-first autocomplete="off" spellcheck={false} required />
        </Field>
        {bad && <p class="bad-text" role="alert">{bad}</p>}
        <p>
          <button type="submit" class="primary">{t.login.enter}</button> {!needed && <button type="button" onClick={without}>{t.login.without}</button>}
        </p>
      </form>
    </Dialog>
  );
}
