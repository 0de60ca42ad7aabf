// The Map page's script, 1 of 7: elements whose texts stay texts, and the marks that stand for kinds of notes.
"use strict";
const make = (tag, given = {}, ...inside) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside.flat(3).filter((one) => one !== null && one !== undefined && one !== false));
  return made;
};
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

// A kind is told by its shape: Cytoscape's name of it, and the same as a drawing of 16 by 16.
const SHAPES = {
  concept: ["ellipse", "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13z"],
  technique: ["round-rectangle", "M4 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2z"],
  tool: ["hexagon", "M4.5 1.8h7L15 8l-3.5 6.2h-7L1 8z"],
  platform: ["barrel", "M2 4Q8 0.5 14 4V12Q8 15.5 2 12z"],
  model: ["pentagon", "M8 1l7 5.2-2.7 8.3H3.7L1 6.2z"],
  dataset: ["cut-rectangle", "M5 2h6l3 3v6l-3 3H5l-3-3V5z"],
  benchmark: ["tag", "M1.5 3H11l4 5-4 5H1.5z"],
  metric: ["diamond", "M8 0.8L15.2 8 8 15.2 0.8 8z"],
  pitfall: ["triangle", "M8 1.5L15 14.2H1z"],
  project: ["star", "M8 0.8l2.1 4.9 5.3.5-4 3.5 1.2 5.2L8 12.2l-4.6 2.7 1.2-5.2-4-3.5 5.3-.5z"],
};
const shapeOf = (kind) => (SHAPES[kind] ?? SHAPES.concept)[0];
const markOf = (kind, colour = "currentColor", rim = "currentColor") => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("map-mark");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", (SHAPES[kind] ?? SHAPES.concept)[1]);
  path.style.fill = colour;
  path.style.stroke = rim;
  svg.append(path);
  return svg;
};

// What the address says of the map; what is left empty is as usual.
const FIELDS = ["note", "goal", "stage", "kind", "by", "view"];
const stateOf = (query) => {
  const given = new URLSearchParams(query);
  return Object.fromEntries(FIELDS.map((field) => [field, given.get(field) ?? ""]));
};
const addressOf = (state) => {
  const query = new URLSearchParams({ place: "map" });
  for (const field of FIELDS) if (state[field]) query.set(field, state[field]);
  return `?${query}`;
};
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
