() => {
  "use strict";
  const wide = window.matchMedia("(min-width: 900px)");

  const side = () => document.querySelector("#side");
  const shows = (turn) => document.querySelector(`#panel .turn-${turn}`) !== null;
  const openSide = (open, tall = false) => {
    side()?.classList.toggle("open", open);
    side()?.classList.toggle("tall", open && tall);
  };

  // Shows a cited sentence once the panel holds its turn; the panel may be on its way from the server.
  const reveal = (turn, n, tries = 40) => {
    const found = shows(turn) && (document.querySelector(`#panel mark.n-${n}`) ?? document.querySelector(`#panel .num.n-${n}`));
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

  // On a narrow screen new passages open the drawer, until the reader has closed it once.
  let closedByReader = false;
  let shownTurn = "";
  const noticePassages = () => {
    const turn = document.querySelector("#panel .turn")?.className ?? "";
    if (turn && turn !== shownTurn && document.querySelector("#box .stop-button") && !closedByReader) openSide(true);
    if (turn !== shownTurn) document.querySelector("#panel").scrollTop = 0;
    shownTurn = turn;
  };
  const toggleSide = () => {
    const open = !side().classList.contains("open");
    openSide(open);
    closedByReader = !open;
  };

  const cite = (turn, n) => {
    openSide(true, true);
    if (!shows(turn)) window.atlasOpen?.(turn);
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
    if (!wide.matches && event.target.closest?.("#side-title")) toggleSide();
  }, true);

  // Gradio labels each message with its source text; a screen reader shall read the message itself.
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.matches("#chat [data-testid='bot'][aria-label], #chat [data-testid='user'][aria-label]")) target.removeAttribute("aria-label");
    }
    if (changes.some(({ target }) => target.closest?.("#panel"))) noticePassages();
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"] });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") openSide(false);
    if (event.target.closest?.("#side-title") && (event.key === "Enter" || event.key === " ")) event.target.click();
    // Enter chooses a word while Chinese is being typed; it must not send the question.
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.stopImmediatePropagation();
  }, true);
}
