import { render } from "preact";
import { App } from "./app";
import { session } from "./api";
import { intercept } from "./router";
import { begin, stand } from "./store";
import "./style.css";

// A one-time link carries its secret behind the #, where no server and no log
// sees it; it is used and taken out of the address before anything else.
async function enter(): Promise<boolean> {
  const once = /^#once=([A-Za-z0-9_-]+)$/.exec(location.hash)?.[1];
  if (once === undefined) return true;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    stand(await session("POST", { once }));
    return true;
  } catch {
    return false;
  }
}

const root = document.getElementById("app");
if (root) {
  const good = await enter();
  intercept();
  begin();
  render(<App linkUsed={!good} />, root);
}
