// The rows of lists and of the queue: heads that sort, rows that are selected, and the keyboard, which can do all that the
// mouse can. What is current and what is selected stands on the rows, where assets/cases.js finds it.
(function () {
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const FIELDS = "input, textarea, select, [contenteditable=true], [role=option], [role=listbox], [role=dialog], dialog";
  const PLACE = ["cursor", "trail", "page"];
  const ALL = "*";

  let current = null;
  // The address that the rows are of: what was selected of others is not selected here.
  let shownSearch = null;
  const selected = new Set();

  const findList = () => document.querySelector("[data-list]");
  const findRows = () => [...document.querySelectorAll("[data-list] tr[data-row]")];
  const keyOf = (row) => row.dataset.row;

  function setAttribute(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  // What the server is given: the keys of the rows, or * for all that the filters leave.
  function storeSelection(list) {
    setProps(`${list.dataset.list}-selected`, { data: [...selected] });
  }

  // A count with its noun.
  const countOf = (number, noun) => `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;

  // What the selected rows are, and the sums of what they count: "4 devices · 0 conversions · 96 clicks".
  function describe(rows, { sums, kinds }) {
    const named = (kinds ? [...new Set(rows.map((row) => row.dataset.kind))] : []).map(function (kind) {
      const many = rows.filter((row) => row.dataset.kind === kind).length;
      return kinds === "nouns" ? countOf(many, kind) : `${many.toLocaleString("en-US")} ${kind}`;
    });
    const summed = sums.split(" ").map(function (noun) {
      const total = rows.reduce((sum, row) => sum + Number(row.dataset[noun]), 0);
      return countOf(total, noun);
    });
    return [...named, ...summed].join(" · ");
  }

  function showSums(bar, rows) {
    const place = bar.querySelector("[data-sums]");
    if (!place) return;
    const chosen = rows.filter((row) => selected.has(keyOf(row)));
    const text = chosen.length ? describe(chosen, place.dataset) + (place.dataset.ending || "") : "";
    if (place.textContent !== text) place.textContent = text;
  }

  function showSelection(list, rows) {
    const bar = list.querySelector(".bulk");
    if (!bar) return;
    showSums(bar, rows);
    const total = Number(list.querySelector("[data-total]")?.dataset.total || 0);
    const nouns = list.querySelector("[data-nouns]")?.dataset.nouns || "rows";
    const count = selected.has(ALL) ? total : selected.size;
    const text = `${count.toLocaleString("en-US")} selected`;
    const counted = bar.querySelector("[data-selection=count]");
    if (counted.textContent !== text) counted.textContent = text;
    const all = bar.querySelector("[data-selection=all]");
    const label = `Select all ${total.toLocaleString("en-US")} ${nouns}`;
    const isWhole = rows.length > 0 && rows.every((row) => selected.has(keyOf(row)));
    if (all.textContent !== label) all.textContent = label;
    if (all.hidden === (isWhole && total > rows.length)) all.hidden = !all.hidden;
    if (bar.hidden === count > 0) bar.hidden = !count;
  }

  // React draws other rows into the same elements, so that what the browser adds is set again after every change.
  function sync() {
    const list = findList();
    if (!list) {
      selected.clear();
      current = null;
      return;
    }
    if (shownSearch !== window.location.search) {
      shownSearch = window.location.search;
      clear();
    }
    const rows = findRows();
    const shown = new Set(rows.map(keyOf));
    const gone = selected.has(ALL) ? [] : [...selected].filter((key) => !shown.has(key));
    gone.forEach((key) => selected.delete(key));
    if (gone.length) storeSelection(list);
    if (!shown.has(current)) current = null;
    const isOn = (key) => selected.has(ALL) || selected.has(key);
    for (const [at, row] of rows.entries()) {
      const key = keyOf(row);
      setAttribute(row, "tabindex", key === current || (!current && at === 0) ? "0" : "-1");
      setAttribute(row, "aria-current", String(key === current));
      setAttribute(row, "data-selected", String(isOn(key)));
    }
    const some = rows.some((row) => isOn(keyOf(row)));
    const every = rows.length > 0 && rows.every((row) => isOn(keyOf(row)));
    for (const box of list.querySelectorAll("[data-check]")) {
      const ofPage = every ? "true" : some ? "mixed" : "false";
      setAttribute(box, "aria-checked", box.dataset.check === "all" ? ofPage : String(isOn(box.dataset.check)));
    }
    showSelection(list, rows);
    showColumns(list);
  }

  // Which columns this browser leaves out of a list, by their heads.
  const columnsOf = (list) => `columns ${list.dataset.list}`;
  const readLeftOut = (list) => new Set(JSON.parse(localStorage.getItem(columnsOf(list)) || "[]"));

  function showColumns(list) {
    const boxes = [...list.querySelectorAll("[data-column]")];
    if (!boxes.length) return;
    const leftOut = readLeftOut(list);
    for (const box of boxes) setAttribute(box, "aria-checked", String(!leftOut.has(box.dataset.column)));
    const heads = [...list.querySelectorAll("thead th")];
    const isHidden = heads.map((head) => leftOut.has(head.dataset.heading));
    for (const row of list.querySelectorAll(".list-table tr"))
      for (const [at, cell] of [...row.cells].entries()) if (cell.hidden !== isHidden[at]) cell.hidden = isHidden[at];
  }

  function chooseColumn({ column }) {
    const list = findList();
    const leftOut = readLeftOut(list);
    if (!leftOut.delete(column)) leftOut.add(column);
    localStorage.setItem(columnsOf(list), JSON.stringify([...leftOut]));
    showColumns(list);
  }

  let isDue = false;
  new MutationObserver(function () {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(function () {
      isDue = false;
      sync();
    });
  }).observe(document.documentElement, { childList: true, subtree: true });

  function toggle(keys, isOn) {
    if (selected.has(ALL)) {
      selected.clear();
      findRows().forEach((row) => selected.add(keyOf(row)));
    }
    keys.forEach((key) => (isOn ? selected.add(key) : selected.delete(key)));
    sync();
    storeSelection(findList());
  }

  function check(box) {
    const keys = box.dataset.check === "all" ? findRows().map(keyOf) : [box.dataset.check];
    toggle(keys, box.getAttribute("aria-checked") !== "true");
  }

  function clear() {
    if (!selected.size) return false;
    selected.clear();
    sync();
    const list = findList();
    if (list) storeSelection(list);
    return true;
  }

  function selectAll() {
    selected.clear();
    selected.add(ALL);
    sync();
    storeSelection(findList());
  }

  // The address names the order, and its rows begin at the first.
  function sort({ sort, order }) {
    const query = new URLSearchParams(window.location.search);
    query.set("sort", sort);
    query.set("order", order);
    for (const name of PLACE) query.delete(name);
    setProps("url", { search: "?" + query });
  }

  function goTo(row) {
    if (!row) return;
    current = keyOf(row);
    sync();
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const rows = findRows();
    if (!rows.length) return false;
    const at = rows.findIndex((row) => keyOf(row) === current);
    goTo(rows[Math.min(Math.max(at + step, 0), rows.length - 1)]);
    return true;
  }

  function openRow() {
    const row = document.activeElement;
    const link = row?.matches("tr[data-row]") && row.querySelector("a");
    link?.click();
    return Boolean(link);
  }

  function selectRow() {
    const box = findRows()
      .find((row) => keyOf(row) === current)
      ?.querySelector("[data-check]");
    if (box) check(box);
    return Boolean(box);
  }

  function showShortcuts() {
    const keys = document.querySelector("dialog[data-shortcuts]");
    keys?.showModal();
    return Boolean(keys);
  }

  const KEYS = { j: () => move(1), k: () => move(-1), x: selectRow, enter: openRow, escape: clear, "?": showShortcuts };

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !findList()) return;
    if (event.target.closest(FIELDS)) return;
    if (KEYS[event.key.toLowerCase()]?.()) event.preventDefault();
  });

  document.addEventListener("click", function (event) {
    const row = event.target.closest("[data-list] tr[data-row]");
    if (row && keyOf(row) !== current) {
      current = keyOf(row);
      sync();
    }
    event.target.closest("dialog [data-close]")?.closest("dialog").close();
    const button = event.target.closest("[data-list] button");
    if (!button) return;
    const { check: key, sort: by, selection } = button.dataset;
    if (key) check(button);
    else if (button.dataset.column) chooseColumn(button.dataset);
    else if (by) sort(button.dataset);
    else if (selection === "clear") clear();
    else if (selection === "all") selectAll();
  });

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    lists: {
      isWhole: () => selected.has(ALL),
      clearSelection: () => (clear(), window.dash_clientside.no_update),
    },
  });
})();
