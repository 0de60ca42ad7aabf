// Runs once, when the Observe page is laid out. `trigger` tells the server what the reader did.
"use strict";
const find = (selector) => document.querySelector(`#observe ${selector}`);
const send = (data) => trigger("select", { value: JSON.stringify(data) });
const here = () => document.documentElement.dataset.place === "observe";
window.atlasObserve = (query) => send({ do: "open", query });

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#observe button");
  if (!button) return;
  if ("askFirst" in button.dataset) {
    find(".sure").hidden = false;
    find(".sure [data-keep]").focus();
  } else if ("keep" in button.dataset) {
    find(".sure").hidden = true;
    find("[data-ask-first]").focus();
  } else if (button.dataset.do) send({ do: button.dataset.do });
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.('#observe [data-do="texts"]')) send({ do: "texts", keep: event.target.checked });
});

let answered = "";  // Gradio draws a part anew also when it begins to wait
new MutationObserver(() => {
  const token = find("#observe-link [data-token]")?.dataset.token;
  if (!token || token === answered) return;
  answered = token;
  if (find(".observe-now")?.dataset.state === "waiting") setTimeout(() => here() && window.atlasObserve(location.search), 1000);
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-token"] });
