// What the explorer draws and writes: the chart, the sentence beneath it, the list of runs, and one run by itself.
"use strict";

const MOST_ABSENT = 3; // losses without a run that are named one by one

Object.assign(Explorer.prototype, {
  // Everything that a panel holds, in the units of its axes.
  shown() {
    const number = this.measure();
    const measure = this.data.measures[number];
    const factor = measure.share ? 100 : 1;
    const logarithmic = this.logarithmic();
    const fits = (value) => Number.isFinite(value) && (!logarithmic || value > 0);
    const parts = { bands: [], lines: [], single: [], ends: [], picked: [] };
    this.data.losses.forEach(({ label }, loss) => {
      const runs = this.selected(loss);
      for (const { step, middle, low, high, runs: n } of this.records.band(runs, number)) {
        const value = spelt(middle, measure);
        const band = n > 1 ? ` (${spelt(low, measure)} to ${spelt(high, measure)}, ${counted(n)}\u00a0runs)` : "";
        const text = `${label}, step ${counted(step)}: ${value}`;
        const run = runs.length === 1 ? runs[0] : -1;
        if (fits(middle)) parts.lines.push({ loss, line: loss, step, value: factor * middle, run, text, tip: text + band });
        if (n > 1 && fits(low) && fits(high)) parts.bands.push({ loss, step, low: factor * low, high: factor * high });
      }
      if (this.state.diverged) this.broken(runs, loss, parts, fits, factor);
    });
    const picked = this.data.runs.id.indexOf(this.state.run);
    if (picked >= 0) parts.picked = this.path(picked, fits, factor);
    return { ...parts, measure, logarithmic };
  },

  path(run, fits, factor) {
    const loss = this.data.runs.loss[run];
    const measure = this.data.measures[this.measure()];
    const { label } = this.data.losses[loss];
    const curve = this.records.curve(run, this.measure()).filter(([, value]) => fits(value));
    return curve.map(([step, value]) => {
      const text = `${label}, run ${this.data.runs.id[run]}, step ${counted(step)}: ${spelt(value, measure)}`;
      return { loss, line: `run ${run}`, step, value: factor * value, run, text, tip: text };
    });
  },

  broken(runs, loss, parts, fits, factor) {
    for (const run of runs.filter((one) => this.data.runs.diverged[one])) {
      const path = this.path(run, fits, factor);
      parts.single.push(...path);
      parts.ends.push(...path.slice(-1));
    }
  },

  draw() {
    const paint = colours();
    [...$("legend").children].forEach((key, loss) => {
      key.firstChild.firstChild.setAttribute("stroke", visible(this.data.losses[loss].colour, paint.dark)); // as its line has it
    });
    const { measure, logarithmic, ...parts } = this.shown();
    $("chart").setAttribute("aria-label", this.description(measure));
    const values = [...parts.lines, ...parts.single, ...parts.picked].map(({ value }) => value);
    $("meaning").textContent = values.length || !logarithmic ? this.meaning(measure, parts.ends.length > 0) : "Nothing to draw: no value is above 0, and a logarithmic height has no 0.";
    const edges = parts.bands.flatMap(({ low, high }) => [low, high]);
    const last = [...parts.lines, ...parts.single, ...parts.picked].reduce((most, { step }) => Math.max(most, step), 1);
    const common = {
      last: parts.ends.length ? this.beyond(last) : last, stepsLogarithmic: this.state.steps === "log", ...this.titles(measure),
      scale: scaleOf([...values, ...edges], logarithmic), ink: paint.ink,
    };
    this.curves = curvesOf([...parts.lines, ...parts.single, ...parts.picked]);
    const panels = this.state.panels === "each" ? this.data.losses.map((_, loss) => loss) : [this.data.losses.findIndex(({ label }) => label === this.state.apart)];
    const drawn = panels.map((apart, number) => this.one(parts, common, apart, number, paint));
    const width = Math.max(240, $("chart").clientWidth);
    $("chart").classList.toggle("panels", drawn.length > 1);
    const spec = specification(drawn, width, paint, this.state.panels === "each" ? `${this.titled(measure)}, by training steps` : "");
    const asked = (this.asked = (this.asked ?? 0) + 1);
    const options = { actions: false, ast: true, renderer: "svg", tooltip: { theme: paint.dark ? "dark" : "light" } };
    const holder = element("div", null);
    this.ready = vegaEmbed(holder, spec, options).then(({ view, finalize }) => {
      if (asked !== this.asked) return finalize();
      this.drawn?.();
      this.drawn = finalize;
      view.addEventListener("click", (_, item) => this.pick(item?.datum?.run ?? item?.datum?.datum?.run));
      $("chart").replaceChildren(holder);
      this.view = view;
      this.pointAgain();
      $("chart").dataset.drawn = asked;
      return undefined;
    });
  },

  // A little further along the axis than the last step, so that a cross there is whole.
  beyond(last) {
    return this.state.steps === "log" ? (1 + last) ** 1.05 - 1 : 1.05 * last;
  },

  // The chart's name for those who hear the page.
  description(measure) {
    const rate = this.rates.length ? `learning rate ${$("rate-value").textContent}` : "";
    const seeds = $("seed").selectedOptions[0].textContent;
    const parts = [this.state.setting, rate, seeds.startsWith("all") ? "all seeds, median and band" : seeds];
    return `${measure.title} by training step: ${parts.filter(Boolean).join(", ")}`;
  },

  titled(measure) {
    return measure.share ? `${measure.title} (%)` : measure.title;
  },

  // Axes are named where there is room: of many small panels none is, and a line above them all names both.
  titles(measure) {
    if (this.state.panels === "each") return { title: null, stepTitle: null };
    return { title: this.titled(measure), stepTitle: "training steps" };
  },

  // What lines and bands are, of the runs that are shown.
  meaning(measure, crossed) {
    const crosses = crossed ? " Each thin line is a run that diverged, up to its cross." : "";
    const sizes = this.data.losses.map((_, loss) => this.selected(loss).length).filter((size) => size > 1);
    if (!sizes.length) return crosses.trim();
    const lines = `Lines are ${measure.geometric ? "geometric means" : "medians"} over runs`;
    if (this.many && this.state.panels === "one" && !this.state.apart) return `${lines}.${crosses}`;
    const whole = "from the smallest value to the largest";
    const inner = "from the 10th percentile to the 90th";
    const { few } = this.data;
    const some = sizes.some((size) => size < few) ? whole : inner;
    const more = some === whole && sizes.some((size) => size >= few) ? `, of ${few} runs or more ${inner}` : "";
    return `${lines}, bands reach ${some}${more}.${crosses}`;
  },

  // A panel in which one loss is set apart from the others, or none (−1). Faded lines come first, so that the others lie over them.
  one(parts, common, apart, number, paint) {
    const faded = (loss) => apart >= 0 && loss !== apart;
    const losses = this.data.losses.map(({ colour, dash }, loss) => [loss, faded(loss) ? FADED[paint.dark ? "dark" : "light"] : visible(colour, paint.dark), dash.length ? dash : [1, 0]]);
    const order = (rows) => [...rows.filter(({ loss }) => faded(loss)), ...rows.filter(({ loss }) => !faded(loss))];
    const own = Object.fromEntries(Object.entries(parts).map(([name, rows]) => [name, order(rows)]));
    own.bands = own.bands.filter(({ loss }) => !faded(loss) && (apart >= 0 || !this.many));
    own.read = own.lines.concat(own.single);
    const each = this.state.panels === "each";
    // A panel's own loss is what is read in it, and a run stands in its loss's panel.
    if (each) for (const name of ["read", "picked"]) own[name] = own[name].filter(({ loss }) => loss === apart);
    const title = each ? this.data.losses[apart].label : "";
    return { title, ...panel({ ...own, ...common }, losses, number) };
  },

  pick(run) {
    if (run === undefined || run < 0) return;
    this.change({ run: this.data.runs.id[run] });
  },

  tell() {
    const number = this.measure();
    const measure = this.data.measures[number];
    const absent = this.data.losses.filter((_, loss) => !this.selected(loss).length);
    const ends = this.data.losses.map(({ label }, loss) => {
      const runs = this.selected(loss);
      const broken = runs.filter((run) => this.data.runs.diverged[run]).length;
      const more = broken ? `${counted(broken)}\u00a0of\u00a0${counted(runs.length)} diverged` : "";
      const end = this.records.final(runs, number);
      if (!runs.length) return absent.length > MOST_ABSENT ? "" : `${label}: no such run`;
      if (Number.isNaN(end)) return `${label}: not recorded`;
      return end === Infinity ? `${label}: ${more}` : `${label}\u00a0${spelt(end, measure)}${more && `, ${more}`}`;
    });
    const others = absent.length > MOST_ABSENT ? [`${counted(absent.length)} losses: no such run`] : [];
    $("final").textContent = `Final ${measure.title}: ${[...ends, ...others].filter(Boolean).join("; ")}.`;
  },

  list() {
    const { runs, losses, rates } = this.data;
    const number = this.measure();
    const every = losses.flatMap((_, loss) => this.selected(loss));
    const { names } = this.blocks();
    const rows = every.slice(0, MOST_LISTED).map((run) => {
      const button = element("button", runs.id[run], { type: "button" });
      button.addEventListener("click", () => {
        this.change({ run: runs.id[run] });
        $("run-close").focus(); // the list is made anew: a keyboard's place in it is gone
      });
      const row = element("tr", null);
      const head = element("th", null, { scope: "row" });
      head.append(button);
      const end = runs.diverged[run] ? "diverged" : spelt(this.records.last(run, number), this.data.measures[number]);
      const cells = [losses[runs.loss[run]].label, rates[runs.rate[run]] ?? "–", names[run], end];
      row.append(head, ...cells.map((text) => element("td", String(text))));
      return row;
    });
    $("runs").replaceChildren(...rows);
    $("count").textContent = every.length > MOST_LISTED ? `Runs: the first ${MOST_LISTED} of ${counted(every.length)}` : `Runs: ${counted(every.length)}`;
  },

  // One run: its words, and its last value of everything.
  describe() {
    const run = this.data.runs.id.indexOf(this.state.run);
    $("run").hidden = run < 0;
    if (run < 0) return;
    const steps = this.records.steps(run);
    const end = steps.length ? `step ${counted(steps[steps.length - 1])}` : "the first step";
    $("run-id").textContent = this.state.run;
    $("run-outcome").textContent = this.data.runs.diverged[run] ? `It diverged; last recorded is ${end}.` : `It finished at ${end}.`;
    $("run-line").hidden = !this.records.curve(run, this.measure()).length;
    $("run-words").textContent = this.records.words(run).map(([name, value]) => `${name}=${value}`).join(" ");
    const rows = this.data.measures.map((measure, number) => {
      const pair = element("div", null);
      pair.append(element("dt", measure.title), element("dd", spelt(this.records.last(run, number), measure)));
      return pair;
    });
    $("run-values").replaceChildren(...rows);
  },
});

const explorer = document.getElementById("explore");
explorer.hidden = false;
window.explorer = new Explorer(JSON.parse(document.getElementById("records").textContent));
if (location.hash.startsWith(PREFIX)) explorer.scrollIntoView();
$("run-close").addEventListener("click", () => {
  window.explorer.change({ run: "" });
  $("count").focus();
});
