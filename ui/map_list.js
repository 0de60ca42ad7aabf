// The Map page's script, 4 of 7: the notes as the map knows them, and the list that says the same as the map.
const bookOf = (chart) => {
  const notes = chart.notes.map((note) => ({ ...note, ties: 0, needs: [], neededBy: [], relations: [] }));
  for (const [from, to, type, , told] of chart.edges) {
    const [source, target] = [notes[from], notes[to]];
    source.ties += 1;
    target.ties += 1;
    if (type === "prerequisite") {
      target.needs.push(source.id);
      source.neededBy.push(target.id);
    } else {
      source.relations.push({ id: target.id, words: chart.relations[type]?.[0] ?? type, told });
      target.relations.push({ id: source.id, words: chart.relations[type]?.[1] ?? type, told });
    }
  }
  const byId = new Map(notes.map((note) => [note.id, note]));
  // A tie between two that either of them names is told once.
  for (const note of notes) {
    const seen = new Map();
    for (const one of note.relations) {
      const key = `${one.words}|${one.id}`;
      if (!seen.has(key) || (one.told && !seen.get(key).told)) seen.set(key, one);
    }
    note.relations = [...seen.values()];
  }
  return { ...chart, notes, byId };
};

// Where the learner stands on a note: [state, what is said of it].
const standingOf = (model, note) => {
  const held = model.standing[note.id];
  if (!held) return ["new", model.book.words.m_new];
  return [held[1], model.book.words[`m_${held[1]}`]];
};
const dueOf = (model, note) => {
  const days = model.standing[note.id]?.[2] ?? null;
  if (days === null) return "none";
  return days <= 0 ? "now" : days <= 7 ? "week" : "later";
};

const noteLink = (model, id, state) => {
  const note = model.book.byId.get(id);
  return make("a", { href: addressOf({ ...state, note: id }), "data-note": id }, note?.title ?? id);
};
const linkRow = (title, links) => links.length > 0 && [make("dt", {}, title), make("dd", {}, links.map((link, n) => [n ? ", " : "", link]))];
// Prerequisites, what builds on a note, and its relations by what they say.
const ties = (model, note, state) => {
  const { words } = model.book;
  const byWords = Map.groupBy
    ? Map.groupBy(note.relations, (one) => one.words)
    : note.relations.reduce((held, one) => held.set(one.words, [...(held.get(one.words) ?? []), one]), new Map());
  const linked = (ids) => ids.map((id) => noteLink(model, id, state));
  return make(
    "dl", { class: "map-ties" },
    linkRow(words.builds_on, linked(note.needs)) || [make("dt", {}, words.builds_on), make("dd", {}, words.none)],
    linkRow(words.needed_by, linked(note.neededBy)),
    [...byWords].map(([told, held]) => linkRow(told, held.map((one) => {
      const link = noteLink(model, one.id, state);
      if (one.told) link.title = one.told;
      return link;
    }))),
  );
};
const actions = (model, note, state) => {
  const { words } = model.book;
  const goal = addressOf({ ...state, note: note.id, goal: note.id });
  return make(
    "p", { class: "map-actions" },
    make("a", { class: "main", href: `?${new URLSearchParams({ place: "notes", note: note.id })}` }, words.open),
    make("a", { class: "plain", href: "?", "data-ask": filled(words.question, { title: note.title }) }, words.ask),
    make("a", { class: "plain", href: `?${new URLSearchParams({ place: "quiz", topic: note.id })}` }, words.quiz),
    state.goal !== note.id && make("a", { class: "plain", href: goal }, words.path_here),
  );
};
const standingLine = (model, note) => {
  const { words } = model.book;
  const held = model.standing[note.id];
  if (!held) return words.m_new;
  const said = [standingOf(model, note)[1], filled(words.mastery, { percent: `${Math.round(held[0] * 100)}%`, n: held[3] })];
  if (held[2] !== null) said.push(held[2] <= 0 ? words.d_now : filled(words.due_in, { n: Math.ceil(held[2]) }));
  return said.join(" · ");
};

const listItem = (model, note, state) => {
  const { words, kinds } = model.book;
  const [standing, told] = standingOf(model, note);
  const step = model.path?.places.get(note.id);
  const isNow = note.id === state.note;
  return make(
    "li", { "data-item": note.id, class: isNow ? "now" : null, "aria-current": isNow ? "true" : null },
    make(
      "h4", {},
      markOf(note.kind, `var(--map-${standing})`, standing === "new" ? "var(--ink-faint)" : `var(--map-${standing})`),
      make("a", { href: addressOf({ ...state, note: note.id }), "data-note": note.id }, note.title),
      make("small", {}, kinds[note.kind] ?? note.kind),
      make("small", { class: `map-standing ${standing}` }, told),
      dueOf(model, note) === "now" && make("small", { class: "map-standing due" }, words.d_now),
      note.own && make("small", { class: "map-own" }, words.own),
      step && make("small", { class: "map-step" }, filled(words.step, { n: step.n })),
    ),
    note.summary && make("p", {}, note.summary),
    isNow && actions(model, note, state),
    ties(model, note, state),
  );
};
const drawList = (place, model, state, isShown) => {
  const { book } = model;
  const sections = book.stages.map((stage) => {
    const held = book.notes.filter((note) => note.stage === stage.id && isShown(note)).sort((a, b) => a.y - b.y || a.x - b.x);
    return held.length > 0 && make(
      "section", {},
      make("h3", {}, `${stage.title} `, make("small", {}, String(held.length))),
      make("ul", {}, held.map((note) => listItem(model, note, state))),
    );
  });
  const steps = model.path && make(
    "ol", { class: "map-steps" },
    model.path.steps.map(([id, standing]) => make("li", { class: standing === "known" ? "known" : null }, noteLink(model, id, state), standing === "known" && make("small", {}, ` ${book.words.m_known}`))),
  );
  const { scrollTop } = place;
  place.replaceChildren(...[steps, ...sections].filter(Boolean));
  place.scrollTop = scrollTop;
};
