// What the browser has to do by itself: notice that the session ended or the server is gone, rest while nobody
// looks, keep the period in the address, and lead keyboard and screen reader along when the page changes.
(function () {
  const REFRESH_PROBLEM = "refresh-problem";
  const PERIODS = ["7", "14", "30"];
  const NOTHING = () => window.dash_clientside.no_update;
  const fetch = window.fetch;

  function showRefreshProblem() {
    if (document.getElementById(REFRESH_PROBLEM)) {
      window.dash_clientside.set_props(REFRESH_PROBLEM, { hidden: false });
    }
  }

  window.fetch = async function (...request) {
    try {
      const response = await fetch.apply(window, request);
      if (response.status === 401) {
        const here = window.location.pathname + window.location.search;
        window.location.assign("/login?next=" + encodeURIComponent(here));
      } else if (!response.ok) {
        showRefreshProblem();
      }
      return response;
    } catch (error) {
      showRefreshProblem();
      throw error;
    }
  };

  let missedTick = false;
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden && missedTick && document.getElementById("cards")) {
      missedTick = false;
      window.dash_clientside.set_props("tick", { data: Date.now() });
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
    if (successor) successor.focus({ preventScroll: true });
  }).observe(document.documentElement, { childList: true, subtree: true });

  function readPeriod(search) {
    const query = new URLSearchParams(search);
    const dates = [query.get("start"), query.get("end")];
    if (dates[0] || dates[1]) return { days: "", dates };
    const days = query.get("days") || PERIODS[0];
    return { days: PERIODS.includes(days) ? days : "", dates: [null, null] };
  }

  function triggeredBy(input) {
    return window.dash_clientside.callback_context.triggered.some((each) => each.prop_id === input);
  }

  let shownPath = null;

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    dashboard: {
      // When to fetch again: the clock, unless the page is hidden, or a press on the button.
      tick: function (clock, refreshes) {
        const [input] = window.dash_clientside.callback_context.triggered;
        if (!input || !input.value) return NOTHING();
        missedTick = document.hidden && input.prop_id === "clock.n_intervals";
        return missedTick ? NOTHING() : Date.now();
      },

      // The address is the truth about the period: the two controls show it ...
      showPeriod: function (search) {
        const shown = readPeriod(search);
        return [shown.days, shown.dates];
      },

      // ... and change it, which brings the data of the other period.
      choosePeriod: function (days, dates) {
        const shown = readPeriod(window.location.search);
        const [start, end] = dates || [null, null];
        let chosen = null;
        if (triggeredBy("period.value") && days && days !== shown.days) chosen = "?days=" + days;
        if (triggeredBy("dates.value") && start && end && String(dates) !== String(shown.dates)) {
          chosen = "?start=" + start + "&end=" + end;
        }
        if (triggeredBy("dates.value") && !start && shown.dates[0]) chosen = "";
        if (chosen !== null) window.dash_clientside.set_props("url", { search: chosen });
      },

      toggleMenu: function (presses, path, expanded) {
        const open = triggeredBy("burger.n_clicks") && expanded !== "true";
        return [String(open), open ? "sidebar sidebar-open" : "sidebar"];
      },

      // A page of another address announces itself by its title, and the keyboard goes on at its top.
      enterPage: function (title, path) {
        document.title = title;
        if (shownPath !== null && shownPath !== path) {
          window.scrollTo(0, 0);
          document.getElementById("main").focus({ preventScroll: true });
        }
        shownPath = path;
        return title;
      },
    },
  });
})();
