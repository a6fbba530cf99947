// Tells the server what somebody does from what a page asks for by itself: only that keeps a session alive.
(function () {
  const fetch = window.fetch;
  let isTouched = true;
  for (const type of ["keydown", "pointerdown", "wheel", "touchstart"]) {
    window.addEventListener(type, () => (isTouched = true), { capture: true, passive: true });
  }

  function mark(resource, options) {
    if (!isTouched || !String(resource.url || resource).includes("/_dash-update-component")) return [resource, options];
    isTouched = false;
    const headers = new Headers((options && options.headers) || resource.headers);
    headers.set("X-Person-Active", "1");
    return [resource, { ...options, headers }];
  }

  window.fetch = function (resource, options) {
    return fetch.apply(window, mark(resource, options));
  };
})();
