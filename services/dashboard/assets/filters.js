// The filters in the header of a page: what the address says about them, and the choice of others.
(function () {
  // Where in a list a page of rows begins: another part has other rows.
  const PLACE = ["cursor", "trail", "page"];
  // What the pages with filters share.
  const SHARED = ["days", "start", "end", "compare", "source", "campaign"];
  const PAGES = ["/dashboard/guardrails", "/dashboard/growth"];
  const setSearch = (query) => window.dash_clientside.set_props("url", { search: query.toString() && "?" + query });
  // The parameter that the select with this id stands for.
  const findName = (id) => id.slice(id.lastIndexOf("-") + 1);
  const findPage = (path) => PAGES.find((page) => path.endsWith(page) || path.includes(page + "/"));

  function open(button, opens) {
    button.setAttribute("aria-expanded", String(opens));
    if (opens) document.getElementById(button.getAttribute("aria-controls")).querySelector("input")?.focus();
  }

  document.addEventListener("click", function (event) {
    const pressed = event.target.closest(".header-filters-button");
    if (pressed) return open(pressed, pressed.getAttribute("aria-expanded") !== "true");
    // The options of a select stand elsewhere in the document.
    if (event.target.closest(".header-filters, [role=listbox], .mantine-Select-dropdown")) return;
    document.querySelectorAll(".header-filters-button[aria-expanded=true]").forEach((each) => open(each, false));
  });

  document.addEventListener("keydown", function (event) {
    const button = document.querySelector(".header-filters-button[aria-expanded=true]");
    // The first Escape closes a select's options.
    const isSelecting = event.target.getAttribute?.("aria-expanded") === "true" && event.target !== button;
    if (event.key !== "Escape" || !button || isSelecting) return;
    open(button, false);
    button.focus();
  });

  // From one page with filters to the other one, the menu keeps the period and the filters.
  document.addEventListener(
    "click",
    function (event) {
      const link = event.target.closest(".navigation-link");
      const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
      if (!link || !isPlain || !PAGES.some((page) => link.getAttribute("href").endsWith(page))) return;
      const given = new URLSearchParams(window.location.search);
      const kept = new URLSearchParams(SHARED.filter((name) => given.has(name)).map((name) => [name, given.get(name)]));
      if (!findPage(window.location.pathname) || !kept.toString()) return;
      event.preventDefault();
      event.stopPropagation();
      window.dash_clientside.set_props("url", { pathname: link.getAttribute("href"), search: "?" + kept, hash: "" });
    },
    true,
  );

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    filters: {
      showFilters: function (search) {
        const query = new URLSearchParams(search);
        const [, ...selects] = window.dash_clientside.callback_context.outputs_list;
        const values = selects.map(({ id }) => query.get(findName(id)) || "");
        return [String(values.filter(Boolean).length || ""), ...values];
      },

      chooseFilters: function () {
        const query = new URLSearchParams(window.location.search);
        const before = query.toString();
        for (const { id, value } of window.dash_clientside.callback_context.inputs_list) {
          if (value) query.set(findName(id), value);
          else query.delete(findName(id));
        }
        if (query.toString() === before) return window.dash_clientside.no_update;
        for (const name of PLACE) query.delete(name);
        setSearch(query);
        return window.dash_clientside.no_update;
      },
    },
  });
})();
