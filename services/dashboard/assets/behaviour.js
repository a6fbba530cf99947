// What the browser has to do by itself: rest while nobody looks, keep controls in the address, and lead keyboard
// and screen reader along when the page changes.
(function () {
  const CHOOSING_MS = 250;
  // Where in a list a page of rows begins.
  const PLACE = ["cursor", "trail", "page"];
  const NOTHING = () => window.dash_clientside.no_update;

  // The store of the page whose clock ticked while nobody looked.
  let missedTick = null;
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden && missedTick) {
      window.dash_clientside.set_props(missedTick, { data: Date.now() });
      missedTick = null;
    }
  });

  function closeMenu() {
    const burger = document.getElementById("burger");
    const isOpen = burger && burger.getAttribute("aria-expanded") === "true";
    if (isOpen) burger.click();
    return isOpen;
  }

  document.addEventListener("click", (event) => event.target.closest("a") && closeMenu());
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && closeMenu()) document.getElementById("burger").focus();
  });

  // Z presses the button that stops trusting what was just trusted, while its toast is in sight.
  document.addEventListener("keydown", function (event) {
    const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.defaultPrevented || event.key.toLowerCase() !== "z" || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    const undo = document.querySelector("[data-undo-trust]");
    if (!undo || getComputedStyle(undo).visibility !== "visible") return;
    event.preventDefault();
    undo.click();
  });

  // Cards that fold on a phone are open where there is room, and cannot be folded there.
  const roomy = window.matchMedia("(min-width: 760px)");
  function foldCards(root) {
    for (const card of root.querySelectorAll("details.fold")) {
      card.open = roomy.matches;
      card.querySelector("summary").tabIndex = roomy.matches ? -1 : 0;
    }
  }
  roomy.addEventListener("change", () => foldCards(document));
  new MutationObserver(function (changes) {
    for (const { addedNodes } of changes) addedNodes.forEach((node) => node.querySelectorAll && foldCards(node));
  }).observe(document.documentElement, { childList: true, subtree: true });

  // Dash draws a card that changed anew. When that takes away what had the keyboard's focus, its successor gets it.
  let focused = null;
  document.addEventListener("focusin", (event) => (focused = event.target));
  document.addEventListener("focusout", function (event) {
    // Only what is still there a moment later was left on purpose.
    setTimeout(() => event.target.isConnected && focused === event.target && (focused = null));
  });
  new MutationObserver(function () {
    if (!focused || focused.isConnected || document.activeElement !== document.body) return;
    const href = focused.getAttribute("href");
    const successor = focused.id
      ? document.getElementById(focused.id)
      : href && document.querySelector(`#page a[href="${CSS.escape(href)}"]`);
    focused = null;
    (successor || document.getElementById("main"))?.focus({ preventScroll: true });
  }).observe(document.documentElement, { childList: true, subtree: true });

  // A button copies the text of the element that it names.
  document.addEventListener("click", async function (event) {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch (error) {
      // Without TLS there is no clipboard; what is marked can be copied by hand.
      window.getSelection().selectAllChildren(text);
      button.textContent = "Selected: copy it with your keyboard";
    }
  });

  function triggeredBy(input) {
    return window.dash_clientside.callback_context.triggered.some((each) => each.prop_id.endsWith(input));
  }

  // The parameter that a triggered control stands for, and its new value.
  function readChoice(change) {
    const id = JSON.parse(change.prop_id.slice(0, change.prop_id.lastIndexOf(".")));
    return [id.name, change.value];
  }

  const choices = new Map();
  let choosing = null;
  // The query that the controls put into the address last.
  let written = null;

  // What the address says about a parameter, or else the default.
  function readControl(search, name, defaults) {
    const usual = (defaults || {})[name];
    const given = new URLSearchParams(search).get(name) ?? usual;
    return typeof usual !== "number" ? given : Number.isNaN(Number(given)) ? usual : Number(given);
  }

  // Other values begin at the first row again. Who went elsewhere in the meantime chose that instead.
  function putInAddress(defaults, chosenAt) {
    const { pathname, search } = window.location;
    const query = new URLSearchParams(search);
    for (const [name, value] of choices) {
      if (String(value) === String(defaults[name])) query.delete(name);
      else query.set(name, value);
    }
    choices.clear();
    if (pathname !== chosenAt.pathname || ![chosenAt.search, written].includes(search)) return;
    for (const name of PLACE) query.delete(name);
    written = query.toString() && "?" + query;
    window.dash_clientside.set_props("url", { search: written });
  }

  // The menu follows the page also where the server does not know who looks, and can draw no other menu.
  function markNavigation(path) {
    for (const link of document.querySelectorAll(".navigation-link")) {
      const entry = link.parentElement;
      const isHere = path === link.getAttribute("href") || path.startsWith(link.getAttribute("href") + "/");
      entry.classList.toggle("navigation-here", isHere);
      if (isHere) entry.setAttribute("aria-current", "page");
      else entry.removeAttribute("aria-current");
    }
  }

  let shownPath = null;
  let shownPanel = null;

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    dashboard: {
      // When to fetch again: the clock, unless the page is hidden, or a press on the button.
      tick: function (clock, refreshes) {
        const [input] = window.dash_clientside.callback_context.triggered;
        if (!input || !input.value) return NOTHING();
        const isMissed = document.hidden && input.prop_id.endsWith("-clock.n_intervals");
        missedTick = isMissed ? window.dash_clientside.callback_context.outputs_list.id : null;
        return isMissed ? NOTHING() : Date.now();
      },

      // Controls show what the address says, or else the default ...
      showControls: function (search, defaults, ids) {
        // What a control was about to say is older than an address that it did not write.
        if (search !== written) choices.clear();
        return ids.map(({ name }) => choices.get(name) ?? readControl(search, name, defaults));
      },

      // ... and put into the address what differs from it, once nobody has pressed a key for a moment.
      chooseControls: function (values, defaults) {
        const { pathname, search } = window.location;
        for (const [name, value] of window.dash_clientside.callback_context.triggered.map(readChoice)) {
          // A control that repeats the address is the echo of showControls.
          if (String(value) === String(readControl(search, name, defaults))) choices.delete(name);
          else if (defaults && value != null && (value !== "" || defaults[name] === "")) choices.set(name, value);
        }
        clearTimeout(choosing);
        if (choices.size) choosing = setTimeout(putInAddress, CHOOSING_MS, defaults, { pathname, search });
      },

      // A link from elsewhere names the card that it is about.
      showPanel: function (shown, search) {
        const panel = new URLSearchParams(search).get("panel");
        const slug = panel === "health" ? "health-score" : panel;
        const card = slug && document.querySelector(`.cards > .card-${CSS.escape(slug)}`);
        if (!shown || shownPanel === search) return NOTHING();
        shownPanel = search;
        document.querySelectorAll(".card-marked").forEach((each) => each.classList.remove("card-marked"));
        if (card) {
          card.querySelectorAll("details.fold").forEach((each) => (each.open = true));
          card.classList.add("card-marked");
          card.tabIndex = -1;
          // Cards above it are drawn in this moment and move it.
          setTimeout(function () {
            card.scrollIntoView({ block: "center" });
            card.focus({ preventScroll: true });
          }, 100);
        }
        return NOTHING();
      },

      // The card holds its chart in several ways, of which its switch chooses one.
      chooseWay: (way) => `card-body shows-${way}`,

      toggleMenu: function (presses, path, expanded) {
        const open = triggeredBy("burger.n_clicks") && expanded !== "true";
        return [String(open), open ? "sidebar sidebar-open" : "sidebar"];
      },

      // A page of another address announces itself by its title, and the keyboard goes on at its top.
      enterPage: function (title, path) {
        document.title = title;
        markNavigation(path);
        if (shownPath !== null && shownPath !== path) {
          missedTick = null;
          shownPanel = null;
          window.scrollTo(0, 0);
          document.getElementById("main").focus({ preventScroll: true });
        }
        shownPath = path;
        return title;
      },
    },
  });
})();
