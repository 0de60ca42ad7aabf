// Runs once, when the Choose page is laid out. All that is set stands in the address: whatever the reader does leads to
// another one, which the server answers; `settle` then shows in the form what was understood.
"use strict";
const find = (selector) => document.querySelector(`#choose ${selector}`);
const here = () => document.documentElement.dataset.place === "choose";
const answer = () => document.querySelector("#choose-link a");
const field = (name) => find(`[data-field="${name}"]`);

window.atlasChoose = (query) => {
  document.querySelector("#choose")?.setAttribute("aria-busy", "true");
  trigger("select", { value: query });
};
window.atlasPlace?.();

// --- the way to another address: the page's own script follows links to its places
const go = (parameters) => {
  const link = document.createElement("a");
  link.href = `?${parameters}`;
  if (link.search === location.search) return;
  document.body.append(link);
  link.click();
  link.remove();
};
const current = () => {
  const parameters = new URLSearchParams(answer()?.getAttribute("href") ?? "?place=choose");
  const task = field("task").value.trim();
  if (task === (parameters.get("task") ?? "")) return parameters;
  // Another task: what was set stays, what was taken from the old words and its table do not.
  for (const [name, value] of [...parameters]) if (value === "" || name === "compare") parameters.delete(name);
  parameters.set("task", task);
  return parameters;
};
const NAMES = { accelerators: "gpu", place: "where", language: "code" };
const set = (name) => {
  const parameters = current();
  if (name === "count" || name === "accelerators") {
    const card = field("accelerators").value.trim();
    const count = Math.max(1, Math.trunc(Number(field("count").value)) || 1);
    parameters.set("gpu", card && card.toLowerCase() !== "cpu" ? `${count}x ${card}` : card);
    if (!card) parameters.set("cpu_only", "");  // whichever of the two the words have said
  } else parameters.set(NAMES[name] ?? name, field(name).value.trim());
  go(parameters);
};
const ask = () => {
  if (field("task").value.trim()) go(current());
  else field("task").focus();
};
const add = (form) => {
  const name = form.querySelector("input").value.trim();
  if (!name) return;
  const parameters = current();
  parameters.set("compare", [...form.dataset.tools.split(",").filter(Boolean), name].join(","));
  after = "#choose-adding";
  go(parameters);
};

// --- after each answer of the server
const said = document.createElement("p");
said.className = "unseen";
said.setAttribute("role", "status");
document.body.append(said);

const touched = new Set();  // what the reader has changed since the last answer
let after = "";  // what gets the focus: what had it is drawn anew
const settle = () => {
  const { state, values, said: words } = answer().dataset;
  const page = document.querySelector("#choose");
  page.dataset.state = state;
  if (state !== "waiting") page.removeAttribute("aria-busy");
  const shown = JSON.parse(values);
  for (const [name, value] of Object.entries(shown)) {
    const control = field(name);
    if (control && control.value !== value && !touched.has(control)) control.value = value;
  }
  if (state === "problem" && shown.accelerators + shown.model) find("#choose-conditions").open = true;
  if (state === "waiting") setTimeout(() => here() && answer()?.dataset.state === "waiting" && window.atlasChoose(location.search), 1000);
  if (!here()) return;
  if (state === "reading") window.atlasReread?.(answer().getAttribute("href"));
  if (words) said.textContent = words;
  if (after) document.querySelector(after)?.focus({ preventScroll: true });
  after = "";
};
let answered = "";
new MutationObserver(() => {
  const token = answer()?.dataset.token;
  if (!token || token === answered) return;
  answered = token;
  requestAnimationFrame(() => requestAnimationFrame(settle));  // the other parts come with it
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-token"] });

// --- evidence
const cite = (n) => {
  const quoted = find(`#choose-evidence-${n}`);
  if (!quoted) return;
  quoted.closest("details").open = true;
  document.querySelectorAll("#choose .now").forEach((one) => one.classList.remove("now"));
  quoted.classList.add("now");
  quoted.focus({ preventScroll: true });
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  quoted.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
};

// --- what the reader does
document.addEventListener("submit", (event) => {
  if (!event.target.closest?.("#choose")) return;
  event.preventDefault();
  touched.clear();
  if (event.target.id === "choose-form") ask();
  if (event.target.id === "choose-add") add(event.target);
});
document.addEventListener("input", (event) => {
  if (event.target.matches?.("#choose [data-field]")) touched.add(event.target);
});
document.addEventListener("change", (event) => {
  const name = event.target.matches?.("#choose [data-field]") ? event.target.dataset.field : "";
  if (!name || name === "task") return;
  touched.clear();
  if (name === "count" && !field("accelerators").value.trim()) return;
  set(name);
});
document.addEventListener("click", (event) => {
  const mark = event.target.closest?.("#choose .cite");
  if (mark) cite(mark.dataset.cite);
  const link = event.target.closest?.('#choose a[href^="?"]');
  if (!link) return;
  touched.clear();
  if (link.closest("#choose-understood")) after = "#choose-understood h3";
  if (link.closest("#choose-comparison")) after = "#choose-comparison h3";
}, true);
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key !== "Enter" || event.shiftKey || event.isComposing || !target.closest?.("#choose")) return;
  if (target.dataset.field === "task") {
    event.preventDefault();
    touched.clear();
    ask();
  } else if (target.matches("input[data-field]")) target.dispatchEvent(new Event("change", { bubbles: true }));
});
