// The chart for those who use no pointer: arrow keys go from point to point, and a line beneath the chart says what is there.
"use strict";

const WHICH_KEYS = "Arrow keys read values: left and right along the steps, up and down through the losses. Enter shows a single seed's run.";
const ALONG = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
const ACROSS = { ArrowUp: -1, ArrowDown: 1 };

// The curves that rows make, each once, its points in the order of steps.
function curvesOf(rows) {
  const curves = new Map();
  for (const row of rows) {
    if (!curves.has(row.line)) curves.set(row.line, new Map());
    curves.get(row.line).set(row.step, row);
  }
  return [...curves.values()].map((points) => [...points.values()]);
}

Object.assign(Explorer.prototype, {
  listenToKeys() {
    const chart = $("chart");
    chart.addEventListener("focus", () => {
      if (chart.matches(":focus-visible")) $("point").textContent = WHICH_KEYS; // a click came from a pointer, which reads by itself
    });
    chart.addEventListener("blur", () => this.point(null));
    chart.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      if (event.key === "Enter") this.pick(this.pointed?.run);
      if (!(event.key in ALONG) && !(event.key in ACROSS)) return;
      event.preventDefault(); // the page stays where it is
      this.point(this.reached(event.key));
    });
  },

  // Where a key leads: along a curve, or to the nearest step of another one. The first key leads to the end of the first curve.
  reached(key) {
    const at = this.curves.findIndex(([{ line }]) => line === this.pointed?.line);
    if (at < 0) return this.curves[0]?.at(key === "Home" ? 0 : -1) ?? null;
    const curve = this.curves[(at + (ACROSS[key] ?? 0) + this.curves.length) % this.curves.length];
    const away = ({ step }) => Math.abs(step - this.pointed.step);
    const nearest = curve.reduce((best, row, i) => (away(row) < away(curve[best]) ? i : best), 0);
    return curve[Math.max(0, Math.min(curve.length - 1, nearest + (ALONG[key] ?? 0)))];
  },

  // Says what a point is, and rings it; null takes both away.
  point(row) {
    this.pointed = row;
    $("point").textContent = row ? row.tip : "";
    this.ring();
  },

  ring() {
    if (!this.view) return;
    const panel = this.state.panels === "each" ? this.pointed?.loss : 0;
    this.view.data(POINTED, this.pointed ? [{ ...this.pointed, panel }] : []).runAsync().then(() => $("chart").querySelector("[class*=' ring'] path")?.scrollIntoView({ block: "nearest" }));
  },

  // The same point of a chart that is drawn anew, if it is there.
  pointAgain() {
    const { line, step } = this.pointed ?? {};
    if (this.pointed) this.point(this.curves.flat().find((row) => row.line === line && row.step === step) ?? null);
  },
});
