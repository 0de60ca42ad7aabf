// The Map page's script, 7 of 7: what the address says is what is shown; `trigger` asks the server for what it is drawn from.
const AGAIN_MS = 1000;
const board = make("div", { class: "map-board" });
const socket = () => document.querySelector("#map-board [data-library]");  // not there yet when this runs
const here = () => document.documentElement.dataset.place === "map";
const parts = {
  tools: make("div", { class: "map-tools" }),
  path: make("p", { class: "map-path", hidden: true }),
  told: make("p", { class: "map-told", role: "status", hidden: true }),
  stage: make("div", { class: "map-stage" }),
  list: make("div", { class: "map-list", hidden: true }),
  said: make("p", { class: "unseen", role: "status" }),
};
const card = make("aside", { class: "map-card", hidden: true });
const legend = make("div", { class: "map-legend" });
const zooms = make("div", { class: "map-zoom" });
parts.stage.append(card, legend, zooms);
board.append(...Object.values(parts));
const model = {
  book: null, standing: {}, path: null, told: "",
  // Who has tried nothing yet sees the stages' colours: all would be of one otherwise.
  by: (state) => (["mastery", "due", "stage"].includes(state.by) ? state.by : Object.keys(model.standing).length ? "mastery" : "stage"),
};
let state = stateOf(location.search);
let asked = null;
let drawing = null;
let canDraw = Boolean(document.createElement("canvas").getContext?.("2d"));
let wasShown = { ...stateOf(""), drawn: "" };
let listed = "";
const lines = new Set(["prerequisite"]);

// --- the library, loaded when the map is first opened
let loading = null;
const library = () => {
  loading ??= window.cytoscape ? Promise.resolve() : new Promise((done, failed) => {
    document.head.append(make("script", { src: socket().dataset.library, onload: done, onerror: failed }));
  });
  return loading;
};

// --- the address
const keep = () => {
  const link = document.querySelector("#map-link a");
  if (link && link.getAttribute("href") !== addressOf(state)) link.setAttribute("href", addressOf(state));
};
const set = (change, isStep) => {
  state = { ...state, ...change };
  if (addressOf(state) !== location.search) history[isStep ? "pushState" : "replaceState"](null, "", addressOf(state));
  draw();
};
const send = () => {
  asked = state.goal;
  trigger("select", { value: JSON.stringify({ goal: state.goal, has: model.book?.id ?? "" }) });
};

