// Runs once, when the Fix page is laid out. `trigger` tells the server what the reader did; what comes back is shown by
// Gradio, and `settle` then puts the focus where the reader goes on. The log itself never stands in the address.
"use strict";
const find = (selector) => document.querySelector(`#fix ${selector}`);
const here = () => document.documentElement.dataset.place === "fix";
const now = () => find("#fix-result .fix-now")?.dataset ?? {};
const AGAIN_MS = 1000;

const said = document.createElement("p");
said.className = "unseen";
said.setAttribute("role", "status");
document.body.append(said);

let asked = null;  // what the reader last did: where to go on when it is answered
let last = null;
const busy = (is) => find("#fix-result")?.toggleAttribute("aria-busy", is);
const send = (data) => {
  asked = data.do;
  last = data;
  busy(true);
  trigger("select", { value: JSON.stringify(data) });
};
const look = () => {
  asked = "find";
  last = { do: "find" };
  busy(true);
};
window.atlasFix = (query) => {
  const shown = find("#fix-link a")?.getAttribute("href");
  const again = query === shown && ["found", "unknown"].includes(now().state);  // in another language
  const { activeElement } = document;
  send(again ? { do: "find" } : { do: "open", query });
  asked = again || activeElement === document.body || !activeElement.closest("#fix") ? null : "open";
};

const into = (place, element = place) => {
  if (!place) return;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  place.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  element?.focus({ preventScroll: true });
};
const settle = () => {
  busy(false);
  if (now().state === "waiting") {
    setTimeout(() => here() && now().state === "waiting" && send(last ?? { do: "open", query: location.search }), AGAIN_MS);
    return;
  }
  const done = asked;
  asked = null;
  if (!here() || !done) return;
  const place = find("#fix-told:has(p)") ?? find("#fix-result");
  if (done === "form") into(find("#fix-form"), find("#fix-form-intro h3"));
  else into(place, find("#fix-result h2") ?? find("#fix-told p"));
  said.textContent = [find("#fix-told")?.textContent.trim(), now().said].filter(Boolean).join(" ");
};
let answered = "";
new MutationObserver(() => {
  const token = find("#fix-link a")?.dataset.token;
  if (!token || token === answered) return;
  answered = token;
  requestAnimationFrame(() => requestAnimationFrame(settle));  // the other parts come with it
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-token"] });

document.addEventListener("click", (event) => {
  if (event.target.closest?.("#fix-find")) look();
  const example = event.target.closest?.("#fix-examples [data-log]");
  if (example) {
    const box = find("#fix-log-box textarea");
    box.value = example.textContent;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    requestAnimationFrame(() => find("#fix-find").click());  // once the page has taken the text over
  }
  if (event.target.closest?.("#fix-save")) asked = "save";
  if (event.target.closest?.("#fix-cancel")) find("#fix-log-box textarea").focus();
  const doer = event.target.closest?.("#fix [data-fix]");
  if (doer) send({ do: doer.dataset.fix, pitfall: doer.dataset.pitfall });
}, true);
document.addEventListener("keydown", (event) => {
  if (!here() || event.isComposing || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const button = event.target.closest?.("#fix-log-box") ? "#fix-find" : event.target.closest?.("#fix-form") ? "#fix-save" : "";
  if (!button) return;
  event.preventDefault();
  document.querySelector(button)?.click();
}, true);
