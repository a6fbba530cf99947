// The period of a page: what the address says about it, and the choice of another one. All dates are those of UTC.
(function () {
  const CHOICES = ["7", "14", "30"];
  // Where in a list a page of rows begins: another period has other rows.
  const PLACE = ["cursor", "trail", "page"];
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  // Until React has drawn the panel.
  const OPENING_MS = 50;
  const NARROW = 760;
  const DAY_MS = 24 * 3600 * 1000;
  const NOTHING = () => window.dash_clientside.no_update;
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  // What is chosen in the open panel and not applied yet.
  let preset = "custom";
  let draft = [null, null];
  let comparison = "previous";
  // The first date of the current term, once the server has said it.
  let termStart = null;

  const format = (moment) => moment.toISOString().slice(0, 10);
  const today = () => new Date(format(new Date()) + "T00:00:00Z");
  const addDays = (moment, days) => new Date(moment.getTime() + days * DAY_MS);

  function findDates(name) {
    const now = today();
    const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
    const ranges = {
      today: [now, now],
      yesterday: [addDays(now, -1), addDays(now, -1)],
      month: [new Date(Date.UTC(year, month, 1)), now],
      "last-month": [new Date(Date.UTC(year, month - 1, 1)), new Date(Date.UTC(year, month, 0))],
      term: [new Date(termStart), now],
    };
    return (ranges[name] || [addDays(now, 1 - Number(name)), now]).map(format);
  }

  const isDays = (name) => /^[0-9]{1,3}$/.test(name) && Number(name) > 0;

  // What an address means that names no period.
  const findUsual = () => document.querySelector("[data-usual]")?.dataset.usual || "7";

  function readPeriod(search) {
    const query = new URLSearchParams(search);
    const dates = [query.get("start"), query.get("end")];
    if (dates[0] || dates[1]) return { days: "", dates };
    const days = query.get("days") || findUsual();
    return isDays(days) ? { days, dates: findDates(days) } : { days: "", dates: [null, null] };
  }

  // "24–30 Nov 2026", and only as much of the first date as differs from the last.
  function formatDates([start, end]) {
    const [first, last] = [start, end].map((each) => new Date(each + "T00:00:00Z"));
    if (!start || !end || Number.isNaN(first.getTime()) || Number.isNaN(last.getTime())) return "Dates";
    const write = (moment) => `${moment.getUTCDate()} ${MONTHS[moment.getUTCMonth()]}`;
    const whole = `${write(last)} ${last.getUTCFullYear()}`;
    if (start === end) return whole;
    if (start.slice(0, 7) === end.slice(0, 7)) return `${first.getUTCDate()}–${whole}`;
    const year = start.slice(0, 4) === end.slice(0, 4) ? "" : ` ${first.getUTCFullYear()}`;
    return `${write(first)}${year} – ${whole}`;
  }

  const readComparison = (search) => new URLSearchParams(search).get("compare") || "previous";

  function formatCompared([start, end], name) {
    const days = Math.round((Date.parse(end) - Date.parse(start)) / DAY_MS) + 1;
    if (!(days > 0)) return "";
    const previous = days === 1 ? "vs. previous day" : `vs. previous ${days} days`;
    return { year: "vs. a year ago", term: "vs. a term ago", none: "no comparison" }[name] || previous;
  }

  // The calendar begins with this month; the next one has not come yet, and the one before is of use.
  function showMonths(panel) {
    const [, second] = panel.querySelectorAll("table");
    // Once: the panel is drawn anew whenever it opens, and months that somebody leafs to stay.
    if (panel.dataset.months) return;
    panel.dataset.months = "shown";
    if (second && !second.querySelector("button:not([disabled], [data-hidden])")) {
      panel.querySelector("[aria-label='Previous month']")?.click();
    }
  }

  function putPeriod(period) {
    const query = new URLSearchParams(window.location.search);
    for (const name of ["days", "start", "end", "compare", ...PLACE]) query.delete(name);
    for (const [name, value] of Object.entries(period)) query.set(name, value);
    setProps("url", { search: query.toString() && "?" + query });
  }

  const findPanel = () => document.querySelector("[data-period]");
  const close = (panel) => setProps(`${panel.dataset.period}-period-popover`, { opened: false });

  function mark(panel) {
    for (const button of panel.querySelectorAll("[data-preset]")) {
      button.setAttribute("aria-pressed", String(button.dataset.preset === preset));
      button.hidden = button.dataset.preset === "term" && !termStart;
    }
    for (const button of panel.querySelectorAll("[data-compare]")) {
      button.setAttribute("aria-pressed", String(button.dataset.compare === comparison));
    }
    panel.querySelector("[data-period-action=apply]").disabled = !draft[0] || !draft[1];
  }

  function choose(panel, name) {
    preset = name;
    if (name === "custom") panel.querySelector("table button:not([disabled], [data-hidden])")?.focus();
    else {
      draft = findDates(name);
      setProps(`${panel.dataset.period}-dates`, { value: draft });
    }
    mark(panel);
  }

  function apply(panel) {
    if (!draft[0] || !draft[1]) return;
    close(panel);
    const compared = comparison === "previous" ? {} : { compare: comparison };
    putPeriod({ ...(isDays(preset) ? { days: preset } : { start: draft[0], end: draft[1] }), ...compared });
  }

  document.addEventListener("click", function (event) {
    const panel = event.target.closest("[data-period]");
    if (!panel) return;
    const { preset: name, periodAction, compare } = event.target.closest("button")?.dataset || {};
    if (name) choose(panel, name);
    else if (compare) {
      comparison = compare;
      mark(panel);
    }
    else if (periodAction === "apply") apply(panel);
    else if (periodAction === "cancel") close(panel);
  });

  // Ahead of the keys of the page below.
  document.addEventListener(
    "keydown",
    function (event) {
      const panel = findPanel();
      if (panel && event.key === "Escape") close(panel);
      if (!panel || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
      const key = event.key.toUpperCase();
      const button = [...panel.querySelectorAll("[data-preset]")].find((each) => each.lastChild.textContent === key);
      event.stopPropagation();
      if (button && !button.hidden) button.click();
    },
    true,
  );

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    period: {
      // The address is the truth about the period: the controls show it ...
      showPeriod: function (search) {
        const { days, dates } = readPeriod(search);
        const shown = [CHOICES.includes(days) ? days : "", formatDates(dates), dates];
        const { outputs_list: outputs } = window.dash_clientside.callback_context;
        return outputs.length > shown.length ? [...shown, formatCompared(dates, readComparison(search))] : shown;
      },

      // ... and change it, which brings the data of the other period.
      chooseDays: function (days) {
        if (days && days !== readPeriod(window.location.search).days) putPeriod({ days });
      },

      openPanel: function (opened) {
        if (!opened) return [NOTHING(), NOTHING(), NOTHING()];
        const { days, dates } = readPeriod(window.location.search);
        const names = [...document.querySelectorAll("[data-preset]")].map((each) => each.dataset.preset);
        const same = ["today", "yesterday", "month", "last-month", "term"].find((name) => String(findDates(name)) === String(dates));
        preset = days && (names.includes(days) || !names.length) ? days : same || "custom";
        draft = dates;
        comparison = readComparison(window.location.search);
        setTimeout(function () {
          const panel = findPanel();
          if (!panel) return;
          mark(panel);
          showMonths(panel);
        }, OPENING_MS);
        return [dates, window.innerWidth < NARROW ? 1 : 2, format(today())];
      },

      noteTerm: function (start) {
        termStart = start;
        const panel = findPanel();
        if (panel) mark(panel);
      },

      // Dates that no preset has are chosen by hand.
      draftDates: function (dates) {
        draft = dates || [null, null];
        const panel = findPanel();
        if (panel && preset !== "custom" && String(findDates(preset)) !== String(draft)) preset = "custom";
        if (panel) mark(panel);
        return draft[0] && draft[1] ? formatDates(draft) : "Choose a last date";
      },
    },
  });
})();
