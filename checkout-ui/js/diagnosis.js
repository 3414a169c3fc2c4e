/**
 * Questions that a developer asks from the console: what does this cost, and
 * why does it not work? In JavaScript, because the second one matters most where WebAssembly fails.
 */
import { preload } from "./module.js";
import { ask } from "./quote.js";

/** The quote of `{items, discountCode?, customer?}`, as the helper answers it. */
export const preview = async (config, request) => {
  const response = await ask(config, request).response;
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.title), { code: answer.code });
};

/** What may keep a checkout from working on this page, in words: a list of `{code, ok, message}`. */
export const diagnose = async ({ helper }) => {
  const found = [];
  const say = (code, ok, message) => found.push({ code, ok, message });
  try {
    const { ok, status } = await fetch(helper + "/v1/catalog");
    say("helper", ok, ok ? `The helper at ${helper} answers this page.` : `The helper answers with ${status}.`);
  } catch {
    const cures = "Is it running, is this page's origin among its allowed origins, and does the content security";
    say("helper_unreachable", false, `No answer from ${helper}. ${cures} policy allow it in connect-src?`);
  }
  try {
    await preload();
    say("wasm", true, "The widget's WebAssembly runs on this page.");
  } catch (error) {
    const cure = "Allow 'wasm-unsafe-eval' in script-src, and let nothing on the way change the file";
    say("csp_blocked", false, `The widget's WebAssembly does not run: ${error}. ${cure}. Until then there is a frame.`);
  }
  const old = !CSS.supports("color", "light-dark(#000, #fff)");
  if (old) say("colors", false, "This browser is from before 2024: it shows the light theme only.");
  console.table(found);
  return found;
};
