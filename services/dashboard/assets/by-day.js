// Which figure the growth page shows by day; it lives in the address, beside the period.
(function () {
  const USUAL = "clicks";

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    byDay: {
      showMetric: (search) => new URLSearchParams(search).get("metric") || USUAL,

      chooseMetric: function (metric) {
        const query = new URLSearchParams(window.location.search);
        if (!metric || metric === (query.get("metric") || USUAL)) return;
        query.set("metric", metric);
        query.delete("panel");
        window.dash_clientside.set_props("url", { search: `?${query}` });
      },
    },
  });
})();
