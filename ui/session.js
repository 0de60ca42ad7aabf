// Runs once, when the list of conversations is laid out. `trigger` tells the server what the reader did.
"use strict";
const find = (selector) => document.querySelector(`#sessions ${selector}`);
let count = 30;
const words = () => find("#session-head input")?.value.trim() ?? "";
const send = (data) => trigger("select", { value: JSON.stringify({ words: words(), count, ...data }) });
const fold = (open) => {
  document.querySelector("#sessions").classList.toggle("open", open);
  find(".fold").setAttribute("aria-expanded", String(open));
};

window.atlasSessions = () => {
  const chat = (document.documentElement.dataset.place ?? "chat") === "chat";
  send({ do: "arrive", query: chat ? location.search : "" });
};
window.atlasSession = (query) => send({ do: "open", query });

// --- a title is written where it stands
const rename = (row) => {
  const link = row.querySelector("a");
  const input = document.createElement("input");
  input.value = link.textContent;
  input.maxLength = Number(row.dataset.longest);
  input.setAttribute("aria-label", row.dataset.newTitle);
  let over = false;
  const end = (keep) => {
    if (over) return;
    over = true;
    const title = input.value.trim();
    input.replaceWith(link);
    if (keep && title && title !== link.textContent) send({ do: "rename", session: row.dataset.session, title });
    else link.focus();
  };
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") end(true);
    if (event.key === "Escape") end(false);
    event.stopPropagation();
  });
  input.addEventListener("blur", () => end(true));
  row.querySelector("details").open = false;
  link.replaceWith(input);
  input.select();
};

// --- what the reader does
let typing = 0;
document.addEventListener("input", (event) => {
  if (!event.target.matches?.("#session-head input")) return;
  clearTimeout(typing);
  typing = setTimeout(() => send({ do: "list" }), 250);
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#sessions .fold")) fold(!document.querySelector("#sessions").classList.contains("open"));
  if (event.target.closest?.("#session-list a")) fold(false);
  const open = event.target.closest?.("#session-list details");
  document.querySelectorAll("#session-list details[open]").forEach((other) => {
    if (other !== open) other.open = false;
  });
  const button = event.target.closest?.("#session-list button");
  if (!button) return;
  const row = button.closest("li");
  if (button.dataset.do === "rename") rename(row);
  else if (button.dataset.do === "more") {
    count += 30;
    send({ do: "list" });
  } else {
    if (row) row.querySelector("details").open = false;
    goOn = { delete: "[data-do=undo]", undo: "li a" }[button.dataset.do] ?? "";
    send({ do: button.dataset.do, session: row?.dataset.session ?? "" });
  }
}, true);  // the page keeps clicks on addresses to itself
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("#session-list details[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

let goOn = "";  // what gets the focus: what had it is drawn anew
const save = () => {
  const text = document.querySelector("#session-file pre");
  if (!text?.textContent) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text.textContent], { type: text.dataset.kind }));
  link.download = text.dataset.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  text.textContent = "";
};

// --- after each answer of the server
const answered = {};  // Gradio draws a part anew also when it begins to wait
const isNew = (name) => {
  const token = document.querySelector(`#session-${name} [data-token]`)?.dataset.token;
  if (!token || token === answered[name]) return false;
  answered[name] = token;
  return true;
};
new MutationObserver(() => {
  const listed = isNew("list");
  const moved = isNew("link");
  if (listed && find(".sessions-now").dataset.state === "waiting") {
    if (answered.asked) setTimeout(window.atlasSessions, 1000);
    answered.asked = true;
  }
  if (listed && goOn && find(`#session-list ${goOn}`)) {
    find(`#session-list ${goOn}`).focus();
    goOn = "";
  }
  const shown = find(".sessions-now")?.dataset;
  // An answer that another page is given is followed to its end.
  const link = document.querySelector("#session-link a");
  const query = link?.getAttribute("href");
  const isOurs = document.querySelector("#box .stop-button") !== null;
  if (moved && !isOurs && "goesOn" in link.dataset) setTimeout(() => query === location.search && send({ do: "open", query }), 1000);
  // An answer has ended, or the list is for words that have changed since.
  if (moved && "follows" in link.dataset) send({ do: "list" });
  else if (listed && shown.words !== undefined && shown.words !== words()) send({ do: "list" });
  if (isNew("file")) save();
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-token"] });