// --- what is shown
const isShown = (note) => (!state.stage || note.stage === (state.stage === "-" ? "" : state.stage)) && (!state.kind || note.kind === state.kind);
const view = () => (canDraw && state.view !== "list" ? "map" : "list");
const paint = (note) => {
  const colours = drawing.colours();
  const by = model.by(state);
  const [standing] = standingOf(model, note);
  const due = dueOf(model, note);
  const named = (name) => colours[`map${name[0].toUpperCase()}${name.slice(1)}`];
  const isNew = by === "mastery" ? standing === "new" : by === "due" && due === "none";
  const stage = model.book.stages.findIndex((one) => one.id === note.stage) % 8;
  const fill = by === "stage" ? colours[`mapStage${stage}`] : named(by === "due" ? (due === "none" ? "new" : due) : standing);
  const isChosen = note.id === state.note;
  const isDue = by === "mastery" && due === "now";
  return { fill, rim: isChosen ? colours.ink : isDue ? colours.mapNow : isNew ? colours.inkFaint : fill, rimWidth: isChosen || isDue ? 4 : 1.5 };
};
const drawMap = () => {
  const chosen = model.book.byId.get(state.note);
  const steps = model.path?.places ?? new Map();
  const lit = new Set(steps.keys());
  if (chosen) for (const id of [chosen.id, ...chosen.needs, ...chosen.neededBy, ...chosen.relations.map((one) => one.id)]) lit.add(id);
  const isOff = (note) => !isShown(note) && note !== chosen && !steps.has(note.id);
  drawing.show({ notes: model.book.notes, isOff, lit, steps, lines, paint, selected: state.note });
  drawLegend(legend, model, { by: model.by(state), lines, change: (line, on) => { if (on) lines.add(line); else lines.delete(line); drawMap(); } });
  drawCard(card, model, state);
  if (state.note !== wasShown.note && chosen) {
    drawing.point(chosen.id);
    drawing.bring(chosen.id);
  } else if (model.path && model.path.goal !== wasShown.drawn) drawing.fitTo([...steps.keys()]);
  else if (state.stage !== wasShown.stage) drawing.fit(state.stage);
};
const drawBoard = () => {
  const isMap = view() === "map";
  board.dataset.view = view();
  parts.stage.hidden = !isMap;
  parts.list.hidden = isMap;
  parts.told.hidden = canDraw;
  parts.told.textContent = model.book.words.no_drawing;
  parts.tools.querySelectorAll("[data-view]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.view === view())));
  for (const name of ["stage", "kind"]) {
    const select = parts.tools.querySelector(`[name=${name}]`);
    if (select && select.value !== state[name]) select.value = state[name];
  }
  const by = parts.tools.querySelector("[name=by]");
  if (by) by.value = model.by(state);
  const shown = model.book.notes.filter(isShown).length;
  parts.tools.querySelector(".map-count").textContent = filled(model.book.words.shown, { n: shown, of: model.book.notes.length });
  drawPath(parts.path, model, state);
};
const draw = () => {
  keep();
  if (!model.book) return;
  drawBoard();
  board.dataset.ready = view();
  if (view() === "list") {
    const key = JSON.stringify([state, model.book.id, model.standing, model.path?.steps]);
    if (key !== listed) drawList(parts.list, model, state, (note) => isShown(note) || note.id === state.note);
    const isMoved = state.note !== wasShown.note || wasShown.view !== "list";
    if (isMoved) parts.list.querySelector("li.now")?.scrollIntoView({ block: "start", behavior: "auto" });
    if (isMoved && wasShown.view === "list") parts.list.querySelector("li.now h4 a")?.focus({ preventScroll: true });
    listed = key;
  } else if (drawing) drawMap();
  wasShown = { ...state, view: view(), drawn: model.path?.goal ?? "" };
};

// --- what the reader does
const choose = (id) => {
  if ((id ?? "") === state.note) return;
  set({ note: id ?? "" }, true);
};
const announce = (id) => {
  const note = model.book.byId.get(id);
  if (!note) return;
  const stage = model.book.stages.find((one) => one.id === note.stage)?.title;
  const needs = note.needs.map((one) => model.book.byId.get(one)?.title ?? one).join(", ");
  const said = [note.title, model.book.kinds[note.kind] ?? note.kind, stage, standingLine(model, note), needs && `${model.book.words.builds_on}: ${needs}`];
  parts.said.textContent = said.filter(Boolean).join(". ");
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = { "+": () => drawing.zoomBy(1.3), "=": () => drawing.zoomBy(1.3), "-": () => drawing.zoomBy(1 / 1.3), 0: () => drawing.fit(state.stage), "/": () => parts.tools.querySelector("[type=search]").focus() };
const typed = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (ARROWS[event.key]) announce(drawing.move(...ARROWS[event.key]));
  else if (event.key === "Enter" && drawing.pointed()) {
    choose(drawing.pointed());
    card.querySelector("h3")?.focus();
  } else if (event.key === "Escape") choose(null);
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
};

// --- what the server sends
const begin = async () => {
  if (drawing || !canDraw || view() !== "map") return;
  try {
    await library();
  } catch {
    canDraw = false;
  }
  if (drawing || !canDraw) return;
  drawing = drawingOn(parts.stage, { choose });
  drawing.box.addEventListener("keydown", typed);
  drawing.box.addEventListener("focus", () => drawing.write());
  drawing.box.addEventListener("blur", () => drawing.write());
};
const dress = () => {
  const { words } = model.book;
  const { box } = drawing;
  box.setAttribute("aria-label", `${words.canvas}. ${words.keys}`);
  const button = (sign, told, act) => make("button", { type: "button", "aria-label": told, title: told, onclick: act }, sign);
  zooms.replaceChildren(
    button("+", words.zoom_in, () => drawing.zoomBy(1.3)), button("−", words.zoom_out, () => drawing.zoomBy(1 / 1.3)),
    button("⤢", words.fit, () => drawing.fit(state.stage)),
  );
};
const tell = (words, role) => {
  const place = document.querySelector("#map-wait .waiting, #map-wait .problem");
  if (!place) return;
  place.className = role === "alert" ? "problem" : "waiting";
  place.setAttribute("role", role);
  place.textContent = words;
};
const receive = async (data) => {
  if (data.waiting) return setTimeout(() => here() && send(), AGAIN_MS);
  if (data.problem) return tell(data.problem, "alert");
  const isNew = Boolean(data.chart);
  if (isNew) model.book = bookOf(data.chart);
  if (!model.book) return send();
  model.standing = data.standing;
  model.told = data.told ?? "";
  model.path = data.path && { ...data.path, places: new Map(data.path.steps.map(([id, standing], n) => [id, { n: n + 1, state: standing }])) };
  if (!board.isConnected) socket().append(board);
  await begin();
  if (drawing && view() === "map") {
    parts.stage.hidden = false;
    board.dataset.ready = "map";
    drawing.take(model.book);
    dress();
  }
  if (isNew) drawTools(parts.tools, model, state, { choose, set: change, view: view(), canDraw, skip });
  draw();
  if (asked !== state.goal) send();
};
const change = (given, isStep) => {
  const wasList = view() === "list";
  set(given, isStep);
  if (wasList && view() === "map") open();
};
const skip = () => {
  change({ view: "list" }, true);
  parts.list.querySelector("a")?.focus();
};
const open = () => {
  begin().then(() => {
    if (drawing && model.book && view() === "map") {
      drawing.take(model.book);
      dress();
      draw();
    }
  });
};

window.atlasMap = (query) => {
  state = stateOf(query);
  if (view() === "map") library().catch(() => {});
  if (model.book) {
    draw();
    open();
  }
  send();
};
window.addEventListener("popstate", () => {
  if (here() && addressOf(state) !== addressOf(stateOf(location.search))) window.atlasMap(location.search);
});
new MutationObserver(() => {
  if (!here()) return;
  if (model.book) window.atlasMap(location.search);  // what was learned elsewhere shows when one comes back
}).observe(document.documentElement, { attributes: true, attributeFilter: ["data-place"] });

let token = "";
new MutationObserver(() => {
  const sent = document.querySelector("#map-data pre");
  if (!sent || sent.dataset.token === token) return;
  token = sent.dataset.token;
  receive(JSON.parse(sent.textContent));
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-token"] });

// The colours follow the reader's light or dark.
new MutationObserver(() => {
  if (!drawing) return;
  drawing.repaint();
  if (model.book && view() === "map") drawMap();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });
