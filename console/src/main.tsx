import { render } from "preact";
import { App } from "./app";
import { intercept } from "./router";
import { begin, enter } from "./store";
import "./style.css";

// A one-time link carries its secret behind the #, where no server and no log
// sees it; it is used and taken out of the address before anything else.
async function byLink(): Promise<boolean> {
  const once = /^#once=([A-Za-z0-9_-]+)$/.exec(location.hash)?.[1];
  if (once === undefined) return true;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    await enter({ once });
    return true;
  } catch {
    return false;
  }
}

const root = document.getElementById("app");
if (root) {
  const good = await byLink();
  intercept();
  begin();
  render(<App linkUsed={!good} />, root);
}
