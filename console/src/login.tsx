import { useRef, useState } from "preact/hooks";
import { session } from "./api";
import { look, standing, use } from "./store";
import { explain } from "./ui/toast";
import { Dialog, Field } from "./ui/kit";
import { useWords } from "./ui/words";

/** Asks for a key, over whatever is on the page, which stays. */
export function Login({ used }: { used: boolean }) {
  const t = useWords();
  const box = useRef<HTMLInputElement>(null);
  const [bad, setBad] = useState("");
  const was = use(standing);
  const enter = async (e: Event) => {
    e.preventDefault();
    try {
      await session("POST", { key: box.current?.value ?? "" });
      await look();
    } catch (err) {
      setBad(explain(err).text);
    }
  };
  return (
    <Dialog title={t.login.title} onClose={() => {}} stays>
      <form onSubmit={enter} class="stack">
        {used ? <p class="warn-text">{t.login.used}</p> : was?.signed_in ? <p>{t.login.ended}</p> : null}
        <p>{t.login.text}</p>
        <pre class="snippet">tally console</pre>
        <p class="muted">{t.login.or}</p>
        <Field label={t.login.key}>
          <input type="password" ref={box} data-first autocomplete="off" spellcheck={false} required />
        </Field>
        {bad && <p class="bad-text" role="alert">{bad}</p>}
        <p>
          <button type="submit" class="primary">{t.login.enter}</button>
        </p>
      </form>
    </Dialog>
  );
}
