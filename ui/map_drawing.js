// The Map page's script, 3 of 7: the notes as nodes of a Cytoscape graph, whose places the server has worked out.
const SIZE = [22, 38];  // across, for a note that nothing and for one that much is tied to
const CLOSE = 0.95;
const COLOURS = [
  "paper", "side", "ink", "ink-soft", "ink-faint", "rule", "accent", "map-new", "map-begun", "map-half", "map-known",
  "map-now", "map-week", "map-later", "map-prerequisite", "map-kin", "map-use", "map-beside", "map-trouble", "map-drawn",
  ...Array.from({ length: 8 }, (_, n) => `map-stage-${n}`),
];
const coloursOf = (element) => {
  const style = getComputedStyle(element);
  const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(COLOURS.map((name) => [camel(name), style.getPropertyValue(`--${name}`).trim()]));
};

const lookOf = (colours) => [
  { selector: "node", style: {
    shape: "data(shape)", width: "data(size)", height: "data(size)", "background-color": "data(fill)",
    "border-width": "data(rimWidth)", "border-color": "data(rim)", "overlay-opacity": 0,
  } },
  { selector: "edge", style: {
    "curve-style": "haystack", "haystack-radius": 0, width: 1.3, "line-color": colours.mapPrerequisite, opacity: 0.28, events: "no",
    "target-arrow-color": colours.mapPrerequisite, "arrow-scale": 0.8, "overlay-opacity": 0,
  } },
  ...["kin", "use", "beside", "trouble", "drawn"].map((line) => {
    const colour = colours[`map${line[0].toUpperCase()}${line.slice(1)}`];
    return { selector: `edge.${line}`, style: {
      "line-color": colour, "target-arrow-color": colour, "line-style": { beside: "dashed", trouble: "dotted", drawn: "dotted" }[line] ?? "solid",
    } };
  }),
  { selector: "edge.lit", style: { "curve-style": "straight", opacity: 0.6, width: 1.6, "target-arrow-shape": "triangle", "z-index": 5 } },
  { selector: "edge.lit.prerequisite", style: { opacity: 0.95, width: 2.2, "line-color": colours.inkSoft, "target-arrow-color": colours.inkSoft } },
  { selector: "edge.lit.beside", style: { "target-arrow-shape": "none" } },
  { selector: "edge.way", style: {
    "curve-style": "straight", opacity: 0.95, width: 3, "line-color": colours.accent, "target-arrow-color": colours.accent,
    "target-arrow-shape": "triangle", "z-index": 6,
  } },
  { selector: "node.away", style: { opacity: 0.16 } },
  { selector: "edge.away", style: { opacity: 0.05 } },
  { selector: "node.past", style: { opacity: 0.5 } },
  { selector: ".off", style: { display: "none" } },
];

