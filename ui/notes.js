// Runs once, when the Notes page is laid out. `trigger` tells the server what the reader did; every view has an address.
"use strict";
const find = (selector) => document.querySelector(`#notes ${selector}`);
const all = (selector) => [...document.querySelectorAll(`#notes ${selector}`)];
const here = () => document.documentElement.dataset.place === "notes";
const send = (data) => trigger("select", { value: JSON.stringify(data) });
const link = () => find("#notes-link a");
const place = () => document.querySelector("#notes");
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const fill = (text, name, n = "") => text.replace("{name}", name).replace("{n}", n);

// A diagram must stay in the page while it is drawn, or its drawing fails loudly: the next address waits for that.
const LONGEST_DRAWING = 5000;
let drawnBy = 0;
const isDrawing = () => Date.now() < drawnBy && all("#notes-text .mermaid").some((one) => !one.querySelector(":scope > svg"));
let asked = "";  // the address that is being opened
const open = (query) => {
  if (query !== asked) return;
  if (isDrawing()) setTimeout(() => open(query), 50);
  else send({ do: "open", query, has: find("#notes-list .sieve")?.dataset.token ?? "" });
};
window.atlasNotes = (query) => {
  asked = query;
  place()?.setAttribute("aria-busy", "true");
  open(query);
};
window.atlasPlace?.();

const go = (query) => {
  const way = document.createElement("a");
  way.href = query;
  document.body.append(way);
  way.click();  // the page's own script follows links to its places
  way.remove();
};

// --- the list, narrowed here; what it is narrowed by stands in the address
const sieves = () => all("#notes-list [data-sieve]");
const sift = () => {
  const value = Object.fromEntries(sieves().map((one) => [one.dataset.sieve, one.value.trim().toLowerCase()]));
  let shown = 0;
  let of = 0;
  for (const section of all("#notes-list section")) {
    const isStage = !value.stage || section.dataset.stage === value.stage;
    let here_ = 0;
    for (const line of section.querySelectorAll("li")) {
      of += 1;
      const fits = isStage && (!value.kind || line.dataset.kind === value.kind) && line.dataset.names.includes(value.named);
      line.hidden = !fits;
      here_ += fits;
    }
    section.hidden = here_ === 0;
    section.querySelector("small").textContent = here_;
    shown += here_;
  }
  const count = find("#notes-list [data-count]");
  if (!count) return;
  count.textContent = count.dataset.count.replace("{n}", shown).replace("{of}", of);
  find("#notes-list .none-left").hidden = shown > 0;
};
const keepSieves = () => {
  const parameters = new URLSearchParams("place=notes");
  for (const one of sieves()) if (one.value.trim()) parameters.set(one.dataset.sieve, one.value.trim());
  link()?.setAttribute("href", `?${parameters}`);
  if (here()) history.replaceState(null, "", `?${parameters}`);
};
const takeSieves = () => {
  const given = new URLSearchParams(link()?.getAttribute("href") ?? "");
  for (const one of sieves()) {
    one.value = given.get(one.dataset.sieve) ?? "";
    if (one.selectedIndex === -1) one.value = "";
  }
  sift();
};

// --- a note: to its top, or to the place that is cited; pictures and formulas that come later move it
let follow = 0;
const reveal = () => {
  const marked = find("#notes-read .at");
  if (marked) marked.scrollIntoView({ block: "center", behavior: "auto" });
  else place().scrollTop = 0;
};
const settleNote = () => {
  clearInterval(follow);
  const until = Date.now() + 2500;
  let height = -1;
  follow = setInterval(() => {
    if (find("#notes-text").scrollHeight !== height) reveal();
    height = find("#notes-text").scrollHeight;
    if (Date.now() > until) clearInterval(follow);
  }, 100);
  reveal();
};
for (const name of ["wheel", "touchmove", "keydown", "mousedown"]) {
  document.addEventListener(name, () => clearInterval(follow), { passive: true });
}

