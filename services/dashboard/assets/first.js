// Runs before anything is drawn. Gives the page's nonce to every <style> that components add, without which the
// Content-Security-Policy blocks them, and sets the colour scheme, so that a dark page never flashes light.
(function () {
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
