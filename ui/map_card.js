// The Map page's script, 5 of 7: the card of the chosen note, the way to a goal, and the legend.
const drawCard = (card, model, state) => {
  const { book } = model;
  const note = book.byId.get(state.note);
  card.hidden = !note;
  if (!note) return;
  const { words } = book;
  const stage = book.stages.find((one) => one.id === note.stage)?.title ?? "";
  const before = card.dataset.note;
  card.dataset.note = note.id;
  card.setAttribute("aria-label", filled(words.card, { title: note.title }));
  card.replaceChildren(
    make("a", { class: "map-close", href: addressOf({ ...state, note: "" }), "aria-label": words.close, title: words.close }, "×"),
    make("p", { class: "map-kind" }, markOf(note.kind), [book.kinds[note.kind] ?? note.kind, stage].filter(Boolean).join(" · "), note.own && make("span", { class: "map-own" }, words.own)),
    make("h3", { tabindex: "-1" }, note.title),
    make("p", { class: "map-line" }, standingLine(model, note)),
    note.summary ? make("p", { class: "map-summary" }, note.summary) : "",
    actions(model, note, state),
    ties(model, note, state),
  );
  if (before !== note.id) card.scrollTop = 0;
};

const drawPath = (place, model, state) => {
  const { words } = model.book;
  place.hidden = !model.path && !model.told;
  if (model.told) place.replaceChildren(make("span", { role: "alert" }, model.told));
  if (!model.path) return;
  const { goal, steps } = model.path;
  const known = steps.filter(([, standing]) => standing === "known").length;
  const first = steps.find(([, standing]) => standing !== "known")?.[0];
  const title = (id) => model.book.byId.get(id)?.title ?? id;
  place.replaceChildren(
    make("strong", {}, filled(words.path, { title: title(goal) })),
    make("span", {}, filled(words.path_steps, { n: steps.length, known })),
    first
      ? make("a", { href: addressOf({ ...state, note: first }) }, filled(words.path_next, { title: title(first) }))
      : make("span", {}, words.path_done),
    make("a", { class: "map-close", href: addressOf({ ...state, goal: "" }), "aria-label": words.path_close, title: words.path_close }, "×"),
  );
};

// What the colours, shapes and lines stand for; the lines can be switched on and off.
const drawLegend = (legend, model, { by, lines, change }) => {
  const { book } = model;
  const { words } = book;
  const dot = (name, told) => make("li", {}, make("i", { style: `background: var(--map-${name})`, class: name === "new" ? "hollow" : null }), told);
  const colours = {
    mastery: ["new", "begun", "half", "known"].map((name) => dot(name, words[`m_${name}`])),
    due: ["now", "week", "later"].map((name) => dot(name, words[`d_${name}`])).concat(dot("new", words.d_none)),
    stage: book.stages.map((stage, n) => dot(`stage-${n % 8}`, stage.title)),
  }[by];
  const kinds = Object.entries(book.kinds).filter(([kind]) => book.notes.some((note) => note.kind === kind));
  const drawn = Object.entries(book.lines).filter(([line]) => book.edges.some((edge) => edge[3] === line));
  const isOpen = legend.querySelector("details")?.open ?? false;
  legend.replaceChildren(make(
    "details", { open: isOpen },
    make("summary", {}, words.legend),
    make("ul", {}, colours),
    make("h4", {}, words.shapes),
    make("ul", { class: "shapes" }, kinds.map(([kind, told]) => make("li", {}, markOf(kind, "none"), told))),
    make("h4", {}, words.lines),
    make("ul", {}, drawn.map(([line, told]) => make("li", {}, make(
      "label", {},
      make("input", { type: "checkbox", checked: lines.has(line), onchange: (event) => change(line, event.target.checked) }),
      make("i", { class: `line ${line}` }), told,
    )))),
  ));
};
