// A chart as a Vega-Lite specification. Fields have names of ours; what others named goes in as values, never as expressions.
"use strict";

const FADED = { light: "#b9b9b9", dark: "#62666c" }; // nearer to the paper than any loss that is set apart
const NARROW = 520;
const NOWHERE = [{}]; // not [], which the library would take for the same data as any other layer's []
const POINTED = "pointed"; // the data set of the one point that keys lead to; `panel` says where it is ringed
// Of a logarithmic axis only what is labelled has a line.
const SPARSE = { condition: { test: "datum.label === ''", value: 0 }, value: 1 };
// Where 0.9 and 1 lie too near for both, 1 is written.
const NINE = "abs(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-9)) - 9) < 1e-6";
const NINELESS = { condition: { test: `datum.label === '' || ${NINE}`, value: 0 }, value: 1 };
// What has many digits is written as a power of ten, and what has no label keeps none.
const FAR = "datum.value !== 0 && (abs(datum.value) >= 1e5 || abs(datum.value) < 1e-3)";
const SHORT = `datum.label !== '' && ${FAR} ? format(datum.value, '~e') : datum.label`;
const LABELLED = { gridOpacity: SPARSE, tickOpacity: SPARSE, labelExpr: SHORT };
const POWERED = { gridOpacity: NINELESS, tickOpacity: NINELESS, labelExpr: `${NINE} ? '' : ${SHORT}` };

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), grey: of("--grey"), line: of("--pale"), dark: matchMedia("(prefers-color-scheme: dark)").matches };
}

// On dark paper dark colours would not be seen: they go some of the way towards white, black and its like further.
function visible(colour, dark) {
  const parts = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  const share = !dark ? 0 : Math.max(...parts) < 96 ? 0.75 : 0.35;
  const bright = parts.map((part) => Math.round(part + share * (255 - part)));
  return `#${bright.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

function scaleOf(values, logarithmic) {
  const known = values.filter((value) => Number.isFinite(value) && (!logarithmic || value > 0));
  if (!known.length) return { type: logarithmic ? "log" : "linear", domain: [logarithmic ? 0.1 : 0, 1] };
  let low = known.reduce((a, b) => Math.min(a, b));
  let high = known.reduce((a, b) => Math.max(a, b));
  if (logarithmic) return { type: "log", domain: [low / 1.2, high * 1.2], nice: false };
  if (low === 0 && high === 0) return { type: "linear", domain: [-0.04, 1], nice: false }; // no tick below what a share can be
  const margin = 0.04 * (high - low) || 0.05 * Math.abs(high) || 0.05;
  return { type: "linear", domain: [low - margin, high + margin], nice: false, zero: false };
}

// Whether a logarithmic axis has a power of ten just above a nine.
function nines({ type, domain }) {
  const power = 10 ** Math.floor(Math.log10(domain[1]));
  return type === "log" && 0.9 * power > domain[0];
}

function stepScale(last, logarithmic) {
  if (!logarithmic) {
    const whole = last < 9 ? { values: [...Array(Math.floor(last) + 1).keys()], format: "d" } : { tickCount: 8 }; // no parts of a step
    return { scale: { type: "linear", domain: [0, last], nice: false }, axis: { ...whole, labelOverlap: "greedy", labelBound: true } };
  }
  const ticks = [0];
  const within = last < 100 ? [1, 2, 5] : [1]; // a short axis would have too few
  for (let power = 1; power <= last; power *= 10) ticks.push(...within.map((part) => part * power).filter((tick) => tick <= last));
  return { scale: { type: "symlog", constant: 1, domain: [0, last], nice: false }, axis: { values: ticks } };
}

// What one panel holds. `losses` are [number, colour, dash]; `rows` are points of lines, `read` those that pointing finds, `ends` crosses, `picked` one run's line.
function panel(shown, losses, number) {
  const domain = losses.map(([loss]) => loss);
  const colour = { field: "loss", type: "nominal", legend: null, scale: { domain, range: losses.map(([, own]) => own) } };
  const dash = { field: "loss", type: "nominal", legend: null, scale: { domain, range: losses.map(([, , own]) => own) } };
  const x = { field: "step", type: "quantitative", title: shown.stepTitle, ...stepScale(shown.last, shown.stepsLogarithmic) };
  const y = { field: "value", type: "quantitative", title: shown.title, scale: shown.scale, axis: nines(shown.scale) ? POWERED : LABELLED };
  const path = (values, mark, more = {}) => ({ data: { values }, mark: { clip: true, ...mark }, encoding: { x, y, color: colour, ...more } });
  const order = { detail: { field: "line", type: "nominal" } };
  const layers = [
    { data: { values: shown.bands }, mark: { type: "area", opacity: 0.18, clip: true }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color: colour } },
    path(shown.lines, { type: "line", strokeWidth: 2 }, { ...order, strokeDash: dash }),
    path(shown.single, { type: "line", strokeWidth: 1, opacity: 0.8 }, order),
    path(shown.ends, { type: "point", shape: "M-1,-1L1,1M-1,1L1,-1", size: 60, strokeWidth: 2 }),
    path(shown.picked, { type: "line", strokeWidth: 3.5, stroke: shown.ink }, order),
    path(shown.read, { type: "point", filled: true, size: 55 }, {
      opacity: { condition: { param: `hover${number}`, empty: false, value: 1 }, value: 0 },
      description: { field: "text" },
      // The nearest point answers from its cell, whose datum is the point; a field named here would be looked for in the cell.
      tooltip: { value: { expr: "(datum.datum || datum).tip" } },
    }),
    { name: `ring${number}`, data: { name: POINTED, values: NOWHERE }, transform: [{ filter: { field: "panel", equal: number } }], mark: { type: "point", size: 140, opacity: 1, strokeWidth: 2.5, stroke: shown.ink, clip: false, aria: false, tooltip: null }, encoding: { x, y } },
  ];
  layers[1].params = [{ name: `zoom${number}`, select: { type: "interval", zoom: "wheel![event.ctrlKey || event.altKey]" }, bind: "scales" }];
  layers[5].params = [{ name: `hover${number}`, select: { type: "point", nearest: true, on: "pointerover", clear: "pointerout" } }];
  return { layer: layers };
}

function specification(panels, width, paint, heading) {
  const most = Math.min(panels.length, width < NARROW ? 1 : width < 900 ? 2 : 3);
  const columns = Math.ceil(panels.length / Math.ceil(panels.length / most)); // four are two and two, not three and one
  const alone = panels.length === 1;
  const each = alone ? width : Math.floor(width / columns) - 68;
  const sized = panels.map(({ title, layer }) => ({ ...(title ? { title } : {}), width: each, height: alone ? 340 : 150, layer }));
  const text = { labelColor: paint.ink, titleColor: paint.ink, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    ...(alone ? { ...sized[0], autosize: { type: "fit-x", contains: "padding" } } : { title: { text: heading, fontWeight: "normal", limit: width, offset: 10 }, concat: sized, columns, resolve: { scale: { color: "independent", strokeDash: "independent" } } }),
    background: null,
    config: {
      view: { stroke: null },
      axis: { ...text, gridColor: paint.line, domainColor: paint.grey, tickColor: paint.grey },
      title: { color: paint.ink, anchor: "start", fontSize: 12, limit: each },
      font: "system-ui, sans-serif",
    },
  };
}
