// The panel: asks the shop each second what happened, and says it in the page. Part of the demo,
// not of the widget.
const $ = (id) => document.getElementById(id);
const toggle = $("panel-toggle");
const body = $("panel-body");
const list = $("panel-entries");
const MOST_SHOWN = 120;

const NAMES = { helper: "Helper", sandbox: "Sandbox", webhook: "Webhook", checkout: "Checkout", shop: "Shop", widget: "Widget" };
const GOOD = /^(2\d\d|accepted|paid|fulfilled|done|verified)\b/;
const BAD = /^([45]\d\d|refused|failed|expired|needs_review)\b/;

function show(entry) {
  const item = document.createElement("li");
  item.className = entry.who;
  const line = (name, text, className) => {
    const element = document.createElement(name);
    element.className = className;
    element.textContent = text;
    return element;
  };
  const head = line("p", "", "head");
  head.append(line("b", NAMES[entry.who] ?? entry.who, "who"), line("span", new Date(entry.at).toLocaleTimeString(), "time"));
  item.append(head, line("p", entry.text, "text"));
  if (entry.status) {
    const tone = GOOD.test(entry.status) ? "good" : BAD.test(entry.status) ? "bad" : "";
    const end = line("p", "", "end");
    end.append(line("span", `→ ${entry.status.replaceAll("_", " ")}`, `status ${tone}`));
    if (entry.detail) end.append(line("span", entry.detail, "detail"));
    item.append(end);
  }
  list.prepend(item);
  while (list.childElementCount > MOST_SHOWN) list.lastElementChild.remove();
  if (!$("panel-empty").hidden) {
    // There is something to look at now: the explanation makes room for it.
    $("panel-empty").hidden = true;
    $("panel-flow").open = false;
  }
  if (toggle.ariaExpanded === "false") unseen(+$("panel-count").textContent + 1);
}

function unseen(count) {
  $("panel-count").textContent = count || "";
  $("panel-count").hidden = !count;
  $("panel-count").ariaLabel = `${count} new`;
}

function open(wanted) {
  toggle.ariaExpanded = String(wanted);
  body.hidden = !wanted;
  document.documentElement.classList.toggle("panel-open", wanted);
  if (wanted) unseen(0);
  try {
    localStorage.setItem("panel", wanted ? "open" : "closed");
  } catch {
    // Storage is off: the panel starts as the width of the page says.
  }
}

function startsOpen() {
  if (location.hash === "#what-happened") return true;
  try {
    const kept = localStorage.getItem("panel");
    if (kept) return kept === "open";
  } catch {
    // As above.
  }
  return matchMedia("(min-width: 1200px)").matches;
}

let last = 0;
async function ask() {
  try {
    if (document.visibilityState === "hidden") return;
    const news = await (await fetch(`/activity?after=${last}`)).json();
    if (news.last < last) list.replaceChildren(); // the demo was started again
    last = news.last;
    news.entries.forEach(show);
  } catch {
    // The demo has stopped, or is starting again: ask once more in a second.
  } finally {
    setTimeout(ask, 1000);
  }
}

// What the widget tells the page, for those who want to see its events too.
const SAID = {
  "checkout:opened": "The checkout opened",
  "checkout:loaded": "The widget is ready",
  "checkout:price_changed": "The widget shows that the price has changed",
  "checkout:payment:initiated": "The buyer goes to the payment page",
  "checkout:payment:failed": "The widget shows that the payment did not go through",
  "checkout:completed": "The widget tells the page: completed",
  "checkout:closed": "The checkout was closed",
  "checkout:fallback": "The widget took another way, as this page allows no WebAssembly",
};
for (const [name, text] of Object.entries(SAID)) {
  document.addEventListener(name, () => show({ who: "widget", at: Date.now(), text, status: "" }));
}

$("scenarios").addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = $("scenario-said");
  said.textContent = "";
  try {
    const form = new URLSearchParams({ scenario: event.submitter.value });
    const answer = await fetch("/scenario", { method: "POST", body: form, headers: { accept: "application/json" } });
    said.textContent = (await answer.json()).message;
  } catch {
    said.textContent = "The demo does not answer. Is it still running?";
  }
});

toggle.addEventListener("click", () => open(toggle.ariaExpanded !== "true"));
open(startsOpen());
ask();
