() => {
  "use strict";
  const wide = window.matchMedia("(min-width: 900px)");

  const side = () => document.querySelector("#side");
  const panelTurn = () => document.querySelector("#panel .turn")?.dataset.turn;
  const openSide = (open) => side()?.classList.toggle("open", open);

  // Shows a cited sentence once the panel holds its turn; the panel may be on its way from the server.
  const reveal = (turn, n, tries = 40) => {
    const found = panelTurn() === turn &&
      (document.querySelector(`#panel mark[data-n="${n}"]`) ?? document.querySelector(`#panel .where .n[data-n="${n}"]`));
    if (!found) {
      if (tries > 0) setTimeout(() => reveal(turn, n, tries - 1), 50);
      return;
    }
    document.querySelectorAll("#panel .now").forEach((e) => e.classList.remove("now"));
    (found.matches("mark") ? found : found.closest(".passage")).classList.add("now");
    const panel = document.querySelector("#panel");
    const top = found.getBoundingClientRect().top - panel.getBoundingClientRect().top + panel.scrollTop;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    panel.scrollTo({ top: top - panel.clientHeight / 3, behavior: calm ? "auto" : "smooth" });
  };

  const cite = (turn, n) => {
    openSide(true);
    if (panelTurn() !== turn) window.atlasOpen?.(turn);
    reveal(turn, n);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    const mark = link?.getAttribute("href").match(/^#cite-([0-9a-f]+)-(\d+)$/);
    if (link && link.closest("#chat")) {
      event.preventDefault();
      event.stopPropagation();
      if (mark) cite(mark[1], mark[2]);
      return;
    }
    if (event.target.closest?.("#side-title")) openSide(wide.matches ? true : !side().classList.contains("open"));
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") openSide(false);
    if (event.target.closest?.("#side-title") && (event.key === "Enter" || event.key === " ")) event.target.click();
    // Enter chooses a word while Chinese is being typed; it must not send the question.
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.stopImmediatePropagation();
  }, true);
}
