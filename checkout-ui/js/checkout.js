/**
 * The loader: it defines the elements and `window.Checkout`, draws the dialog and a skeleton in
 * the frame of the click, and on intent loads widget.js, which brings the WebAssembly. Where that
 * cannot run, the helper's own page is framed; where nothing else runs, or is not what was built,
 * the browser goes there. A trigger is a real link all the while. Promises: checkout.d.ts.
 *
 * Bytes count here (2 KB brotli): what can wait for the WebAssembly is done in overlay.rs,
 * which keeps Back, Escape, scrolling and focus, and in options.rs, which reads all attributes.
 */
const TRIGGERS = "checkout-button,[data-checkout]";
const src = new URL("/__ASSETS__/checkout-ui.js", import.meta.url);
const config = { helper: src.origin };

// Text on the brand's colour (--p) is black or white, whichever reads: lightness 49.5 is where they meet.
const sheet = new CSSStyleSheet();
sheet.replaceSync(`:host{--p:var(--checkout-button-color-background,var(--checkout-color-primary,light-dark(#3350d4,#93a5ff)))}
a{display:inline-block;padding:0 1.25em;border-radius:var(--checkout-button-border-radius,8px);background:var(--p);color:var(--checkout-button-color-text,lab(from var(--p) calc((49.5 - l)*99) 0 0));font-weight:600;line-height:44px;text-decoration:none}
dialog{width:100%;max-width:var(--checkout-dialog-max-width,56rem);max-height:100dvh;padding:0;border:0;border-radius:14px;color:var(--checkout-color-text,light-dark(#1b1e28,#eceef4));background:var(--checkout-color-background,light-dark(#fff,#191b22))}
dialog::backdrop{background:#000a}
#bar{display:flex;padding:8px 8px 0 24px}
h2{flex:1;margin:0;font-size:17px;line-height:44px}
button{width:44px;border:0;background:0 0;color:inherit;font-size:24px}
div:empty{height:24rem;margin:24px;background:#8881}`);

const make = (name, properties, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};
/** Appends `child` in the open shadow of `host`, and answers it. */
const shade = (host, child) => {
  const root = host.attachShadow({ mode: "open", delegatesFocus: true });
  root.adoptedStyleSheets = [sheet];
  root.append(child);
  return child;
};

let loading;
/** `import` checks no hash. An element does, and then the page knows the module by its address. */
const load = () =>
  (loading ||= new Promise((onload, onerror) =>
    document.body.append(make("script", { type: "module", integrity: "__GLUE__", nonce: document.querySelector("[nonce]")?.nonce, src, onload, onerror })),
  )
    .then(() => import(src))
    .catch(() => (loading = 0))); // nothing loaded: the next intent tries again

const payUrl = ({ items: [{ priceId, quantity = 1 }] }) => config.helper + `/pay/${priceId}?quantity=${quantity}`;

/** What the link and the first frame need of an element's attributes. */
const read = (element) => {
  const get = (name) => element.getAttribute(name) ?? element.getAttribute("data-" + name);
  const [linked] = /[^/?]+(?=$|\?)/.exec(get("checkout") || element.href);
  const items = [{ priceId: get("price-id") ?? linked, quantity: +(get("quantity") ?? 1) }];
  return { items: JSON.parse(get("items")) ?? items, settings: { theme: get("theme") } };
};

/** One checkout in `root`: the WebAssembly, or the first rung of the ladder that holds. */
const start = (root, target, options, end, inline) => {
  let ends;
  const handle = new Promise((...both) => (ends = both));
  handle.catch(() => {}); // a page that does not listen has no unhandled rejection
  // Without a connection the browser would show an error page: wait for one.
  const leave = () => {
    if (!root.isConnected) return;
    if (navigator.onLine) location = payUrl(options);
    else setTimeout(leave, 999, root.replaceChildren(make("p", { style: "margin:24px" }, "You are offline.")));
  };
  const timer = setTimeout(leave, 8000);
  const ready = load()
    .then((widget) => widget.start(root, { ...options, config, inline, target, ends, end }, payUrl, leave, timer))
    .catch(leave);
  return Object.assign(handle, {
    close: end,
    unmount: end,
    destroy: end,
    update: (change) => ready.then((mounted) => mounted?.update(change)),
    stop() {
      ends[1]({ code: "payment_canceled" }); // unless it was settled
      ready.then((mounted) => mounted?.free());
    },
  });
};

