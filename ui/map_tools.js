// The Map page's script, 6 of 7: the row of tools above the map, and the search with its suggestions.
const MOST = 8;
const found = (book, words) => {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [];
  const rank = (note) => {
    const names = [note.title, ...note.names].map((name) => name.toLowerCase());
    if (names.some((name) => name === wanted)) return 0;
    if (names.some((name) => name.startsWith(wanted))) return 1;
    if (names.some((name) => name.split(/[\s\-_/]+/).some((word) => word.startsWith(wanted)))) return 2;
    return names.some((name) => name.includes(wanted)) ? 3 : 9;
  };
  return book.notes
    .map((note) => [rank(note), note])
    .filter(([one]) => one < 9)
    .sort(([a, one], [b, other]) => a - b || other.ties - one.ties)
    .slice(0, MOST)
    .map(([, note]) => note);
};

const searchBox = (model, choose) => {
  const { book } = model;
  const { words } = book;
  const list = make("ul", { role: "listbox", id: "map-found", "aria-label": words.search, hidden: true });
  const input = make("input", {
    type: "search", role: "combobox", "aria-expanded": "false", "aria-controls": "map-found", "aria-autocomplete": "list",
    "aria-label": words.search, placeholder: words.search, autocomplete: "off", spellcheck: "false",
  });
  let notes = [];
  let active = -1;
  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (at) => {
    active = at;
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === at)));
    if (at >= 0) input.setAttribute("aria-activedescendant", list.children[at].id);
  };
  const pick = (note) => {
    close();
    input.value = "";
    choose(note.id);
  };
  const offer = () => {
    notes = found(book, input.value);
    if (!input.value.trim()) return close();
    list.replaceChildren(...(notes.length ? notes.map((note, n) => make(
      "li", { role: "option", id: `map-found-${n}`, "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); pick(note); } },
      markOf(note.kind), make("span", {}, note.title), make("small", {}, book.kinds[note.kind] ?? note.kind),
    )) : [make("li", { role: "option", "aria-disabled": "true", "aria-selected": "false", class: "none" }, words.no_match)]));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(notes.length ? 0 : -1);
  };
  input.addEventListener("input", offer);
  input.addEventListener("focus", offer);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && notes.length && !list.hidden) {
      event.preventDefault();
      mark((active + (event.key === "ArrowDown" ? 1 : notes.length - 1)) % notes.length);
    } else if (event.key === "Enter" && notes[active]) {
      event.preventDefault();
      pick(notes[active]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
    }
  });
  return make("div", { class: "map-search" }, input, list);
};

const choice = (name, label, options, value, change) => make(
  "label", { class: "map-choice" }, make("span", {}, label),
  (() => {
    const select = make("select", { name, "aria-label": label, onchange: (event) => change(event.target.value) }, options.map(([id, told]) => make("option", { value: id }, told)));
    select.value = value;
    return select;
  })(),
);

const drawTools = (place, model, state, { choose, set, view, canDraw, skip }) => {
  const { book } = model;
  const { words } = book;
  const kinds = Object.entries(book.kinds).filter(([kind]) => book.notes.some((note) => note.kind === kind));
  const stages = book.stages.map((stage) => [stage.id || "-", stage.title]);
  const button = (name) => make(
    "button", { type: "button", "data-view": name, "aria-pressed": String(view === name), onclick: () => set({ view: name === "list" ? "list" : "" }, true) },
    words[`view_${name}`],
  );
  place.replaceChildren(
    canDraw ? make("button", { type: "button", class: "map-skip", onclick: skip }, words.skip) : "",
    make("h2", {}, words.title),
    searchBox(model, choose),
    choice("stage", words.stage, [["", words.all_stages], ...stages], state.stage, (stage) => set({ stage }, true)),
    choice("kind", words.kind, [["", words.all_kinds], ...kinds], state.kind, (kind) => set({ kind }, true)),
    choice("by", words.by, ["mastery", "due", "stage"].map((by) => [by, words[`by_${by}`]]), model.by(state), (by) => set({ by }, false)),
    canDraw ? make("div", { class: "map-views", role: "group" }, button("map"), button("list")) : "",
    make("span", { class: "map-count", role: "status" }),
  );
};