// --- files: one after the other, each answered before the next one goes
const waiting = new Map();  // what was sent -> who waits for its answer
let queue = [];
let busy = false;
const ask = (data, patience = 180000) => new Promise((resolve) => {
  const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  const timer = setTimeout(() => { waiting.delete(id); resolve(null); }, patience);
  waiting.set(id, (shelf) => { clearTimeout(timer); waiting.delete(id); resolve(shelf); });
  send({ ...data, id });
});
const tell = (text, bad = false) => {
  const line = document.createElement("p");
  line.className = bad ? "problem" : "";
  line.textContent = text;
  find(".sending").replaceChildren(...(text ? [line] : []));
};
const base64 = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(file);
});
let choose = null;  // what to do with a name that is taken
const chosen = () => new Promise((resolve) => {
  choose = resolve;
  requestAnimationFrame(() => find(".taken button")?.focus());
});
const put = async (file) => {
  const drop = find(".drop");
  const ending = file.name.split(".").pop().toLowerCase();
  const most = drop.dataset[`most${ending[0]?.toUpperCase() ?? ""}${ending.slice(1)}`];
  if (!most) return fill(drop.dataset.noType, file.name);
  if (file.size > Number(most)) return fill(drop.dataset.tooLarge, file.name, Math.floor(most / 1e6));
  tell(fill(drop.dataset.sending, file.name));
  let data;
  try {
    data = await base64(file);
  } catch {  // it was moved, or is a folder
    return fill(drop.dataset.lost, file.name);
  }
  let shelf = await ask({ do: "file", name: file.name, data });
  while (shelf?.querySelector(".taken")) {
    const clash = await chosen();
    if (clash === "skip") return "";
    shelf = await ask({ do: "file", name: file.name, data, clash });
  }
  if (!shelf) return fill(drop.dataset.lost, file.name);
  return shelf.querySelector(":scope > .problem:not([data-state])")?.textContent ?? "";
};
const putAll = async (files) => {
  queue.push(...files);
  if (busy) return;
  busy = true;
  const wrong = [];
  while (queue.length) {
    const told = await put(queue.shift());
    if (told) wrong.push(told);
  }
  tell(wrong.join("\n"), true);
  busy = false;
  await index();
};
const pause = () => new Promise((resolve) => setTimeout(resolve, 1000));
const isIndexing = () => find(".shelf .standing[data-state=busy]") !== null;  // for us, or by the watch over the folders
const index = async () => {
  let going = true;
  const finished = ask({ do: "index" }, 3600000).then(() => { going = false; });
  do {
    await (going ? Promise.race([finished, pause()]) : pause());
    if (!busy && (going || isIndexing())) await ask({ do: "look" }, 10000);
  } while (going || isIndexing());
};
const change = async (data) => {
  const shelf = await ask(data);
  if (shelf && !shelf.querySelector(":scope > .problem:not([data-state])")) await index();
};

// --- what the reader does
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#notes button");
  if (!button) return;
  if (button.dataset.clash) {
    button.closest(".taken").remove();
    choose?.(button.dataset.clash);
  } else if (button.dataset.remove !== undefined) change({ do: "remove", name: button.dataset.remove });
  else if ("keep" in button.dataset) {
    const box = button.closest("details");
    box.open = false;
    box.querySelector("summary").focus();
  }
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("#notes form");
  if (!form) return;
  event.preventDefault();
  const field = form.querySelector("input");
  const value = field.value.trim();
  if (!value) field.focus();
  else if (form.getAttribute("role") === "search") go(`?${new URLSearchParams({ place: "notes", q: value })}`);
  else change({ do: "folder", path: value });
});
document.addEventListener("input", (event) => {
  if (!event.target.matches?.("#notes [data-sieve]")) return;
  sift();
  keepSieves();
});
document.addEventListener("change", (event) => {
  if (!event.target.matches?.("#notes .drop input")) return;
  putAll([...event.target.files]);
  event.target.value = "";
});
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!here() || !event.dataTransfer?.types.includes("Files") || place().dataset.state !== "own") return;
    event.preventDefault();
    find(".drop")?.classList.toggle("over", name === "dragover" || name === "dragenter");
    if (name === "drop" && find(".drop")) putAll([...event.dataTransfer.files]);
  });
}

// --- after each answer of the server
const settle = () => {
  const { state } = link().dataset;
  place().removeAttribute("aria-busy");
  place().dataset.state = state;
  all(".notes-bar [data-view]").forEach((way) => {
    if (way.dataset.view === state) way.setAttribute("aria-current", "page");
    else way.removeAttribute("aria-current");
  });
  if (state === "waiting") setTimeout(() => here() && link()?.dataset.state === "waiting" && window.atlasNotes(location.search), 1000);
  if (state === "list") takeSieves();
  find("[role=search] input").value = new URLSearchParams(link().getAttribute("href") ?? "").get("q") ?? "";
  if (state === "note") {
    find("#notes-text").lang = link().dataset.spoken;
    settleNote();
  } else clearInterval(follow);
  if (state === "own" && find(".standing[data-state=busy]")) index();
  if (state === "hits" || state === "own") place().scrollTop = 0;
  if (here() && state === "note" && !document.activeElement?.closest("#head")) find("#notes-head h2")?.focus({ preventScroll: true });
};
// A wide diagram scrolls rather than shrink until nobody can read it.
const SMALLEST = 0.8;
const widen = () => {
  for (const drawn of all(".mermaid svg:not([data-wide])")) {
    drawn.dataset.wide = "";
    drawn.style.minWidth = `${Math.round(SMALLEST * drawn.viewBox.baseVal.width)}px`;
    const box = drawn.parentElement;
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", box.nextElementSibling?.querySelector("summary")?.textContent ?? "");
  }
};
let answered = "";
let drawing = null;  // the first diagram of the note that is shown
new MutationObserver(() => {
  widen();
  const first = find("#notes-text .mermaid");
  if (first !== drawing) drawnBy = Date.now() + LONGEST_DRAWING;
  drawing = first;
  place()?.classList.toggle("drawing", isDrawing());
  const shelf = find("#notes-shelf .shelf");
  waiting.get(shelf?.dataset.token)?.(shelf);
  const token = link()?.dataset.token;
  if (!token || token === answered) return;
  answered = token;
  requestAnimationFrame(() => requestAnimationFrame(settle));  // the other parts come with it
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-token"] });
