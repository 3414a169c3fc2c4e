/**
 * The WebAssembly: fetched once, and only as the bytes that were built. A failed try is forgotten, so
 * that the next intent tries again.
 */
import init from "./checkout-ui.js";

let loading;
export const preload = () => {
  const address = new URL("checkout-ui_bg.wasm", import.meta.url);
  return (loading ||= init({ module_or_path: fetch(address, { integrity: "__WASM__" }) }).catch((error) => {
    loading = 0;
    throw error;
  }));
};
