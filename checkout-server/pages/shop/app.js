// A locked feature opens the app's own dialog; its button opens our checkout on top of it, as the customer
// who is signed in. What is locked says the page, and the page is made by the app's own server, which asks
// the helper: nothing here unlocks anything. It looks again when the server has heard of a change.
// Without this script the buttons do nothing, and the dialog's link would still lead to a checkout.
const LOOK = 2_000; // ms between two questions whether anything has changed
const AGE = 10 * 60_000; // ms after which the page's customer token is replaced: it is good for 15 minutes
const $ = (selector) => document.querySelector(selector);
const dialog = $("#upgrade");
const go = $("#continue");
const team = $("#upgrade checkout-button");
const chosen = () => dialog.querySelector("[name=price]:checked");
let made = Date.now();

// The page once more, as the server makes it now.
async function look() {
  const answer = await fetch("/app");
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  $(".workspace").replaceWith(page.querySelector(".workspace"));
  const says = page.querySelector("#unlocked").textContent;
  if ($("#unlocked").textContent !== says) $("#unlocked").textContent = says;
  const token = page.querySelector("#upgrade checkout-button").getAttribute("customer-token");
  if (token) team.setAttribute("customer-token", token);
  made = Date.now();
}

async function watch() {
  if (!document.hidden) {
    try {
      const version = await (await fetch("/app/version")).json();
      if (String(version) !== $(".workspace").dataset.version || Date.now() - made > AGE) await look();
    } catch {} // the demo is gone, or comes back
  }
  setTimeout(watch, LOOK);
}
setTimeout(watch, LOOK);

document.addEventListener("click", ({ target }) => {
  const { upgrade, use } = target.closest("[data-upgrade], [data-use]")?.dataset ?? {};
  if (use) $("#unlocked").textContent = `${use} is yours. This demo ends here.`;
  if (!upgrade) return;
  $("#upgrade-feature").textContent = upgrade;
  dialog.showModal();
  $("#upgrade-title").focus();
  look().catch(() => {}); // a fresh token, also where the clock was moved
});

dialog.addEventListener("change", () => (go.href = chosen().dataset.pay));

go.addEventListener("click", async (event) => {
  if (!window.Checkout) return; // the script is blocked: the link leads to the helper's own page
  event.preventDefault();
  await look().catch(() => {});
  const customerToken = team.getAttribute("customer-token") ?? undefined;
  // Rejects when the buyer closes the checkout, which is no error here.
  window.Checkout.open({ items: [{ priceId: chosen().value, quantity: 1 }], customerToken }).then(() => dialog.close(), () => {});
});
