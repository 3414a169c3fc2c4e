// Tells the page around the frame what happens, fills in test cards, and reports its height.
// The page works without it.

const framed = window.parent !== window;
const parentOrigin = () => {
  const known = document.body.dataset.parent || window.location.ancestorOrigins?.[0];
  // A page without an origin of its own (a file, a sandboxed frame) is called "null".
  if (known) return known === "null" ? "*" : known;
  const referrer = document.referrer ? new URL(document.referrer).origin : "";
  return referrer && referrer !== window.location.origin ? referrer : "*";
};
const origin = framed ? parentOrigin() : "";

const post = (message) => {
  if (framed) window.parent.postMessage(message, origin);
};
const tell = (element) => JSON.parse(element?.dataset.messages || "[]").forEach(post);

if (framed) {
  // A form that is sent makes this page its own referrer: keep the parent's origin in the links.
  if (origin !== "*") {
    for (const form of document.querySelectorAll("form[method=post]")) {
      const action = new URL(form.action);
      action.searchParams.set("parent", origin);
      form.action = action.href;
    }
  }
  const kind = "[dodo-iframe-resize]";
  const size = () =>
    post({
      kind,
      type: "size",
      height: Math.ceil(document.body.getBoundingClientRect().height),
      width: Math.ceil(document.body.getBoundingClientRect().width),
    });
  window.addEventListener("message", (event) => {
    if (event.source === window.parent && event.data?.kind === kind && event.data.type === "parent-ping") {
      post({ kind, type: "child-ready" });
      size();
    }
  });
  post({ kind, type: "child-ready" });
  new ResizeObserver(size).observe(document.body);
}

tell(document.body);

const pay = document.querySelector("[data-pay]");
document.querySelector("[data-samples]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  pay.elements.card.value = event.submitter.value;
  pay.elements.expiry.value = "06/32";
  pay.elements.cvc.value = "123";
  pay.querySelector("[type=submit]").focus();
});
pay?.addEventListener("submit", () => {
  tell(pay);
  const button = pay.querySelector("[type=submit]");
  pay.querySelector("[data-status]").textContent = button.dataset.busy;
  // After the form's data were taken, so that nothing is left out.
  window.setTimeout(() => {
    button.disabled = true;
  });
});
// Back from the shop: the browser may show the page as it was left.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

const close = document.querySelector("[data-close]");
close?.addEventListener("click", (event) => {
  if (!framed) return;
  event.preventDefault();
  tell(close);
});

document.querySelector("[aria-invalid=true]")?.focus();