let current; // one overlay per page
const open = (options = {}, trigger) => {
  const { displayMode, target } = { ...config.settings, ...options.settings };
  if (displayMode == "inline") return mount(target, options);
  if (current) return current;
  const root = make("div");
  const title = make("h2", { id: "title", tabIndex: -1 }, "Checkout");
  const end = () => dialog.close();
  const cross = make("button", { id: "close", ariaLabel: "Close", onclick: end }, "×");
  const dialog = make("dialog", { part: "dialog", ariaLabel: "Checkout" }, make("div", { id: "bar" }, title, cross), root);
  const host = make("div");
  shade(host, dialog);
  document.body.append(host);
  dialog.showModal();
  title.focus();
  dialog.onclose = () => {
    current.stop();
    current = 0;
    host.remove();
  };
  return (current = start(root, trigger, options, end));
};

/** Puts an inline checkout into an element of the page. */
const mount = (target, options) => {
  const inline = make("checkout-inline", { options });
  target.append(inline);
  return inline.handle;
};

class CheckoutButton extends HTMLElement {
  static observedAttributes = ["price-id", "quantity", "items"];
  link = shade(this, make("a", { part: "button" }, make("slot")));
  attributeChangedCallback() {
    this.link.href = payUrl(read(this));
  }
}

let resume; // from the address or a reload: what to show once the page stands
class CheckoutInline extends HTMLElement {
  root = shade(this, make("div"));
  connectedCallback() {
    this.handle = start(this.root, this, { ...read(this), ...this.options, ...resume }, () => this.remove(), true);
    resume = 0;
  }
  disconnectedCallback() {
    this.handle.stop(); // moved to another place, it begins again with what was typed
  }
}

const listen = () => {
  for (const type of ["pointerover", "focusin", "touchstart", "click"])
    document.addEventListener(type, (event) => {
      const trigger = event.composedPath().find((node) => node.matches?.(TRIGGERS));
      if (!trigger) return;
      if (type != "click") return load();
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey) return;
      open(read(trigger), trigger);
      event.preventDefault(); // last: should the overlay not come up, the link still leads to the page
    });
  const id = location.search.match(/[?&]checkout(_return)?=([^&]+)/)?.[2];
  resume = id ? { resume: id } : history.state?.checkout;
  customElements.define("checkout-button", CheckoutButton);
  customElements.define("checkout-inline", CheckoutInline);
  const seen = new IntersectionObserver(([{ isIntersecting }]) => {
    if (isIntersecting && !navigator.connection?.saveData) setTimeout(load, 999);
  });
  document.querySelectorAll(TRIGGERS).forEach((trigger) => seen.observe(trigger));
  if (resume) open(resume);
};

const bind = (method) => (name, ...rest) => document[method](name.replaceAll(".", ":"), ...rest);
const on = bind("addEventListener");
const far = (name) => async (request) => {
  const widget = await load();
  if (widget) return widget[name](config, request);
  const problem = { code: "csp_blocked", ok: false, message: src + " did not run" };
  if (name == "diagnose") return [problem];
  throw problem;
};
const initialize = (options) => Object.assign(config, options) && Checkout;
const update = (change) => current?.update(change);

// A page that includes the script twice keeps the first.
const Checkout = (window.Checkout ??= {
  version: "__VERSION__",
  initialize,
  Initialize: initialize,
  init: initialize,
  open,
  mount,
  update,
  updateCheckout: update,
  updateItems: (items) => update({ items }),
  close: () => current?.close(),
  isOpen: () => !!current,
  on,
  off: bind("removeEventListener"),
  once: (name, listener) => on(name, listener, { once: true }),
  preload: far("preload"),
  preview: far("preview"),
  diagnose: far("diagnose"),
});
if (Checkout.open == open) listen();
export { Checkout, initialize, open };
