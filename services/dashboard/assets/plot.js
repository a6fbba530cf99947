// Draws what the server worked out into elements that carry it as `data-plot`: areas, lines, circles and their words.
(function () {
  const SVG = "http://www.w3.org/2000/svg";
  const TOP = 20;

  function create(name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text) element.textContent = text;
    return element;
  }

  function drawNode(node) {
    const group = create(node.href ? "a" : "g", node.href ? { href: node.href, tabindex: "-1" } : {});
    const look = `plot-node plot-${node.kind}${node.hot ? " plot-hot" : ""}`;
    group.append(create("title", {}, node.title));
    group.append(create("circle", { cx: node.x, cy: node.y + TOP, r: node.radius, class: look }));
    const below = node.y + TOP + node.radius;
    const words = { x: node.x, "text-anchor": "middle" };
    if (node.text) group.append(create("text", { ...words, y: below + 14, class: "plot-text" }, node.text));
    if (node.note) group.append(create("text", { ...words, y: below + 27, class: "plot-note" }, node.note));
    return group;
  }

  function draw(place) {
    if (place.dataset.drawn === place.dataset.plot) return;
    place.dataset.drawn = place.dataset.plot;
    const plot = JSON.parse(place.dataset.plot);
    const top = plot.columns ? TOP : 0;
    const picture = create("svg", { viewBox: `0 0 ${plot.width} ${plot.height + top}`, "aria-hidden": "true" });
    // It fills its place, whatever its proportions.
    if (plot.stretches) picture.setAttribute("preserveAspectRatio", "none");
    for (const { path, look } of plot.shapes || []) picture.append(create("path", { d: path, class: look }));
    for (const { x, text } of plot.columns || []) {
      picture.append(create("text", { x, y: 10, "text-anchor": "middle", class: "plot-note" }, text));
    }
    for (const { path, hot } of plot.lines || []) {
      const line = create("path", { d: path, class: hot ? "plot-line plot-hot" : "plot-line" });
      line.setAttribute("transform", `translate(0 ${top})`);
      picture.append(line);
    }
    picture.append(...(plot.nodes || []).map(drawNode));
    place.replaceChildren(picture);
  }

  let isDue = false;
  new MutationObserver(function () {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(function () {
      isDue = false;
      document.querySelectorAll("[data-plot]").forEach(draw);
    });
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["data-plot"] });
})();
