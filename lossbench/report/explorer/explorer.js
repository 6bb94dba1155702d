// The controls, what they show, and the state in the address.
"use strict";

const PREFIX = "#explore?";
const MOST_LISTED = 300;
const $ = (name) => document.getElementById(`explore-${name}`);

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

class Explorer {
  constructor(data) {
    this.data = data;
    this.records = new Records(data);
    this.rates = [...(data.own && this.swept() ? ["own"] : []), ...data.rates.map(String)];
    this.many = data.losses.length > data.many;
    this.state = this.initial();
    this.read();
    this.fill();
    this.listen();
    this.listenToKeys();
    this.show();
  }

  swept() {
    return this.data.rates.length > 1;
  }

  initial() {
    return {
      setting: this.data.settings[this.data.plainest], measure: this.data.measures[0].column, rate: this.rates[0] ?? "own", seed: "all",
      height: "", steps: "log", panels: this.many ? "each" : "one", apart: "", diverged: "", run: "",
    };
  }

  blocks() {
    const { seed, split } = this.data.runs;
    const several = split.some((number) => number > 0);
    const names = seed.map((number, i) => (several ? `${number}.${split[i]}` : String(number)));
    return { names, several, every: [...new Set(names)].sort((a, b) => a - b) };
  }

  // The state from the address; what it does not know, or names something that is not there, stays as it was.
  read() {
    if (!location.hash.startsWith(PREFIX)) return;
    const given = new URLSearchParams(location.hash.slice(PREFIX.length));
    const possible = this.possible();
    for (const [name, value] of given) {
      if (Object.hasOwn(possible, name) && possible[name].includes(value)) this.state[name] = value;
    }
    if (given.has("run") && !given.has("setting")) this.beside(this.data.runs.id.indexOf(this.state.run));
  }

  possible() {
    return {
      setting: this.data.settings, measure: this.data.measures.map(({ column }) => column), rate: this.rates,
      seed: ["all", ...this.blocks().every], height: ["", "linear", "log"], steps: ["linear", "log"], panels: ["one", "each"],
      apart: ["", ...this.data.losses.map(({ label }) => label)], diverged: ["", "shown"], run: ["", ...this.data.runs.id],
    };
  }

  write() {
    const first = this.initial();
    const changed = Object.entries(this.state).filter(([name, value]) => value !== first[name]);
    history.replaceState(null, "", changed.length ? PREFIX + new URLSearchParams(changed) : "#explore");
  }

  options(name, values, texts) {
    $(name).replaceChildren(...values.map((value, i) => element("option", texts[i], { value })));
    $(name).closest("label").hidden = values.length < 2;
  }

  fill() {
    const { every, several } = this.blocks();
    this.options("setting", this.data.settings, this.data.settings);
    this.options("measure", this.data.measures.map(({ column }) => column), this.data.measures.map(({ title }) => title));
    const spoken = every.map((name) => (several ? `seed ${name.split(".")[0]}, split ${name.split(".")[1]}` : `seed ${name}`));
    this.options("seed", ["all", ...every], [every.length > 1 ? "all, median and band" : spoken[0], ...spoken]);
    if (every.length < 2) $("seed").closest("label").hidden = true; // the only one is all of them
    $("rate").max = this.rates.length - 1;
    $("rate").closest("label").hidden = this.rates.length < 2;
    $("panels").closest("label").hidden = this.data.losses.length < 2;
    $("diverged").closest("label").hidden = !this.data.runs.diverged.some(Boolean);
    $("legend").replaceChildren(...this.data.losses.map(({ label, dash }) => this.key(label, dash)));
    $("thinned").textContent = this.data.thinned;
  }

  // Of many losses some have one colour: their dashes tell them apart.
  key(label, dash) {
    const button = element("button", null, { type: "button" });
    const [sample, line] = ["svg", "line"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    for (const [name, value] of Object.entries({ x2: 26, y1: 5, y2: 5, "stroke-width": 2.5, "stroke-dasharray": dash.join(" ") })) line.setAttribute(name, value);
    sample.append(line);
    sample.setAttribute("aria-hidden", "true");
    button.append(sample, label);
    // Among panels of one loss each nothing can be set apart.
    button.addEventListener("click", () => this.change(this.state.apart === label ? { apart: "" } : { apart: label, panels: "one" }));
    return button;
  }

  listen() {
    for (const name of ["setting", "measure", "seed", "height", "steps", "panels"]) {
      $(name).addEventListener("change", () => this.change({ [name]: $(name).value }));
    }
    $("rate").addEventListener("input", () => this.change({ rate: this.rates[Number($("rate").value)] }));
    $("diverged").addEventListener("change", () => this.change({ diverged: $("diverged").checked ? "shown" : "" }));
    $("reset").addEventListener("click", () => this.change(this.initial()));
    addEventListener("hashchange", () => {
      this.read();
      this.show();
    });
    let waiting = 0;
    const again = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.draw(), 150);
    };
    addEventListener("resize", again);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  }

  change(changes) {
    Object.assign(this.state, changes);
    this.write();
    this.show();
  }

  // The setting, rate and seed of a run, so that it is seen beside its like.
  beside(run) {
    if (run < 0) return;
    const { setting, rate } = this.data.runs;
    const own = this.rates.includes(String(this.data.rates[rate[run]])) ? String(this.data.rates[rate[run]]) : this.state.rate;
    Object.assign(this.state, { setting: this.data.settings[setting[run]], rate: own });
  }

  show() {
    for (const name of ["setting", "measure", "seed", "steps", "panels"]) $(name).value = this.state[name];
    $("height").value = this.state.height || (this.logarithmic() ? "log" : "linear");
    $("rate").value = this.rates.indexOf(this.state.rate);
    const rate = this.state.rate === "own" ? (this.data.losses.length > 1 ? "each loss at its own" : "the one chosen") : this.state.rate;
    $("rate-value").textContent = rate;
    $("rate").setAttribute("aria-valuetext", rate);
    $("diverged").checked = this.state.diverged === "shown";
    [...$("legend").children].forEach((button, loss) => {
      button.setAttribute("aria-pressed", String(this.state.apart === this.data.losses[loss].label));
    });
    this.tell();
    this.list();
    this.describe();
    this.draw();
  }

  measure() {
    return this.data.measures.findIndex(({ column }) => column === this.state.measure);
  }

  logarithmic() {
    if (this.state.height) return this.state.height === "log";
    const { share, logarithmic, low, high } = this.data.measures[this.measure()];
    return !share && logarithmic && high - low >= Math.log(this.data.wide);
  }

  // The runs of a loss that the controls ask for.
  selected(loss) {
    const { runs } = this.data;
    const setting = this.data.settings.indexOf(this.state.setting);
    const mine = runs.id.map((_, run) => run).filter((run) => runs.setting[run] === setting && runs.loss[run] === loss);
    const { names } = this.blocks();
    const own = this.state.rate === "own" ? runs.rate[mine.find((run) => runs.judges[run])] : this.data.rates.findIndex((rate) => String(rate) === this.state.rate);
    const rated = this.rates.length ? mine.filter((run) => runs.rate[run] === own) : mine;
    if (this.state.seed !== "all") return rated.filter((run) => names[run] === this.state.seed);
    return this.state.rate === "own" ? rated.filter((run) => runs.judges[run]) : rated;
  }
}
