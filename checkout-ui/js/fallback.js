/** One sentence, where the widget's own words cannot be had. */
export const say = (root, text) => {
  const words = document.createElement("p");
  words.role = "alert";
  words.textContent = text;
  words.style.margin = "8px 24px 32px"; // CSSOM: no policy minds
  root.replaceChildren(words);
};

/**
 * The second rung of the ladder, for where WebAssembly is refused or is not as it was built: the helper's own page,
 * framed in the dialog that the loader drew. Should that be refused as well, or stay silent,
 * `leave` goes there.
 */
export const frame = (root, options, payUrl, leave) => {
  if (!root.isConnected) return;
  if (!options.items) {
    say(root, "We have your order. The receipt comes by email as soon as the payment is confirmed.");
    return;
  }
  const timer = setTimeout(leave, 8000);
  const page = document.createElement("iframe");
  page.title = "Checkout";
  page.sandbox =
    "allow-same-origin allow-scripts allow-forms allow-popups allow-top-navigation-by-user-activation";
  page.style.cssText = "display:block;border:0;width:100%;height:min(44rem,80dvh)"; // CSSOM: no policy minds
  page.onload = () => clearTimeout(timer);
  addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
    if (/^(frame|child|default)-src/.test(effectiveDirective)) leave();
  });
  page.src = payUrl(options) + "&embed=1";
  root.replaceChildren(page);
  const detail = { code: "csp_blocked", message: "WebAssembly cannot run here: the checkout is framed." };
  const event = new CustomEvent("checkout:fallback", { detail, bubbles: true, composed: true });
  root.dispatchEvent(Object.assign(event, { name: "checkout.fallback", data: detail }));
};
