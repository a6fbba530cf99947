// Drafts: the line of the draft follows the slider below the curve, and its value is the field's under Settings.
(function () {
  const KEEP = () => window.dash_clientside.no_update;
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  const say = (name, { x, flagged }) => `${name} ${x}: ${flagged.toLocaleString("en-US")} flagged.`;

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    drafts: {
      moveLine: function (at, curve) {
        const step = curve?.steps[at];
        if (!step) return [KEEP(), KEEP()];
        const triggers = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id);
        // Of a curve that was just drawn the slider stands where the draft's settings say.
        if (!triggers.includes("draft-steps.data")) setProps(`draft-set-${curve.setting}`, { value: step.value });
        const live = curve.steps.find(({ x }) => x === curve.live);
        const lines = [{ x: curve.live, label: "Live", color: "var(--text)" }];
        if (step.x === curve.live) return [lines, say("Live", live)];
        lines.push({ x: step.x, label: "Draft", color: "accent" });
        return [lines, `${say("Live", live)} ${say("Draft", step)}`];
      },

      addSetting: function (name) {
        if (!name) return KEEP();
        setProps(`draft-row-${name}`, { hidden: false });
        requestAnimationFrame(() => document.getElementById(`draft-set-${name}`)?.focus());
        return null;
      },

      reset: function (presses, loaded) {
        if (presses && loaded) {
          for (const name of Object.keys(loaded.live)) {
            if (document.getElementById(`draft-set-${name}`)) setProps(`draft-set-${name}`, { value: "" });
          }
        }
        return KEEP();
      },
    },
  });
})();
