// The search: `/` opens it, the arrows lead through what it finds, and it closes once something is opened.
(function () {
  const FIELDS = "input, textarea, select, [contenteditable=true], [role=dialog], dialog";
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const findHits = () => [...document.querySelectorAll("#search-results a.search-hit")];
  const findText = () => document.getElementById("search-text");

  function open() {
    setProps("search", { opened: true });
  }

  function close() {
    setProps("search", { opened: false });
    setProps("search-text", { value: "" });
  }

  // From the text to the first hit, from hit to hit, and back to the text.
  function move(step) {
    const places = [findText(), ...findHits()];
    const at = places.indexOf(document.activeElement);
    places[Math.min(Math.max(at + step, 0), places.length - 1)]?.focus();
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-search=open]")) open();
    else if (event.target.closest("a.search-hit")) close();
  });

  document.addEventListener(
    "keydown",
    function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/" && !event.target.closest(FIELDS)) {
        event.preventDefault();
        open();
        return;
      }
      if (!event.target.closest("#search-results, .search-text")) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        move(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter" && event.target === findText()) {
        findHits()[0]?.click();
      }
      event.stopPropagation();
      if (event.key === "Escape") close();
    },
    true,
  );
})();
