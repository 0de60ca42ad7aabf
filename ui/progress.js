// Runs once, when the Progress page is laid out. `trigger` tells the server what the reader did.
"use strict";
const find = (selector) => document.querySelector(`#progress ${selector}`);
const send = (data) => trigger("select", { value: JSON.stringify(data) });
const here = () => document.documentElement.dataset.place === "progress";
window.atlasProgress = (query) => send({ do: "open", query });

// --- the list of concepts: sorted and filtered here
let sorted = { column: 2, down: false };
const sift = () => {
  const table = find("#progress-concepts table");
  if (!table) return;
  const words = find(".sieve input").value.trim().toLowerCase();
  const stage = find(".sieve select").value;
  const rows = [...table.tBodies[0].rows];
  rows.forEach((row) => {
    row.hidden = !row.cells[0].dataset.value.includes(words) || (stage !== "" && row.cells[1].dataset.value !== stage);
  });
  const value = (row) => row.cells[sorted.column].dataset.value;
  const way = sorted.down ? -1 : 1;
  const compare = sorted.column < 2
    ? (a, b) => value(a).localeCompare(value(b), undefined, { numeric: true })
    : (a, b) => Number(value(a)) - Number(value(b));
  table.tBodies[0].append(...rows.sort((a, b) => way * compare(a, b)));
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    if (at === sorted.column) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
  const count = find(".sieve [data-count]");
  count.textContent = count.dataset.count.replace("{n}", rows.filter((row) => !row.hidden).length).replace("{of}", rows.length);
};

// --- the record as a file
const save = () => {
  const text = find("#progress-file pre");
  if (!text?.textContent) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text.textContent], { type: "application/x-ndjson" }));
  link.download = text.dataset.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  text.textContent = "";
};
const add = async (input) => {
  const [file] = input.files;
  if (!file) return;
  if (file.size > Number(input.dataset.most) * 2 ** 20) {
    const told = document.createElement("p");
    told.className = "problem";
    told.setAttribute("role", "alert");
    told.textContent = input.dataset.tooLarge;
    find(".record").append(told);
    return;
  }
  send({ do: "import", text: await file.text() });
};

// --- what the reader does
document.addEventListener("click", (event) => {
  const target = event.target.closest?.("#progress :is(button, [data-sort])");
  if (!target) return;
  if (target.dataset.sort) {
    const column = Number(target.dataset.sort);
    sorted = { column, down: sorted.column === column && !sorted.down };
    sift();
  } else if ("askFirst" in target.dataset) {
    find(".sure").hidden = false;
    find(".sure [data-keep]").focus();
  } else if ("keep" in target.dataset) {
    find(".sure").hidden = true;
    find("[data-ask-first]").focus();
  } else if (target.dataset.do) send({ do: target.dataset.do });
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("#progress .naming");
  if (!form) return;
  event.preventDefault();
  const bring = form.querySelector("[type=checkbox]")?.checked ?? false;
  send({ do: "switch", name: form.querySelector("[type=text]").value, bring });
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.("#progress [type=file]")) add(event.target);
});
document.addEventListener("input", (event) => {
  if (event.target.closest?.("#progress .sieve")) sift();
});

// --- after each answer of the server
const answered = {};  // Gradio draws a part anew also when it begins to wait
const isNew = (name) => {
  const token = find(`#progress-${name} [data-token]`)?.dataset.token;
  if (!token || token === answered[name]) return false;
  answered[name] = token;
  return true;
};
new MutationObserver(() => {
  if (isNew("link") && find(".progress-now")?.dataset.state === "waiting") {
    setTimeout(() => here() && window.atlasProgress(location.search), 1000);
  }
  if (isNew("concepts")) sift();
  if (isNew("file")) save();
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-token"] });
