// Runs once, when the frame is laid out. Where the server does not answer, Gradio says so in English, and loads the page
// anew once it does: a line of our own says it in the reader's language, and what is being written is kept for then.
"use strict";
const TOLD = "Connection to the server was lost";
const WRITTEN = "#box textarea, #fix textarea, #choose-task, #quiz-form :is(input, textarea, select)";
const DRAFTS = "llm-atlas-drafts";
const AGAIN_MS = 250;
const fields = () => [...document.querySelectorAll(WRITTEN)];
let lost = null;

new MutationObserver(() => {
  if (lost || !document.querySelector("[data-testid=toast-text]")?.textContent.includes(TOLD)) return;
  lost = document.createElement("p");
  lost.id = "lost";
  lost.setAttribute("role", "alert");
  lost.textContent = document.querySelector("#places nav").dataset.lost;
  document.body.append(lost);
}).observe(document.body, { subtree: true, childList: true });

window.addEventListener("pagehide", () => {
  if (!lost) return;
  const written = fields().map(({ value, checked }) => ({ value, checked }));
  sessionStorage.setItem(DRAFTS, JSON.stringify({ address: location.search, written }));
});

const fill = (field, { value, checked }) => {
  if (field.value === value && field.checked === checked) return;
  if (checked === undefined) field.value = value;
  else field.checked = checked;
  field.dispatchEvent(new Event("input", { bubbles: true }));
};
window.atlasDrafts = (tries = 40) => {
  const kept = JSON.parse(sessionStorage.getItem(DRAFTS));
  if (!kept) return;
  const found = fields();
  if (found.length !== kept.written.length && tries > 0) {  // the server has yet to fill the place
    setTimeout(() => window.atlasDrafts(tries - 1), AGAIN_MS);
    return;
  }
  sessionStorage.removeItem(DRAFTS);
  if (kept.address === location.search && found.length === kept.written.length) found.forEach((field, at) => fill(field, kept.written[at]));
};
