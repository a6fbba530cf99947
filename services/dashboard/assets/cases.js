// Cases: which row is current, which are selected, and the form of a verdict. The keyboard can do all that the mouse can.
(function () {
  const NOTHING = () => window.dash_clientside.no_update;
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const FIELDS = "input, textarea, select, [contenteditable=true], [role=option], [role=listbox]";
  const PANEL_WIDTH = 300;
  const GAP = 6;
  // A row says what came of a verdict until the next refresh shows what is.
  const SAID_MS = 45000;

  let current = null;
  let count = 0;
  // What the form is about, and the element that it stands beside.
  let asked = null;
  const selected = new Set();
  // What came of verdicts that were given since the page was opened, by case.
  const said = new Map();

  const findQueue = () => document.querySelector("[data-queue]");
  const findRows = () => [...document.querySelectorAll("[data-queue] tr[data-case]")];
  const findRow = (id) => findRows().find((row) => row.dataset.case === id);
  const findPanel = () => document.getElementById("verdict-panel");

  function setAttribute(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  function writeOnce(id, text) {
    const element = document.getElementById(id);
    if (element && element.textContent !== text) setProps(id, { children: text });
  }

  // A count with its noun.
  const countOf = (number, noun) => `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;

  function showSelection(rows) {
    const bar = document.getElementById("cases-selection");
    if (!bar) return;
    const chosen = rows.filter((row) => selected.has(row.dataset.case));
    const sum = (name) => chosen.reduce((total, row) => total + Number(row.dataset[name]), 0);
    const kinds = [...new Set(chosen.map((row) => row.dataset.kind))];
    const nouns = kinds.map((kind) => countOf(chosen.filter((row) => row.dataset.kind === kind).length, kind));
    if (chosen.length) {
      writeOnce("cases-selected", `${chosen.length} selected`);
      const stake = [countOf(sum("conversions"), "conversion"), countOf(sum("clicks"), "click")];
      writeOnce("cases-selected-stake", [...nouns, ...stake].join(" · ") + " at stake");
    }
    if (bar.hidden === chosen.length > 0) setProps("cases-selection", { hidden: !chosen.length });
  }

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
    const rows = findRows();
    if (!findQueue()) {
      selected.clear();
      current = null;
    }
    const shown = new Set(rows.map((row) => row.dataset.case));
    for (const id of selected) if (rows.length && !shown.has(id)) selected.delete(id);
    if (!shown.has(current)) current = null;
    for (const [at, row] of rows.entries()) {
      const id = row.dataset.case;
      setAttribute(row, "tabindex", id === current || (!current && at === 0) ? "0" : "-1");
      setAttribute(row, "aria-current", String(id === current));
      setAttribute(row, "data-selected", String(selected.has(id)));
    }
    for (const box of document.querySelectorAll("[data-queue] [data-select]")) {
      const all = rows.length > 0 && rows.every((row) => selected.has(row.dataset.case));
      const some = rows.some((row) => selected.has(row.dataset.case)) ? "mixed" : "false";
      const isOn = box.dataset.select === "all" ? (all ? "true" : some) : String(selected.has(box.dataset.select));
      setAttribute(box, "aria-checked", isOn);
    }
    document.querySelectorAll(".verdict-said").forEach(showSaid);
    showSelection(rows);
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
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-case", "data-select"] });

  function goTo(row) {
    if (!row) return;
    current = row.dataset.case;
    sync();
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const link = document.querySelector(step > 0 ? "[data-key=j] a" : "[data-key=k] a");
    if (link) return link.click(), true;
    const rows = findRows();
    if (!rows.length) return false;
    const at = rows.findIndex((row) => row.dataset.case === current);
    goTo(rows[Math.min(Math.max(at + step, 0), rows.length - 1)]);
    return true;
  }

  function toggle(ids, isOn) {
    for (const id of ids) isOn ? selected.add(id) : selected.delete(id);
    sync();
  }

  function select(box) {
    const isAll = box.dataset.select === "all";
    const ids = isAll ? findRows().map((row) => row.dataset.case) : [box.dataset.select];
    toggle(ids, box.getAttribute("aria-checked") !== "true");
  }

  // Asks the server what would follow; its answer opens the form.
  function openFor(ids, verdict, reason, anchor) {
    asked = { anchor };
    // What is unsure has a verdict that the new one takes the place of.
    const change = ids.some((id) => document.querySelector(`[data-case="${id}"][data-decided]`));
    setProps("verdict-asked", { data: { ids: ids.map(Number), verdict, reason: reason || "", change, n: ++count } });
  }

  function openForSelected(verdict, anchor) {
    openFor([...selected], verdict, "", anchor);
  }

  function decide(verdict) {
    const choice = document.querySelector(`[data-choice=${verdict}]`);
    if (choice) return choice.click(), true;
    const bulk = document.querySelector(`[data-bulk=${verdict}]`);
    if (selected.size && bulk) return openForSelected(verdict, bulk), true;
    const row = document.activeElement.closest("[data-case]") || findRow(current);
    const button = row?.querySelector(`[data-verdict=${verdict}]`);
    if (!button || said.has(row.dataset.case)) return false;
    button.click();
    return true;
  }

  function undoLast() {
    const places = ["#verdict-toast .toast", `[data-case="${current}"]`, "#case-decided"];
    // A case's own page, a row, the message about the last one: the newest is the one that is seen.
    const buttons = places.map((place) => document.querySelector(`${place} [data-undo]`));
    const button = buttons.find((each) => each && getComputedStyle(each).visibility !== "hidden");
    button?.click();
    return Boolean(button);
  }

  function openRow() {
    const row = document.activeElement.closest("tr[data-case]");
    if (!row || row !== document.activeElement) return false;
    row.querySelector(".entity a").click();
    return true;
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
    j: () => move(1),
    k: () => move(-1),
    x: () => current && (toggle([current], !selected.has(current)), true),
    enter: openRow,
    f: () => decide("fraud"),
    l: () => decide("legitimate"),
    u: () => decide("unsure"),
    z: undoLast,
    "?": () => {
      const keys = document.getElementById("cases-shortcuts");
      keys?.showModal();
      return Boolean(keys);
    },
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
      if (!closeForm() && !event.target.closest("dialog")) toggle([...selected], false);
      return;
    }
    if (event.target.closest(FIELDS) || event.target.closest("dialog, #verdict-panel")) return;
    if (KEYS[event.key.toLowerCase()]?.()) event.preventDefault();
  });

  document.addEventListener("click", function (event) {
    const row = event.target.closest("[data-queue] tr[data-case]");
    if (row && row.dataset.case !== current) {
      current = row.dataset.case;
      sync();
    }
    const button = event.target.closest("button");
    if (!button) return;
    const { verdict, reason, bulk, undo, pick } = button.dataset;
    if (button.dataset.select) select(button);
    else if (verdict) openFor([button.closest("[data-case]").dataset.case], verdict, reason, button);
    else if (bulk === "clear") toggle([...selected], false);
    else if (bulk) openForSelected(bulk, button);
    else if (undo) setProps("verdict-undone", { data: { key: undo, n: ++count } });
    else if (button.id === "verdict-cancel") closeForm();
    else if (pick) pickVerdict(pick);
    else if (button.dataset.change) showForm();
    else if (button.dataset.copyText) navigator.clipboard?.writeText(button.dataset.copyText);
    else if (button.dataset.close) button.closest("dialog").close();
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
        if (Object.keys(done.states).length > 1) selected.clear();
        closeForm();
        sync();
        // What was undone may have left the rows in the meantime.
        if (done.undone && findQueue()) setProps("cases-tick", { data: Date.now() });
        return NOTHING();
      },
    },
  });
})();
