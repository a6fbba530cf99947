// Verdicts on cases: the form, what came of it, and their keys; assets/lists.js knows the rows.
(function () {
  const NOTHING = () => window.dash_clientside.no_update;
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const FIELDS = "input, textarea, select, [contenteditable=true], [role=option], [role=listbox], [role=dialog], dialog";
  const PANEL_WIDTH = 300;
  const GAP = 6;
  // A row says what came of a verdict until the next refresh shows what is.
  const SAID_MS = 45000;

  let count = 0;
  // What the form is about, and the element that it stands beside.
  let asked = null;
  // What came of verdicts that were given since the page was opened, by case.
  const said = new Map();

  const findCurrent = () => document.querySelector("tr[data-row][aria-current=true]");
  const findSelected = () => [...document.querySelectorAll("tr[data-row][data-selected=true]")];
  const findPanel = () => document.getElementById("verdict-panel");

  // A button, or a link to what somebody else decided.
  function buildWayOn(state) {
    const way = document.createElement(state.view ? "a" : "button");
    way.className = state.view ? "verdict-view" : "button button-small";
    way.textContent = state.view ? "View" : "Undo";
    if (state.view) way.href = state.view;
    else way.dataset.undo = state.undo;
    return way;
  }

  function showSaid(place) {
    const id = place.closest("[data-case]")?.dataset.case;
    if (said.has(id) && Date.now() - said.get(id).at > SAID_MS) said.delete(id);
    const state = said.get(id);
    const key = state ? JSON.stringify(state) : "";
    if ((place.dataset.said || "") === key) return;
    place.dataset.said = key;
    if (!state) return place.replaceChildren();
    const word = document.createElement("span");
    word.className = `state state-${{ fraud: "fraud", legitimate: "ok" }[state.tone] || "none"}`;
    word.textContent = state.text;
    place.replaceChildren(word, buildWayOn(state));
  }

  // On a phone, the verdicts at the lower edge make way for the form.
  let watched = null;
  const watcher = new IntersectionObserver(function ([form]) {
    document.querySelector(".bottom-bar")?.setAttribute("data-away", String(form.isIntersecting));
  });

  function watchForm() {
    const form = document.getElementById("case-form");
    if (form === watched) return;
    watched = form;
    watcher.disconnect();
    if (form) watcher.observe(form);
  }

  // React draws other cases into the same elements, so that what the browser adds is set again after every change.
  function sync() {
    document.querySelectorAll(".verdict-said").forEach(showSaid);
    watchForm();
  }

  let isDue = false;
  new MutationObserver(function () {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(function () {
      isDue = false;
      sync();
    });
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-case"] });

  // A case's own page leads to the ones beside it.
  function follow(key) {
    const link = document.querySelector(`[data-key=${key}] a`);
    link?.click();
    return Boolean(link);
  }

  // Asks the server what would follow; its answer opens the form.
  function openFor(ids, verdict, reason, anchor) {
    asked = { anchor };
    // What is unsure has a verdict that the new one takes the place of.
    const change = ids.some((id) => document.querySelector(`[data-case="${id}"][data-decided]`));
    setProps("verdict-asked", { data: { ids: ids.map(Number), verdict, reason: reason || "", change, n: ++count } });
  }

  function openForSelected(verdict, anchor) {
    const list = document.querySelector("[data-list]").dataset.list;
    const ids = findSelected().flatMap((row) => row.dataset.case || []);
    asked = { anchor };
    if (window.dash_clientside.lists.isWhole()) setProps(`${list}-bulk`, { data: { verdict, n: ++count } });
    else if (ids.length) openFor(ids, verdict, "", anchor);
    else say("None of these rows has an open case.");
  }

  function say(words) {
    const props = { children: words, className: "toast", role: "status", key: String(++count) };
    setProps("verdict-toast", { children: [{ namespace: "dash_html_components", type: "Div", props }] });
  }

  function decide(verdict) {
    const choice = document.querySelector(`[data-choice=${verdict}]`);
    if (choice) return choice.click(), true;
    const bulk = document.querySelector(`[data-list]:has([data-acts]) [data-bulk=${verdict}]`);
    if (findSelected().length && bulk) return openForSelected(verdict, bulk), true;
    const row = document.activeElement.closest("[data-case]") || findCurrent();
    const button = row?.querySelector(`[data-verdict=${verdict}]`);
    if (!row?.dataset.case || said.has(row.dataset.case)) return false;
    // Rows of other lists than the queue have no buttons of their own.
    if (button) button.click();
    else if (bulk) openFor([row.dataset.case], verdict, "", row);
    return Boolean(button || bulk);
  }

  function undoLast() {
    const places = ["#verdict-toast .toast", "tr[data-row][aria-current=true]", "#case-decided"];
    // A case's own page, a row, the message about the last one: the newest is the one that is seen.
    const buttons = places.map((place) => document.querySelector(`${place} [data-undo]`));
    const button = buttons.find((each) => each && getComputedStyle(each).visibility !== "hidden");
    button?.click();
    return Boolean(button);
  }

  function showForm() {
    setProps("case-form", { hidden: false });
    requestAnimationFrame(() => document.querySelector("[data-choice]").focus());
  }

  // On a phone the form stands below everything else.
  function pickVerdict(verdict) {
    document.querySelector(`[data-choice=${verdict}]`).click();
    document.getElementById("case-verdict").scrollIntoView({ block: "start" });
  }

  const KEYS = {
    j: () => follow("j"),
    k: () => follow("k"),
    f: () => decide("fraud"),
    l: () => decide("legitimate"),
    u: () => decide("unsure"),
    z: undoLast,
  };

  function closeForm() {
    const panel = findPanel();
    if (!panel || panel.hidden) return false;
    setProps("verdict-panel", { hidden: true });
    const row = asked?.anchor?.closest("tr[data-case]");
    (row || asked?.anchor)?.focus({ preventScroll: true });
    return true;
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (closeForm()) event.preventDefault();
      return;
    }
    if (event.target.closest(FIELDS)) return;
    if (KEYS[event.key.toLowerCase()]?.()) event.preventDefault();
  });

  document.addEventListener("click", function (event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { verdict, reason, bulk, undo, pick } = button.dataset;
    if (verdict) openFor([button.closest("[data-case]").dataset.case], verdict, reason, button);
    else if (bulk) openForSelected(bulk, button);
    else if (undo) setProps("verdict-undone", { data: { key: undo, n: ++count } });
    else if (button.id === "verdict-cancel") closeForm();
    else if (pick) pickVerdict(pick);
    else if (button.dataset.change) showForm();
    else if (button.dataset.copyText) navigator.clipboard?.writeText(button.dataset.copyText);
  });

  // Below the buttons where there is room, else above them; a phone shows it at its lower edge.
  function place(panel, anchor) {
    const box = anchor.getBoundingClientRect();
    const left = Math.max(8, Math.min(box.right, window.innerWidth - 16) - PANEL_WIDTH);
    const isAbove = box.bottom + GAP + panel.offsetHeight > window.innerHeight && box.top > panel.offsetHeight + GAP;
    const top = isAbove ? box.top - panel.offsetHeight - GAP : box.bottom + GAP;
    panel.style.setProperty("left", `${left + window.scrollX}px`);
    panel.style.setProperty("top", `${top + window.scrollY}px`);
  }

  // What was undone may have left the queue in the meantime; other lists do not refresh by themselves.
  function refresh(done) {
    const list = document.querySelector("[data-list]")?.dataset.list;
    if (list === "cases" && done.undone) setProps("cases-tick", { data: Date.now() });
    if (list && list !== "cases") setProps(`${list}-refresh`, { n_clicks: Date.now() });
  }

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    cases: {
      openForm: function (opened) {
        const panel = findPanel();
        if (!opened || !asked || !panel) return NOTHING();
        setProps("verdict-panel", { hidden: false });
        requestAnimationFrame(function () {
          const anchor = asked.anchor.isConnected ? asked.anchor : document.getElementById("main");
          place(panel, anchor.closest(".verdict") || anchor);
          document.getElementById("verdict-note").focus({ preventScroll: true });
        });
        return NOTHING();
      },

      showDone: function (done) {
        if (!done) return NOTHING();
        for (const [id, state] of Object.entries(done.states)) {
          if (state) said.set(id, { ...state, at: Date.now() });
          else said.delete(id);
        }
        if (Object.keys(done.states).length > 1) window.dash_clientside.lists.clearSelection();
        closeForm();
        sync();
        refresh(done);
        return NOTHING();
      },
    },
  });
})();
