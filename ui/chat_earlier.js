// Runs once, when the chat is laid out. The line above a conversation brings earlier turns; what is being read stays
// where it is while they come, until the reader scrolls.
"use strict";
const COME_MS = 30000;  // how long turns may take to come on a busy machine
const SETTLES_MS = 2500;  // and how long they may then still grow: formulas and tables are drawn after their words
const chat = () => document.querySelector("#chat .bubble-wrap");

let below = null;  // from the top of what is in sight to the end of the conversation, which does not move
let height = 0;
let end = 0;
const hold = () => {
  const box = chat();
  if (!box || below === null) return;
  if (box.scrollHeight !== height) {
    height = box.scrollHeight;
    end = performance.now() + SETTLES_MS;
    box.scrollTop = height - below;
  }
  if (performance.now() < end) requestAnimationFrame(hold);
  else below = null;
};
for (const name of ["wheel", "touchmove", "keydown", "mousedown"]) {
  document.addEventListener(name, (event) => { if (!event.target.closest?.("#earlier")) below = null; }, { passive: true });
}
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#earlier button");
  const box = chat();
  if (!button || !box) return;
  button.disabled = true;  // a new one comes with the turns
  height = box.scrollHeight;
  below = height - box.scrollTop;
  end = performance.now() + COME_MS;
  requestAnimationFrame(hold);
  trigger("select", { value: "" });
});
