// Runs once, when the Quiz page is laid out. `trigger` tells the server what the reader did; what comes back is shown by
// Gradio, and `settled` then puts the focus where the reader goes on.
"use strict";
const find = (selector) => document.querySelector(`#quiz ${selector}`);
const here = () => document.documentElement.dataset.place === "quiz";
const now = () => find(".quiz-now")?.dataset ?? {};
const BUSY_MS = 10000;  // the server answers each place once, however often it is asked

let busyUntil = 0;
const send = (data) => {
  busyUntil = Date.now() + BUSY_MS;
  find("#quiz-card")?.setAttribute("aria-busy", "true");
  trigger("select", { value: JSON.stringify(data) });
};
const act = (name, more = {}) => {
  if (Date.now() < busyUntil) return;
  send({ do: name, quiz: now().quiz, at: Number(now().at), ...more });
};
window.atlasQuiz = (query) => send({ do: "open", query });

// --- what is entered
const entered = () => {
  const form = find("#quiz-form form");
  const type = form?.dataset.type;
  const text = form?.querySelector(".text")?.value.trim() ?? "";
  if (type === "matching") {
    const chosen = [...form.querySelectorAll("select")].map((list) => (list.value === "" ? -1 : Number(list.value)));
    return { chosen, complete: !chosen.includes(-1) };
  }
  if (type === "ordering") {
    return { chosen: [...form.querySelectorAll(".step")].map((step) => Number(step.dataset.option)), complete: true };
  }
  const chosen = [...(form?.querySelectorAll("input:checked") ?? [])].map((input) => Number(input.value));
  const free = ["cloze", "numeric", "short_answer"].includes(type);
  return { chosen, text, complete: free ? text !== "" : chosen.length > 0 };
};
const answer = () => {
  const { complete, ...given } = entered();
  find(".quiz-incomplete").hidden = complete;
  if (complete) act("answer", given);
};

// --- a line that says to a screen reader what has changed
const said = document.createElement("p");
said.className = "unseen";
said.setAttribute("role", "status");
document.body.append(said);

// --- ordering
const move = (step, down) => {
  const other = down ? step.nextElementSibling : step.previousElementSibling;
  if (!other) return;
  other[down ? "after" : "before"](step);
  const steps = [...step.parentElement.children];
  const words = { step: step.querySelector(".words").textContent, n: steps.indexOf(step) + 1, of: steps.length };
  said.textContent = step.parentElement.dataset.moved.replace(/\{(\w+)\}/g, (_, name) => words[name]);
};

// --- after each answer of the server
const focusForm = () => {
  const typed = find("form.answer:is([data-type=cloze], [data-type=numeric], [data-type=short_answer]) .text");
  const keyboard = window.matchMedia("(pointer: fine)").matches;  // elsewhere it would cover half of the card
  const chosen = find("#quiz-form input:checked");
  (chosen ?? (keyboard && typed ? typed : find("#quiz-form fieldset")))?.focus({ preventScroll: true });
};
let shown = "";
const settle = (tries = 20) => {
  if (now().state === "answered" && !find(".outcome") && tries > 0) {  // Markdown may come a moment later
    requestAnimationFrame(() => settle(tries - 1));
    return;
  }
  find("#quiz-card")?.removeAttribute("aria-busy");
  const { quiz, at, state } = now();
  if (state === "waiting") setTimeout(() => here() && now().state === "waiting" && window.atlasQuiz(location.search), 1000);
  const place = `${quiz} ${at} ${state}`;
  // The button that gave the last hint is gone, and another one stands in its place.
  if (place === shown && here() && document.activeElement.closest("#quiz-actions")) focusForm();
  if (place === shown || !here()) return;
  shown = place;
  const page = document.querySelector("#quiz");
  if (state === "open") {
    page.scrollTop = 0;
    focusForm();
    said.textContent = find(".quiz-count")?.getAttribute("aria-label") ?? "";
  } else if (state === "answered") {
    find("[data-do=next]")?.focus({ preventScroll: true });
    said.textContent = find(".outcome")?.textContent ?? "";
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const foot = find("#quiz-after").getBoundingClientRect().bottom - page.getBoundingClientRect().bottom;
    const head = find("#quiz-feedback").getBoundingClientRect().top - page.getBoundingClientRect().top;
    if (foot > 0) page.scrollBy({ top: Math.min(foot + 16, head - 12), behavior: calm ? "auto" : "smooth" });
  } else if (state === "done") {
    page.scrollTop = 0;
    find(".result h2")?.focus({ preventScroll: true });
  }
};
const save = () => {
  const file = document.querySelector("#quiz-file pre");
  if (!file?.textContent) return;
  const bytes = Uint8Array.from(atob(file.textContent), (sign) => sign.charCodeAt(0));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: file.dataset.kind }));
  link.download = file.dataset.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  file.textContent = "";
};
let answered = "";  // Gradio draws the link anew also when it begins to wait
new MutationObserver(() => {
  save();
  const token = find("#quiz-link a")?.dataset.token;
  if (!token || token === answered) return;
  answered = token;
  busyUntil = 0;  // a click is not lost while the rest is drawn
  requestAnimationFrame(() => requestAnimationFrame(() => settle()));  // the other parts come with it
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-token"] });

// --- the mouse, the finger
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#quiz [data-do]");
  if (button?.dataset.do === "answer") answer();
  else if (button?.dataset.do === "pass") act("answer", { passed: true });
  else if (button) act(button.dataset.do, button.dataset.form ? { form: button.dataset.form } : {});
  const mover = event.target.closest?.("#quiz .movers button");
  if (mover) move(mover.closest(".step"), mover.matches(".down"));
});
document.addEventListener("submit", (event) => {
  if (event.target.closest?.("#quiz")) event.preventDefault();
});
document.addEventListener("input", (event) => {
  if (event.target.closest?.("#quiz-form")) find(".quiz-incomplete").hidden = true;
});

// --- the keyboard
const choose = (at) => {
  const option = find(`#quiz-form .option:nth-child(${at + 1}) input`);
  option?.click();
  option?.focus();
  find(`#quiz-form .step:nth-child(${at + 1})`)?.focus();
};
const enter = (target) => {
  if (target.matches("select")) {
    const lists = [...document.querySelectorAll("#quiz-form select")];
    (lists[lists.indexOf(target) + 1] ?? find("[data-do=answer]")).focus();
  } else if (now().state === "open") answer();
  else act("next");
};
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const { state } = now();
  if (!here() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!["open", "answered"].includes(state) || !(target === document.body || target.closest("#quiz"))) return;
  if (key === "Enter" && !event.shiftKey && !target.closest("a, button, summary")) {
    event.preventDefault();
    enter(target);
    return;
  }
  if (state !== "open" || target.matches("input[type=text], textarea, select")) return;
  const step = target.closest(".step") ?? find("#quiz-form .step");
  if (step && (key === "ArrowUp" || key === "ArrowDown")) {
    event.preventDefault();
    if (target.closest(".step")) move(step, key === "ArrowDown");
    step.focus();
    return;
  }
  const at = /^[1-9]$/.test(key) ? Number(key) - 1 : /^[a-i]$/i.test(key) ? key.toLowerCase().charCodeAt(0) - 97 : -1;
  const options = document.querySelectorAll("#quiz-form .option input, #quiz-form .step").length;
  if (at >= 0 && at < options) choose(at);
  else if (key.toLowerCase() === "h" && find("[data-do=hint]")) act("hint");
});