const drawingOn = (host, tell) => {
  const under = make("canvas", { class: "map-under", "aria-hidden": "true" });
  const box = make("div", { class: "map-canvas", tabindex: "0", role: "application" });
  const over = make("canvas", { class: "map-over", "aria-hidden": "true" });
  host.prepend(under, box, over);
  const letters = lettering(under, over);
  let cy = null;
  let chart = null;
  let colours = coloursOf(host);
  let shown = { order: [], lit: new Set(), away: () => false, steps: new Map() };
  let cursor = "";
  let isFitted = false;
  let isNew = false;
  let waiting = [];  // lines that are drawn after the nodes have been
  const worn = new Map();  // the classes that each node and line has, so that only what changes is touched

  const wear = (id, classes) => {
    if (worn.get(id) === classes) return;
    worn.set(id, classes);
    cy.getElementById(id).classes(classes);
  };
  // A line is made when it is first to be seen: of most relations that is never.
  const line = (n, classes) => {
    const id = `line ${n}`;
    if (classes === null) {
      if (worn.has(id)) wear(id, "off");
      return;
    }
    if (!worn.has(id)) {
      const [from, to] = chart.edges[n];
      worn.set(id, classes);
      return { group: "edges", classes, data: { id, source: chart.notes[from].id, target: chart.notes[to].id } };
    }
    wear(id, classes);
  };

  const drawWaiting = () => {
    cy.add(waiting);
    waiting = [];
  };

  const sizeOf = (note) => SIZE[0] + (SIZE[1] - SIZE[0]) * Math.min(1, Math.sqrt(note.ties / 40));
  const write = () => {
    if (!cy || !box.clientWidth) return;
    letters.draw({
      stages: chart.stages, zoom: cy.zoom(), pan: cy.pan(), width: box.clientWidth, height: box.clientHeight, colours,
      notes: shown.order, cursor: document.activeElement === box && cursor ? shown.byId?.get(cursor) : null,
    });
  };
  const extent = (stage) => {
    const held = chart.stages.filter((one) => !stage || one.id === stage);
    const left = Math.min(...held.map((one) => one.x));
    const right = Math.max(...held.map((one) => one.x + one.width));
    return { left, right, height: Math.max(...held.map((one) => one.height)) };
  };
  const fit = (stage = "") => {
    if (!cy || !chart.stages.length || !box.clientWidth) return;
    const { left, right, height } = extent(stage);
    const [width, tall] = [box.clientWidth, box.clientHeight];
    const across = (width - 36) / (right - left);
    const whole = Math.min(across, (tall - 64) / height);
    // On a narrow screen a whole stage is too small to read: it is shown from its top.
    const zoom = stage && whole < 0.6 ? Math.min(across, 0.9) : Math.min(whole, 1.4);
    cy.minZoom(Math.min(cy.minZoom(), zoom * 0.7));
    cy.viewport({ zoom, pan: { x: (width - (right - left) * zoom) / 2 - left * zoom, y: Math.max(44, (tall - height * zoom) / 2 + 12) } });
    isFitted = true;
  };
  const fitTo = (ids) => {
    const held = ids.map((id) => shown.byId?.get(id)).filter(Boolean);
    if (!cy || !held.length || !box.clientWidth) return;
    const [left, right] = [Math.min(...held.map((note) => note.x)) - 90, Math.max(...held.map((note) => note.x)) + 90];
    const [top, bottom] = [Math.min(...held.map((note) => note.y)) - 30, Math.max(...held.map((note) => note.y)) + 60];
    const zoom = Math.min((box.clientWidth - 20) / (right - left), (box.clientHeight - 60) / (bottom - top), 1.2);
    cy.minZoom(Math.min(cy.minZoom(), zoom * 0.7));
    cy.viewport({ zoom, pan: { x: (box.clientWidth - (right + left) * zoom) / 2, y: (box.clientHeight + 30 - (top + bottom) * zoom) / 2 } });
  };
  const first = () => {
    if (box.clientWidth >= 600) fit();
    else fit(chart.stages[0]?.id);
  };
  const begin = () => {
    cy = window.cytoscape({
      container: box, style: lookOf(colours), layout: { name: "preset" }, minZoom: 0.08, maxZoom: 3, autoungrabify: true,
      boxSelectionEnabled: false, autounselectify: true, hideEdgesOnViewport: chart.notes.length > 600,
    });
    cy.on("render", write);
    cy.on("tap", (event) => {
      const { x, y } = event.renderedPosition;
      const id = event.target === cy ? letters.at(x, y) : event.target.isNode() ? event.target.id() : null;
      tell.choose(id);
    });
    cy.on("mouseover", "node", () => { box.style.cursor = "pointer"; });
    cy.on("mouseout", "node", () => { box.style.cursor = ""; });
    new ResizeObserver(() => {
      if (!box.clientWidth) return;
      cy.resize();
      if (!isFitted) first();
    }).observe(box);
  };

  const bring = (id, isFar = true) => {
    const note = shown.byId?.get(id);
    if (!cy || !note || !box.clientWidth) return;
    const zoom = isFar ? Math.max(cy.zoom(), CLOSE) : cy.zoom();
    const [width, height] = [box.clientWidth, box.clientHeight];
    const isBeside = window.matchMedia("(min-width: 900px)").matches;  // where the card stands; else it lies below
    const room = isBeside ? width - 350 : width;
    const tall = isBeside ? height : height * 0.5;
    const x = note.x * cy.zoom() + cy.pan().x;
    const y = note.y * cy.zoom() + cy.pan().y;
    if (zoom === cy.zoom() && x > 40 && x < room - 40 && y > 60 && y < tall - 50) return;
    const pan = { x: room / 2 - note.x * zoom, y: tall / 2 - note.y * zoom };
    if (calm()) cy.viewport({ zoom, pan });
    else cy.stop().animate({ zoom, pan }, { duration: 260, easing: "ease-out" });
  };
  const zoomBy = (factor) => cy?.zoom({ level: cy.zoom() * factor, renderedPosition: { x: box.clientWidth / 2, y: box.clientHeight / 2 } });

  // The nearest note in a direction; what stands aside counts as farther.
  const next = (dx, dy) => {
    const held = shown.order.filter((note) => !note.isOff);
    const from = shown.byId?.get(cursor);
    if (!from || from.isOff) return held.reduce((best, note) => (!best || note.x + note.y < best.x + best.y ? note : best), null)?.id ?? "";
    let best = null;
    let least = Infinity;
    for (const note of held) {
      const along = (note.x - from.x) * dx + (note.y - from.y) * dy;
      if (note === from || along <= 1) continue;
      const far = along + 2.5 * Math.abs((note.x - from.x) * dy + (note.y - from.y) * dx);
      if (far < least) [best, least] = [note, far];
    }
    return best?.id ?? cursor;
  };

  return {
    box,
    fit,
    fitTo,
    zoomBy,
    bring,
    colours: () => colours,
    // Takes a chart; where it holds the same notes at the same places, only the words have changed.
    take(given) {
      const key = (one) => one.notes.map((note) => `${note.id}:${note.x}:${note.y}:${note.kind}`).join() + one.edges.length;
      const isSame = chart && cy && key(chart) === key(given);
      chart = given;
      if (isSame) return;
      if (!cy) begin();
      isFitted = false;
      isNew = true;
    },
    // Shows which notes and lines are there, which of them matter now, and in which colours.
    show({ notes, isOff, lit, steps, lines, paint, selected }) {
      const hasFocus = lit.size > 0;
      shown.byId = new Map();
      cy.batch(() => {
        if (isNew) {
          cy.elements().remove();
          worn.clear();
          waiting = [];
        } else drawWaiting();
        const nodes = [];
        notes.forEach((note) => {
          const look = paint(note);
          const off = isOff(note);
          const isAway = hasFocus && !lit.has(note.id);
          const classes = [off && "off", isAway && "away", steps.get(note.id)?.state === "known" && "past"].filter(Boolean).join(" ");
          if (isNew) {
            worn.set(note.id, classes);
            nodes.push({
              group: "nodes", classes, position: { x: note.x, y: note.y },
              data: { id: note.id, shape: shapeOf(note.kind), size: sizeOf(note), ...look },
            });
          } else {
            const node = cy.getElementById(note.id);
            if (node.data("fill") !== look.fill || node.data("rim") !== look.rim || node.data("rimWidth") !== look.rimWidth) node.data(look);
            wear(note.id, classes);
          }
          const rank = note.id === selected ? 0 : steps.has(note.id) ? 1 : hasFocus && lit.has(note.id) ? 2 : 3;
          shown.byId.set(note.id, {
            id: note.id, title: note.title, x: note.x, y: note.y, radius: sizeOf(note) / 2, ties: note.ties, rank, isAway, isOff: off,
            step: steps.get(note.id)?.n ?? 0,
          });
        });
        const made = chart.edges.map(([from, to, , kind], n) => {
          const ends = [chart.notes[from], chart.notes[to]];
          const isWay = kind === "prerequisite" && ends.every((note) => steps.has(note.id));
          const isLit = ends.some((note) => note.id === selected) && !isWay;
          if (ends.some((note) => isOff(note)) || !(lines.has(kind) || isLit || isWay)) return line(n, null);
          return line(n, [kind, isWay && "way", isLit && "lit", hasFocus && !isLit && !isWay && "away"].filter(Boolean).join(" "));
        });
        if (!isNew) cy.add(made.filter(Boolean));
        else {
          cy.add(nodes);
          waiting = made.filter(Boolean);
        }
      });
      if (isNew) {
        isNew = false;
        first();
        cy.one("render", () => setTimeout(drawWaiting));  // a thousand lines cost as long as all else
      }
      shown.order = [...shown.byId.values()].filter((note) => !note.isOff).sort((a, b) => a.rank - b.rank || b.ties - a.ties);
      write();
    },
    move(dx, dy) {
      cursor = next(dx, dy);
      bring(cursor, false);
      write();
      return cursor;
    },
    point(id) {
      cursor = id;
      write();
    },
    pointed: () => cursor,
    write,
    repaint() {
      colours = coloursOf(host);
      cy?.style(lookOf(colours));
    },
  };
};
