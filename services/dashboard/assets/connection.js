// What happens when no answer comes. What only reads waits and goes on by itself; what was pressed says so beside it
// and keeps what was typed. Runs on the pages of Dash and on the plain ones of the server.
(function () {
  // The path below which the dashboard stands, with a slash at its end.
  const ROOT = new URL("../", document.currentScript.src).pathname;
  const LONGEST_MS = 60000;
  const AGAIN_MS = 3000;
  const AWAY = [502, 503, 504];
  const KEPT = "What you typed is still here.";
  const fetch = window.fetch;

  function describe(response, error) {
    if (response) return `The dashboard could not answer (error ${response.status}).`;
    if (error?.name === "TimeoutError") return "The dashboard did not respond in time.";
    return navigator.onLine ? "No connection to the dashboard." : "You are offline.";
  }

  function fetchInTime(resource, options) {
    return fetch(resource, { ...options, signal: AbortSignal.timeout(LONGEST_MS) });
  }

  function leaveForLogin() {
    const here = window.location.pathname + window.location.search;
    window.location.assign(ROOT + "login?next=" + encodeURIComponent(here));
  }

  // The banner over the page: what is waited for. Several may wait at once; it goes when the last one has its answer.
  const waiting = new Map();

  function showWaiting() {
    let banner = document.getElementById("connection");
    if (!waiting.size) return banner?.remove();
    if (!banner) {
      banner = document.createElement("p");
      banner.id = "connection";
      banner.className = "connection";
      banner.setAttribute("role", "alert");
      document.body.prepend(banner);
    }
    const said = [...waiting.values()].pop();
    if (banner.textContent !== said) banner.textContent = said;
  }

  // Settles after a while, or as soon as the browser finds its network again.
  function pause() {
    return new Promise(function (resolve) {
      setTimeout(resolve, AGAIN_MS);
      window.addEventListener("online", resolve, { once: true });
    });
  }

  // Asks until there is an answer, or until the person went elsewhere.
  async function askUntilAnswered(ask, what) {
    const ticket = {};
    let here = null;
    try {
      for (;;) {
        let problem = null;
        const response = await ask().catch((error) => void (problem = error));
        if (response && !AWAY.includes(response.status)) return response;
        here ??= window.location.href;
        if (here !== window.location.href) throw problem || new TypeError("The page was left.");
        waiting.set(ticket, `${describe(response, problem)} ${what()} opens when the connection is back.`);
        showWaiting();
        await pause();
      }
    } finally {
      waiting.delete(ticket);
      showWaiting();
    }
  }

  const probe = () => fetchInTime(ROOT + "healthz", { cache: "no-store" });

  function nameWanted() {
    const link = document.querySelector(`.navigation-link[href="${CSS.escape(window.location.pathname)}"]`);
    return link ? link.textContent : "This page";
  }

  // A message belongs below the row of controls in which its button stands, not among them.
  function findPlace(element) {
    let place = element;
    for (let level = 0; level < 4; level++) {
      const around = place.parentElement;
      if (!around || around.matches("form, section, li, td, details, main, dialog, .card, #page")) break;
      if (!/flex|grid|inline/.test(getComputedStyle(around).display)) break;
      place = around;
    }
    return place;
  }

  const messages = new Map();

  function clearMessage(key) {
    messages.get(key)?.remove();
    messages.delete(key);
  }

  function showMessage(key, element, text) {
    clearMessage(key);
    const message = document.createElement("p");
    message.className = "lost-connection";
    message.setAttribute("role", "alert");
    message.textContent = text;
    findPlace(element).after(message);
    messages.set(key, message);
  }

  const FAILED = {};

  function showRefreshProblem() {
    const problem = document.querySelector(".refresh-problem");
    if (problem) return window.dash_clientside.set_props(problem.id, { hidden: false });
    waiting.set(FAILED, "Something went wrong, and part of this page may be missing. Reload it to try again.");
    showWaiting();
  }

  // What set off a callback: { reads } when only the address or the page itself did, else the pressed element.
  function readTrigger(options) {
    const changed = JSON.parse(options.body).changedPropIds || [];
    const ids = changed.map((each) => each.slice(0, each.lastIndexOf(".")));
    if (ids.every((id) => id === "url")) return { reads: true };
    const key = ids.find((id) => document.getElementById(id));
    const element = key && document.getElementById(key);
    // A tick or another store is nothing that anybody pressed.
    return { reads: false, key, element: element && element.getClientRects().length ? element : null };
  }

  async function press({ key, element }, send) {
    const again = `This may not have been saved. ${KEPT} Try again when the connection is back.`;
    try {
      const response = await send();
      if (response.ok || response.status === 401) [...messages.keys()].forEach(clearMessage);
      if (response.status === 401) leaveForLogin();
      else if (!response.ok && element) showMessage(key, element, `${describe(response)} ${again}`);
      else if (!response.ok) showRefreshProblem();
      return response;
    } catch (error) {
      if (element) showMessage(key, element, `${describe(null, error)} ${again}`);
      else showRefreshProblem();
      throw error;
    }
  }

  async function read(send) {
    const response = await askUntilAnswered(send, nameWanted);
    if (response.ok && waiting.delete(FAILED)) showWaiting();
    if (response.status === 401) leaveForLogin();
    else if (!response.ok) showRefreshProblem();
    return response;
  }

  window.fetch = function (resource, options) {
    const path = new URL(resource.url || resource, window.location).pathname.replace(ROOT, "/");
    const send = () => fetchInTime(resource, options);
    if (/^\/_dash-(layout|dependencies)$/.test(path)) return read(send);
    if (path !== "/_dash-update-component") return fetch(resource, options);
    const trigger = readTrigger(options);
    return trigger.reads ? read(send) : press(trigger, send);
  };

  // A file comes by a script, so that the page stays when it does not come.
  async function download(link) {
    clearMessage(link);
    link.setAttribute("aria-busy", "true");
    try {
      const response = await fetchInTime(link.href);
      if (response.status === 401) return leaveForLogin();
      if (!response.ok) return showMessage(link, link, await readReason(response));
      const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") || "");
      saveFile(await response.blob(), name ? name[1] : link.download);
    } catch (error) {
      showMessage(link, link, `${describe(null, error)} Nothing was downloaded. Try again when the connection is back.`);
    } finally {
      link.removeAttribute("aria-busy");
    }
  }

  async function readReason(response) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const said = [...page.querySelectorAll(".gate-card h1, .gate-card .hint")].map((each) => each.textContent.trim());
    return `Nothing was downloaded. ${said.length ? said.join(". ") : describe(response)}`;
  }

  function saveFile(blob, name) {
    const file = document.createElement("a");
    file.href = URL.createObjectURL(blob);
    file.download = name;
    file.click();
    setTimeout(URL.revokeObjectURL, LONGEST_MS, file.href);
  }

  // A page of the server, not of Dash: it is opened once somebody is there to answer.
  async function leaveFor(link) {
    await askUntilAnswered(probe, () => link.textContent.trim() || "The page");
    window.location.assign(link.href);
  }

  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[href]");
    const isPlain = !event.defaultPrevented && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!link || !isPlain || link.target || link.origin !== window.location.origin) return;
    if (link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    if (link.hasAttribute("data-download")) download(link);
    else leaveFor(link).catch(() => {});
  });

  // A form of the server: its answer takes the place of the form, unless there is none.
  document.addEventListener("submit", async function (event) {
    const form = event.target;
    if (event.defaultPrevented) return;
    event.preventDefault();
    const button = event.submitter || form.querySelector("[type=submit]");
    if (form.getAttribute("aria-busy")) return;
    clearMessage(form);
    form.setAttribute("aria-busy", "true");
    try {
      const body = new URLSearchParams(new FormData(form));
      const response = await fetchInTime(form.action, { method: "POST", body });
      if (response.redirected) return window.location.assign(response.url);
      await showAnswer(form, button, response);
    } catch (error) {
      const kept = form.querySelector("input:not([type=hidden])") ? KEPT : "";
      showMessage(form, button, `${describe(null, error)} ${kept} Try again when the connection is back.`);
    } finally {
      form.removeAttribute("aria-busy");
    }
  });

  async function showAnswer(form, button, response) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const problem = page.querySelector(".gate-problem");
    const answer = page.querySelector("main.gate");
    if (AWAY.includes(response.status) || !answer) {
      return showMessage(form, button, `${problem ? problem.textContent : describe(response)} ${KEPT}`);
    }
    const shown = document.querySelector("main.gate");
    if (!shown) return window.location.reload();
    shown.replaceWith(answer);
    document.title = page.title;
    answer.querySelector("[autofocus]")?.focus();
  }

  // A page of the server that says that something is missing opens the wanted page as soon as it can.
  document.addEventListener("DOMContentLoaded", async function () {
    if (!document.querySelector("[data-retry]")) return;
    const ask = () => fetchInTime(window.location.href);
    for (await pause(); AWAY.includes((await ask().catch(() => ({ status: 503 }))).status); ) await pause();
    window.location.reload();
  });
})();
