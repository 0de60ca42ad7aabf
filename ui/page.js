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
    if (cameFrom) {
      found.closest(".passage").tabIndex = -1;
      found.closest(".passage").focus({ preventScroll: true });
    }
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

  let cameFrom = null;  // the mark that was opened by keyboard: Escape leads back to it
  const cite = (turn, n) => {
    openSide(true, true);
    if (!shows(turn)) window.atlasOpen?.(turn);
    reveal(turn, n);
  };

  // The places of the page: each has an address that can be kept, sent and loaded anew.
  const PLACES = {
    chat: { link: "#session-link a", show: (query) => window.atlasSession?.(query) },
    calculate: { link: "#calc-link a", show: (query) => window.atlasCalculate?.(query) },
    quiz: { link: "#quiz-link a", show: (query) => window.atlasQuiz?.(query) },
    progress: { link: "#progress-link a", show: (query) => window.atlasProgress?.(query), changes: true },
    choose: { link: "#choose-link a", show: (query) => window.atlasChoose?.(query) },
    notes: { link: "#notes-link a", show: (query) => window.atlasNotes?.(query) },
    map: { link: "#map-link a", show: (query) => window.atlasMap?.(query) },
    observe: { link: "#observe-link a", show: (query) => window.atlasObserve?.(query), changes: true },
    fix: { link: "#fix-link a", show: (query) => window.atlasFix?.(query) },
  };
  const told = {};  // the address that each place has been given, or gave itself
  const placeNow = () => {
    const named = new URLSearchParams(location.search).get("place");
    return Object.hasOwn(PLACES, named) ? named : "chat";
  };
  const addressOf = (place) => document.querySelector(PLACES[place].link)?.getAttribute("href");
  const plain = (query) => (query === "?" ? "" : query);
  const answered = {};  // the answer of the server that each place's link came with, where it says so
  const showPlace = (again = false) => {
    const place = placeNow();
    const arrived = document.documentElement.dataset.place !== place;
    document.documentElement.dataset.place = place;
    document.querySelectorAll("#places a").forEach((a) => {
      if (a.dataset.place === place) {
        a.setAttribute("aria-current", "page");
        a.scrollIntoView({ block: "nearest", inline: "nearest" });  // on a narrow screen the places scroll sideways
      } else a.removeAttribute("aria-current");
    });
    if (place === "chat") {
      const shown = plain(addressOf(place));
      if (!again && shown !== undefined && shown !== location.search) PLACES.chat.show(location.search);
      return;
    }
    const { show, changes } = PLACES[place];
    if (again || told[place] !== location.search || (changes && arrived)) show(location.search);
    told[place] = location.search;
    requestAnimationFrame(() => window.dispatchEvent(new Event("resize")));  // plots take the width they now have
  };
  const goTo = (query) => {
    const place = new URLSearchParams(query).get("place");
    // The link to a place leads back to what it last showed.
    if (query === "?") query = addressOf("chat") ?? query;
    else if (place !== placeNow() && query === `?place=${place}`) query = addressOf(place) ?? query;
    if (plain(query) !== location.search) history.pushState(null, "", plain(query) || location.pathname);
    showPlace();
  };
  let arrived = false;
  // Until the server has greeted the browser, a question would belong to no conversation: it is sent then.
  let isHeld = false;
  const hold = (event) => {
    if (arrived || !event.target.closest?.("#box")) return;
    if (event.type === "click" ? !event.target.closest(".submit-button") : event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    isHeld = true;
  };
  document.addEventListener("click", hold, true);
  document.addEventListener("keydown", hold, true);
  window.atlasPlace = (ready = false) => {
    const first = ready && !arrived;
    arrived ||= ready;
    if (first) {
      document.documentElement.dataset.greeted = "";
      window.atlasSessions?.();
      window.atlasDrafts?.();
      const keyboard = window.matchMedia("(pointer: fine)").matches;  // elsewhere it would cover half of the page
      if (keyboard && document.activeElement === document.body) document.querySelector("#box textarea")?.focus();
      if (isHeld) document.querySelector("#box .submit-button")?.click();
    }
    if (arrived) showPlace(ready);
  };
  window.addEventListener("popstate", () => showPlace());
  document.documentElement.dataset.place = placeNow();

  // What a place shows tells its address. One that asks for something new is replaced by the address of what came of it.
  const keepAddress = (place) => {
    const query = addressOf(place);
    const { token } = document.querySelector(PLACES[place].link)?.dataset ?? {};
    if (token && token === answered[place]) return;  // drawn anew, as Gradio does when it begins to wait
    answered[place] = token;
    if (!query || placeNow() !== place || plain(query) === location.search) return;
    const leaves = place === "quiz" && (location.search === "?place=quiz" || /[?&]quiz=/.test(location.search));
    history[leaves ? "pushState" : "replaceState"](null, "", plain(query) || location.pathname);
    told[place] = plain(query);
  };

  const ask = (question) => {
    goTo("?");
    const box = document.querySelector("#box textarea");
    box.value = question;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  };

  const copyText = async (element) => {
    try {
      await navigator.clipboard.writeText(element.textContent);
    } catch {  // a page that is not on this machine and has no certificate may not write there
      getSelection().selectAllChildren(element);
      document.execCommand("copy");
    }
  };

  // An answer is copied once the server has put it together with its sources.
  let copying = null;
  const copyAnswer = (turn) => {
    copying = document.querySelector(`#chat a[href="#copy-${turn}"]`);
    window.atlasCopy?.(turn);
  };
  const noticeCopied = async () => {
    const [link, text] = [copying, document.querySelector("#copied pre")];
    if (!link || !text) return;
    copying = null;
    await copyText(text);
    const words = link.textContent;
    link.textContent = document.querySelector("#ways .copy")?.dataset.copied ?? words;
    setTimeout(() => { link.textContent = words; }, 1500);
  };
  const beginEdit = (turn) => {
    window.atlasEdit?.(turn);
    document.querySelector("#box textarea").focus();
  };

  const copyCommand = async (button) => {
    await copyText(button.closest(".command").querySelector("code"));
    const words = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = words; }, 1500);
  };

  document.addEventListener("click", (event) => {
    const place = event.target.closest?.('a[href^="?"]');
    if (place && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      event.stopPropagation();
      if (place.dataset.ask) ask(place.dataset.ask);
      else goTo(place.getAttribute("href"));
      return;
    }
    if (event.target.closest?.("#new")) {
      if (location.search) {
        history.pushState(null, "", location.pathname);
        showPlace(true);
      }
      document.querySelector("#box textarea")?.focus();
    }
    const copy = event.target.closest?.(".command .copy");
    if (copy) copyCommand(copy);
    const link = event.target.closest?.('a[href^="#"]');
    const mark = link?.getAttribute("href").match(/^#cite-([0-9a-f]+)-(\d+)$/);
    if (link && link.closest("#chat")) {
      event.preventDefault();
      event.stopPropagation();
      if (mark) {
        cameFrom = event.detail === 0 ? link : null;
        cite(mark[1], mark[2]);
      }
      const action = link.getAttribute("href").match(/^#(copy|again|edit)-([0-9a-f]+)$/);
      if (action) ({ copy: copyAnswer, again: window.atlasAgain, edit: beginEdit })[action[1]]?.(action[2]);
      if (link.hash === "#ways") document.querySelector("#ways")?.showPopover();
      return;
    }
    if (event.target.closest?.("[data-leave='edit']")) window.atlasEdit?.("");
    if (!wide.matches && event.target.closest?.("#side-title")) toggleSide();
  }, true);

  // The language of the page, and names for the buttons that Gradio draws without words.
  const nameParts = () => {
    const words = document.querySelector("#places nav")?.dataset;
    if (!words) return;
    document.documentElement.lang = words.language;
    for (const [selector, name] of [["#box .submit-button", words.send], ["#box .stop-button", words.stop]]) {
      const button = document.querySelector(selector);
      if (button && button.getAttribute("aria-label") !== name) button.setAttribute("aria-label", name);
    }
  };

  // What Gradio leaves out: what scrolls sideways can be reached by keyboard, and buttons make no list.
  let amends = false;
  const amend = () => {
    amends = false;
    document.querySelectorAll(".md pre:not([tabindex])").forEach((code) => code.setAttribute("tabindex", "0"));
    document.querySelectorAll(".md table:not([tabindex])").forEach((table) => {
      if (table.scrollWidth > table.clientWidth) table.setAttribute("tabindex", "0");
    });
    document.querySelector("#chat .examples[role='list']")?.setAttribute("role", "group");
    // Its own words are English on every page: the name of the conversation, and choices by their inner names.
    const [log, name] = ["#chat [role='log']", "#places [data-place='chat']"].map((one) => document.querySelector(one));
    if (log && name && log.getAttribute("aria-label") !== name.textContent) log.setAttribute("aria-label", name.textContent);
    document.querySelectorAll("#quiz label[title]").forEach((choice) => choice.removeAttribute("title"));
    document.querySelectorAll(".empty[aria-label]:not([role])").forEach((plot) => plot.setAttribute("role", "img"));
    // Each of its choices is a group of its own: under one name, the arrow keys lead from one to the next.
    document.querySelectorAll("fieldset.block").forEach((group) => {
      const [first, ...others] = group.querySelectorAll("input[type='radio']");
      others.forEach((other) => { if (other.name !== first.name) other.name = first.name; });
    });
    // The line of a step is a button itself; the arrow within it does the same.
    document.querySelectorAll("#chat .thought-group .title .icon-button:not([inert])").forEach((arrow) => { arrow.inert = true; });
  };

  // What a list to choose from holds is selected when one comes to it: Gradio would append what is typed.
  let comes = false;
  const selectAll = (event) => {
    if (!comes || !event.target.matches?.("input[role='combobox']")) return;
    event.target.select();
    if (event.type === "click") comes = false;  // the press of the mouse has put the caret somewhere
  };
  document.addEventListener("focusin", (event) => {
    comes = true;
    selectAll(event);
  });
  document.addEventListener("click", selectAll);
  document.addEventListener("input", () => { comes = false; });

  // Gradio labels each message with its source text; a screen reader shall read the message itself.
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.matches("#chat [data-testid='bot'][aria-label], #chat [data-testid='user'][aria-label]")) target.removeAttribute("aria-label");
    }
    if (!amends) amends = requestAnimationFrame(amend) > 0;
    if (changes.some(({ target }) => target.closest?.("#panel"))) noticePassages();
    if (changes.some(({ target }) => target.closest?.("#copied"))) noticeCopied();
    if (changes.some(({ target }) => target.closest?.("#box, #places"))) nameParts();
    for (const place of Object.keys(PLACES)) {
      if (changes.some(({ target }) => target.closest?.(PLACES[place].link.replace(" a", "")))) keepAddress(place);
    }
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label", "href"] });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      openSide(false);
      if (event.target.closest?.("#panel")) cameFrom?.focus();
    }
    if (event.target.closest?.("#side-title") && (event.key === "Enter" || event.key === " ")) event.target.click();
    // Enter chooses a word while Chinese is being typed; it must not send the question.
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.stopImmediatePropagation();
  }, true);
}
