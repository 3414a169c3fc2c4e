// A locked feature opens the app's own dialog; its button opens our checkout on top of it.
// Without this script the buttons do nothing, and the dialog's link would still lead to a checkout.
const dialog = document.querySelector("#upgrade");
const go = document.querySelector("#continue");
const chosen = () => dialog.querySelector("[name=price]:checked");

for (const button of document.querySelectorAll("[data-upgrade]")) {
  button.addEventListener("click", () => {
    document.querySelector("#upgrade-feature").textContent = button.dataset.upgrade;
    dialog.showModal();
    document.querySelector("#upgrade-title").focus();
  });
}

dialog.addEventListener("change", () => (go.href = chosen().dataset.pay));

go.addEventListener("click", (event) => {
  if (!window.Checkout) return; // the script is blocked: the link leads to the helper's own page
  event.preventDefault();
  // Rejects when the buyer closes the checkout, which is no error here.
  window.Checkout.open({ items: [{ priceId: chosen().value, quantity: 1 }] }).then(unlock, () => {});
});

// What the page shows is one thing; what the account may do, the app's own server asks the helper.
function unlock() {
  dialog.close();
  document.querySelector("#plan-chip").textContent = "Pro plan";
  document.querySelector("#unlocked").textContent = "You are on Pro now. Sharing, the calendar and PDF are yours.";
  for (const chip of document.querySelectorAll(".locked .chip")) chip.remove();
  for (const button of document.querySelectorAll(".locked")) button.classList.remove("locked");
}
