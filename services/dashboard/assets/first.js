// Runs before anything is drawn. Gives the page's nonce to every <style> that components add, without which the
// Content-Security-Policy blocks them, and sets the colour scheme, so that a dark page never flashes light.
(function () {
  const root = new URL("../", document.currentScript.src).pathname;

  // A page whose scripts did not come says so, and opens once they can be had.
  let isIncomplete = false;
  async function waitForServer() {
    if (isIncomplete) return;
    isIncomplete = true;
    const said = document.createElement("p");
    said.className = "connection";
    said.setAttribute("role", "alert");
    said.textContent = "The dashboard is not responding. This page opens when the connection is back.";
    document.body.prepend(said);
    do await new Promise((resolve) => setTimeout(resolve, 3000));
    while (!(await fetch(root + "healthz", { cache: "no-store" }).catch(() => ({ ok: false }))).ok);
    window.location.reload();
  }
  window.addEventListener("error", (event) => event.target.matches?.("script[src]") && waitForServer(), true);

  const nonce = document.currentScript.nonce;
  const createElement = document.createElement;
  document.createElement = function (name, options) {
    const element = createElement.call(document, name, options);
    if (String(name).toLowerCase() === "style") element.setAttribute("nonce", nonce);
    return element;
  };
  window.dashMantineFunctions = Object.assign(window.dashMantineFunctions || {}, { getStyleNonce: () => nonce });

  const chosen = localStorage.getItem("mantine-color-scheme-value");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const scheme = chosen === "light" || chosen === "dark" ? chosen : dark ? "dark" : "light";
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
})();
