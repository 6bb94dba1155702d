// The records that the page holds, decoded, and what figures are made of: curves of runs, medians and bands over them.
"use strict";

const ZERO = 0, MISSING = 65535, LEAST = 1, MOST = 65534;

function decoded(measure) {
  const bytes = Uint8Array.from(atob(measure.codes), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const values = new Float64Array(bytes.length / 2);
  for (let i = 0; i < values.length; i += 1) {
    const code = view.getUint16(2 * i, true);
    const scaled = measure.low + ((code - LEAST) / (MOST - LEAST)) * (measure.high - measure.low);
    values[i] = code === MISSING ? NaN : code === ZERO ? 0 : measure.logarithmic ? Math.exp(scaled) : scaled;
  }
  return values;
}

// The quantile of ascending numbers, linear between neighbours, as NumPy's.
function quantile(sorted, level) {
  const place = level * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

function middleOf(sorted, geometric) {
  if (!geometric) return quantile(sorted, 0.5);
  return Math.exp(sorted.reduce((sum, value) => sum + Math.log(value), 0) / sorted.length);
}

class Records {
  constructor(data) {
    this.data = data;
    this.count = data.runs.id.length;
    this.offsets = [];
    let offset = 0;
    for (const grid of data.runs.grid) {
      this.offsets.push(offset);
      offset += data.runs.grids[grid].length;
    }
    this.values = new Map();
  }

  steps(run) {
    return this.data.runs.grids[this.data.runs.grid[run]];
  }

  // A run's curve of a measure, counted in the page's order: [step, value] where there is a value.
  curve(run, measure) {
    if (!this.values.has(measure)) this.values.set(measure, decoded(this.data.measures[measure]));
    const values = this.values.get(measure);
    const curve = this.steps(run).map((step, i) => [step, values[this.offsets[run] + i]]);
    return curve.filter(([, value]) => !Number.isNaN(value));
  }

  // Middle and band over runs at the steps that at least half of them have.
  band(runs, measure) {
    const byStep = new Map();
    for (const run of runs) {
      for (const [step, value] of this.curve(run, measure)) {
        if (!byStep.has(step)) byStep.set(step, []);
        byStep.get(step).push(value);
      }
    }
    const [low, high] = runs.length >= this.data.few ? [0.1, 0.9] : [0, 1];
    const kept = [...byStep].filter(([, values]) => 2 * values.length >= runs.length).sort((a, b) => a[0] - b[0]);
    return kept.map(([step, values]) => {
      values.sort((a, b) => a - b);
      const middle = middleOf(values, this.data.measures[measure].geometric);
      return { step, middle, low: quantile(values, low), high: quantile(values, high), runs: values.length };
    });
  }

  // A run's last value of a measure; NaN where it has none.
  last(run, measure) {
    const curve = this.curve(run, measure);
    return curve.length ? curve[curve.length - 1][1] : NaN;
  }

  // The middle of final values, as the lines have it; a run that diverged counts as worse than any that finished, and Infinity says
  // that the median one did.
  final(runs, measure) {
    const { better, geometric } = this.data.measures[measure];
    const sign = better === "higher" ? -1 : 1;
    const ends = runs.map((run) => (this.data.runs.diverged[run] ? Infinity : sign * this.last(run, measure)));
    const known = ends.filter((end) => !Number.isNaN(end)).sort((a, b) => a - b);
    if (!known.length) return NaN;
    const median = quantile(known, 0.5);
    if (!Number.isFinite(median)) return Infinity;
    return geometric ? middleOf(known.filter(Number.isFinite).map((end) => sign * end), true) : sign * median;
  }

  // The words in which runs differ, of one run: "loss=cross_entropy seed=3".
  words(run) {
    const every = Object.entries(this.data.words).map(([name, { values, codes }]) => [name, values[codes[run]]]);
    return every.filter(([, value]) => value !== ""); // an option that its loss does not have
  }
}

const DIGITS = new Intl.NumberFormat("en", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });

function counted(number) {
  return number.toLocaleString("en");
}

function spelt(value, measure) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return "diverged";
  if (measure.share) return `${(100 * value).toFixed(1)}\u00a0%`; // never parted at the end of a line
  if (value === 0) return "0";
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6 ? DIGITS.format(value) : value.toExponential(2);
}
