/**
 * What the loader loads on intent. All of it is one file once it is built, so that the one hash in the
 * loader covers all code that runs, and the one in module.js the rest.
 */
import { mount } from "./checkout-ui.js";
import { frame, say } from "./fallback.js";
import { preload } from "./module.js";
import { early } from "./quote.js";

export { diagnose, preview } from "./diagnosis.js";
export { preload };

preload().catch(() => {}); // under way before anybody asks
const assets = new URL(".", import.meta.url).href;

/**
 * The checkout in `root`, or where WebAssembly is refused the next rung of the ladder. The price is
 * asked for while the WebAssembly is on its way. `leave` is for when nothing comes up until `timer`.
 * Without a connection it waits for one.
 */
export const start = async (root, options, payUrl, leave, timer) => {
  const all = { ...options, config: { ...options.config, assets }, early: early(options) };
  try {
    await preload();
    return mount(root, all);
  } catch {
    clearTimeout(timer);
    if (navigator.onLine) return frame(root, options, payUrl, leave);
    say(root, "You are offline. The checkout opens when the connection is back.");
    await new Promise((back) => addEventListener("online", back, { once: true }));
    await new Promise((go) => setTimeout(go, 999)); // the way there is often not open yet
    root.replaceChildren();
    if (root.isConnected) return start(root, options, payUrl, leave, setTimeout(leave, 8000));
  } finally {
    clearTimeout(timer);
  }
};
