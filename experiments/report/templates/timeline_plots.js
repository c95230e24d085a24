// The linked plots: what of the run is drawn at the present zoom, and the controls around them.

const MOST_BARS = 300, MOST_LABELS = 40, MOST_BINS = 900, MOST_ROWS = 100, MOST_LAYERS = 8, SETTLE_MS = 150;
const PARTS = [["renewable", "wind and sun used"], ["discharge", "from battery"], ["grid", "from grid"],
  ["charge", "into battery"], ["curtailed", "curtailed"], ["grid_charge", "grid into battery"]];
const BLUES = ["#c6dbef", "#9ecae1", "#6baed6", "#3182bd", "#08519c"];
const GRID = "#D55E00", NEUTRAL = "#9AA5B1";
const PART_COLOURS = { renewable: "#009E73", discharge: "#56B4E9", grid: GRID, charge: "#56B4E9", curtailed: "#F0E442",
  grid_charge: GRID };
const MARK_COLOURS = { notice: "#F0E442", grid_event: "#7B5EA7", outage: "#7F8790" };
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
  604800, 1209600];
const ORDERS = [
  ["submit", "submit", (run, j) => run.jobs.submit[j], false],
  ["wait", "first wait", (run, j) => waited(run, j), true],
  ["cores", "cores", (run, j) => run.jobs.cores[j], true],
  ["work", "run time", (run, j) => (run.jobs.work ? run.jobs.work[j] : NaN), true],
  ["value", "value", (run, j) => (run.jobs.value ? run.jobs.value[j] : NaN), true],
  ["end", "end", (run, j) => run.jobs.gone[j], false],
  ["suspensions", "suspensions", (run, j) => run.jobs.suspensions[j], true],
];

const element = (name) => document.getElementById(`timeline-${name}`);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function node(tag, text, attributes) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  return made;
}

class View {
  constructor(data, model, views) {
    Object.assign(this, { data, model, views, clock: new Clock(data.axis), columns: new Columns(data.columns) });
    this.runs = new Map();
    this.order = "submit"; this.down = false; this.rows = []; this.chosen = null; this.mode = "auto";
    this.range = model("seconds");
    this.plots = ["power", "battery", "queue", "jobs"].map(model);
    const { begin, end } = data.axis, slack = 0.01 * Math.max(end - begin, 1);
    this.whole = [begin - slack, Math.max(end, begin + 1) + slack];
    this.range.setv({ bounds: this.whole, min_interval: 10 });
  }

  async choose(place) {
    if (!this.runs.has(place)) this.runs.set(place, await loadRun(this.data.runs[place], this.columns, this.data.between));
    const id = this.chosen !== null ? String(this.run.jobs.id[this.chosen]) : null;
    this.run = this.runs.get(place);
    this.chosen = null;
    const { power } = this.run;
    let peak = 0;
    for (let i = 0; i < power.edges.length - 1; i++) peak = Math.max(peak, power.renewable[i] + power.discharge[i] + power.grid[i]);
    [this.factor, this.unit] = peak >= 1e6 ? [1e6, "M"] : peak >= 1e3 ? [1e3, "k"] : [1, ""];
    this.sizes = this.run.jobs ? sizeClasses(this.run.jobs.cores) : null;
    this.layout();
    this.draw();
    if (id !== null) this.keep(this.run.jobs ? this.run.jobs.id.findIndex((one) => String(one) === id) : -1);
  }

  // What depends on the run but not on the zoom: labels, marks, plots that do not apply.
  layout() {
    const { run, model } = this;
    model("power").left[0].axis_label = run.supply ? `power (${this.unit}W),\nunused below 0` : `draw (${this.unit}W)`;
    model("part2").glyph.fill_color = { value: run.supply ? GRID : NEUTRAL };
    model("battery").left[0].axis_label = `battery\n(${this.unit}Wh)`;
    model("queue").left[0].axis_label = "jobs waiting";
    model("battery").visible = Boolean(run.battery_wh);
    this.plots[3].below[0].axis_label = this.clock.dated ? `date (${this.data.axis.zone})` : "time since the run's start";
    for (const plot of this.plots) {
      model(`${plot.name}_marks`).data = { from: run.marks.map((m) => m.from), to: run.marks.map((m) => m.to),
        colour: run.marks.map((m) => MARK_COLOURS[m.kind]) };
    }
  }

  draw() {
    const started = performance.now(), from = this.range.start, to = this.range.end;
    const width = Math.max(200, this.plots[0].inner_width || 800);
    this.ticks(from, to, width);
    this.drawPower(edgesInView(this.run.power.edges, from, to, MOST_BINS));
    const { begin, end } = this.data.axis;
    if (this.run.jobs) this.drawJobs(Math.max(from, begin), Math.min(to, Math.max(end, begin + 1)));
    else this.clearJobs();
    document.documentElement.dataset.timelineMs = (performance.now() - started).toFixed(1);
  }

  drawPower(x) {
    const { run, model, factor } = this, { power } = run;
    const mean = (name) => meansIn(power.edges, power[name], x);
    const parts = Object.fromEntries(PARTS.map(([name]) => [name, mean(name)]));
    const data = { x }, count = Math.max(x.length - 1, 0), repeat = (array) => {
      const longer = new Float64Array(x.length);
      longer.set(array);
      if (count) longer[count] = array[count - 1];
      return longer;
    };
    let up = new Float64Array(count), below = new Float64Array(count);
    PARTS.forEach(([name], layer) => {
      const base = layer < 3 ? up : below;
      const next = base.map((value, i) => value + (layer < 3 ? 1 : -1) * parts[name][i] / factor);
      data[`y${layer}`] = repeat(base); data[`z${layer}`] = repeat(next);
      if (layer < 3) up = next; else below = next;
    });
    data.draw = repeat(up);
    data.supply = repeat(parts.renewable.map((v, i) => run.supply ? (v + parts.charge[i] + parts.curtailed[i]) / factor : NaN));
    model("power_data").data = data;
    const top = Math.max(1e-9, ...up, ...(run.supply ? data.supply : [0]));
    const bottom = Math.min(0, ...below);
    model("power_range").setv({ start: bottom * 1.05, end: top * 1.05 });
    // The content is known at the edges; in bins its mean stands at their beginning.
    const content = Float64Array.from(x, (time) => contentAt(run, Math.min(time, run.end_s)) / factor);
    model("battery_data").data = { x, zero: new Float64Array(x.length), content };
    model("battery_range").setv({ start: 0, end: Math.max(1e-9, (run.battery_wh || 0) / factor) * 1.02 });
    const queued = repeat(mean("queued")), asked = repeat(mean("asked"));
    model("queue_data").data = { x, zero: new Float64Array(x.length), queued, asked };
    model("queue_range").setv({ start: 0, end: Math.max(1, ...queued) * 1.06 });
    model("asked_range").setv({ start: 0, end: Math.max(1, ...asked) * 1.06 });
    this.bin = run.bin_s || (x.length - 1 === MOST_BINS ? x[1] - x[0] : null);
  }

  drawJobs(from, to) {
    const list = jobsInView(this.run, from, to), bars = this.mode === "bars" || (this.mode === "auto" && list.length <= MOST_BARS);
    this.inView = list;
    const [, , key] = ORDERS.find(([name]) => name === this.order);
    this.sorted = (most) => firstByKey(list, (j) => key(this.run, j), this.down, most);
    if (bars) this.drawBars(this.sorted(MOST_BARS)); else this.drawLayers(from, to);
    this.say(list.length, bars);
    this.table();
  }

  drawBars(rows) {
    const { run, model, data } = this, { pieces, jobs } = run;
    this.rows = rows;
    model("layers_data").data = emptyLayers();
    const bars = { left: [], right: [], top: [], bottom: [], colour: [], alpha: [] };
    const points = { x: [], y: [], marker: [], colour: [] };
    rows.forEach((j, row) => {
      const status = category(jobs, "status", j), colour = data.colours[status] || NEUTRAL;
      for (let i = pieces.first[j]; i < pieces.first[j + 1]; i++) {
        const state = pieces.state[i], half = [rows.length > 100 ? 0.25 : 0.12, 0.39, 0.25][state];
        if (pieces.to[i] === pieces.from[i]) { points.x.push(pieces.from[i]); points.y.push(row); points.marker.push("dash"); points.colour.push(colour); continue; }
        bars.left.push(pieces.from[i]); bars.right.push(pieces.to[i]);
        bars.top.push(row - half); bars.bottom.push(row + half);
        bars.colour.push([data.colours.waiting, colour, data.colours.suspended][state]);
        bars.alpha.push(state === RUNNING && pieces.level[i] > 0 ? 0.55 : 1);
      }
      if (status !== "completed" && status !== "unfinished" && !Number.isNaN(jobs.gone[j])) {
        points.x.push(jobs.gone[j]); points.y.push(row); points.marker.push("x"); points.colour.push(status === "rejected" ? css("--soft") : colour);
      }
    });
    const slowed = bars.alpha.some((alpha) => alpha < 1);
    model("bars_data").data = bars;
    model("points_data").data = points;
    model("jobs_range").setv({ start: Math.max(rows.length, 8) - 0.4, end: -0.6 });
    const labels = rows.length <= MOST_LABELS;
    model("rows_ticks").ticks = labels ? rows.map((_, row) => row) : [];
    model("rows_axis").major_label_overrides = new Map(rows.map((j, row) => [row, cut(String(jobs.id[j]), 9)]));
    model("rows_axis").setv({ visible: true, axis_label: labels ? "job" : "a row a job" });
    model("cores_axis").visible = false;
    this.highlight();
    const seen = new Set(rows.map((j) => category(jobs, "status", j))), suspended = rows.some((j) => jobs.suspensions[j] > 0);
    this.legend([...[...seen].map((status) => [data.colours[status] || NEUTRAL, `job ${status}`]),
      ...(slowed ? [["#7FB8D9", "at a reduced speed"]] : []), ...(suspended ? [[data.colours.suspended, "suspended"]] : []), [data.colours.waiting, "waiting"]]);
  }

  drawLayers(from, to) {
    const { run, model, data } = this, byStatus = this.mode === "status";
    this.rows = [];
    const names = byStatus ? run.jobs.status_names : this.sizes.names, layers = Math.min(names.length, MOST_LAYERS);
    const colours = byStatus ? names.map((name) => data.colours[name] || NEUTRAL) : BLUES.slice(-layers);
    const bins = Math.min(MOST_BINS, Math.max(1, Math.round(to - from)));
    const cores = coresAtWork(run, byStatus ? run.jobs.status : this.sizes.of, names.length, from, to, bins);
    const filled = emptyLayers();
    filled.x = Float64Array.from({ length: bins + 1 }, (_, i) => from + (to - from) * i / bins);
    let base = new Float64Array(bins + 1);
    for (let layer = 0; layer < MOST_LAYERS; layer++) {
      const next = base.map((value, i) => value + (layer < layers ? cores[layer][Math.min(i, bins - 1)] : 0));
      filled[`y${layer}`] = base; filled[`z${layer}`] = next;
      if (layer < layers) model(`layer${layer}`).glyph.fill_color = { value: colours[layer] };
      base = next;
    }
    model("layers_data").data = filled;
    model("bars_data").data = { left: [], right: [], top: [], bottom: [], colour: [], alpha: [] };
    model("points_data").data = { x: [], y: [], marker: [], colour: [] };
    model("chosen_data").data = { left: [], right: [], top: [], bottom: [] };
    const most = Math.max(run.cores || 0, ...base, 1);
    model("jobs_range").setv({ start: 0, end: most * 1.04 });
    model("rows_axis").visible = false;
    model("cores_axis").setv({ visible: true, axis_label: "cores at work" });
    this.legend(names.slice(0, layers).map((name, i) => [colours[i], byStatus ? `cores of jobs ${name}` : `jobs of ${name} cores`]));
  }

  // Cores at work of a run whose jobs were left out of the page.
  clearJobs() {
    this.rows = []; this.inView = [];
    for (const [name, columns] of [["bars_data", "left right top bottom colour alpha"], ["points_data", "x y marker colour"], ["chosen_data", "left right top bottom"]]) {
      this.model(name).data = Object.fromEntries(columns.split(" ").map((column) => [column, []]));
    }
    const filled = emptyLayers(), { power } = this.run, x = edgesInView(power.edges, this.range.start, this.range.end, MOST_BINS);
    const used = meansIn(power.edges, power.used, x), longer = Float64Array.from([...used, used[used.length - 1] || 0]);
    filled.x = x;
    for (let layer = 0; layer < MOST_LAYERS; layer++) { filled[`y${layer}`] = layer ? longer : new Float64Array(x.length); filled[`z${layer}`] = longer; }
    this.model("layer0").glyph.fill_color = { value: BLUES[3] };
    this.model("layers_data").data = filled;
    this.model("jobs_range").setv({ start: 0, end: Math.max(this.run.cores || 0, ...longer, 1) * 1.04 });
    this.model("rows_axis").visible = false;
    this.model("cores_axis").setv({ visible: true, axis_label: "cores at work" });
    this.legend([[BLUES[3], "cores at work"]]);
    element("state").textContent = `${this.span()}: the page has no single jobs of this run.`;
    this.table();
  }

  say(jobs, bars) {
    const what = !bars ? "; zoom in for single bars" : jobs > MOST_BARS ? `; bars of the first ${MOST_BARS} in order` : "";
    const bin = this.bin ? ` Power and queue are means over ${duration(this.bin)}.` : "";
    element("state").textContent = `${this.span()}: ${count(jobs, "job", "jobs")} in view${what}.${bin}`;
  }

  // The run and the time in view, as text.
  span() {
    const { begin, end } = this.data.axis, { clock, range } = this;
    return `${this.run.name}, ${clock.text(Math.max(range.start, begin))} to ${clock.text(Math.min(range.end, end))}`;
  }

  ticks(from, to, width) {
    const most = Math.max(3, Math.floor(width / 85)), found = this.clock.dated ? datedTicks(this.clock, from, to, most)
      : elapsedTicks(this.data.axis.begin, from, to, most);
    for (const plot of this.plots) this.model(`${plot.name}_ticks`).ticks = found.map(([second]) => second);
    this.plots[3].below[0].major_label_overrides = new Map(found);
  }

  legend(entries) {
    const { run } = this, power = run.supply
      ? PARTS.filter(([name]) => run.power[name].some((value) => value > 0)).map(([name, text]) => [name, text]) : [["grid", "draw"]];
    const marks = [...new Set(run.marks.map((mark) => mark.kind))].map((kind) => [MARK_COLOURS[kind], kind.replace("_", " ")]);
    const item = (colour, text, extra) => {
      const made = node("span", undefined, { class: "item" }), box = node("i", undefined, { class: extra || "" });
      box.style.setProperty("--c", colour);
      made.append(box, document.createTextNode(text));
      return made;
    };
    element("legend").replaceChildren(
      ...power.map(([name, text]) => item(run.supply ? PART_COLOURS[name] : NEUTRAL, text, name === "charge" || name === "grid_charge" ? "hatched" : "")),
      ...(run.supply ? [item("var(--ink)", "draw", "line"), item("#B07A1E", "supply", "line")] : []),
      item("#E08A3C", "jobs waiting", "line"), item("#C4CAD0", "cores asked"),
      ...entries.map(([c, text]) => item(c, text)), ...marks.map(([c, text]) => item(c, text)));
  }

  // The job of a bar at a place of the plot of jobs; -1 where there is none.
  jobAt(second, y) {
    const j = this.rows[Math.round(y)];
    if (j === undefined) return -1;
    const { jobs } = this.run, since = Number.isNaN(jobs.arrive[j]) ? jobs.gone[j] : jobs.arrive[j];
    const until = Number.isNaN(jobs.gone[j]) ? this.run.end_s : jobs.gone[j], near = 6 * (this.range.end - this.range.start) / 1000;
    return second >= since - near && second <= until + near ? j : -1;
  }

  // Keeps a job in the panel below the plots; -1 clears it.
  keep(j) {
    this.chosen = j >= 0 ? j : null;
    const place = element("job");
    place.replaceChildren();
    if (this.chosen !== null) place.append(node("h3", `Job ${this.run.jobs.id[j]} under ${this.run.name}`), ...this.describe(j));
    this.highlight();
  }

  highlight() {
    const row = this.chosen === null ? -1 : this.rows.indexOf(this.chosen), none = { left: [], right: [], top: [], bottom: [] };
    this.model("chosen_data").data = row < 0 ? none : { left: [this.whole[0]], right: [this.whole[1]], top: [row - 0.5], bottom: [row + 0.5] };
  }

  describe(j) {
    const list = node("dl");
    for (const [name, text] of jobFields(this.run, j, this.clock)) list.append(node("dt", name), node("dd", text));
    const story = node("ul");
    for (const sentence of jobStory(this.run, j, this.clock, this.data.between)) story.append(node("li", sentence));
    return [list, story];
  }

  // The first jobs in view as a table, whose headings sort it and the bars.
  table() {
    clearTimeout(this.later);
    if (!element("table").open) return;
    this.later = setTimeout(() => this.fillTable(), SETTLE_MS);
  }

  fillTable() {
    const table = element("table").querySelector("table"), { run } = this, { jobs } = run;
    const rows = jobs ? this.sorted(MOST_ROWS) : [];
    element("rows").textContent = jobs ? `${rows.length} of ${count(this.inView.length, "job", "jobs")} in view` : "The page has no single jobs of this run.";
    const head = node("tr");
    head.append(node("th", "job", { scope: "col" }));
    for (const [name, text] of ORDERS) {
      const cell = node("th", undefined, { scope: "col" }), button = node("button", text, { type: "button", "data-order": name });
      if (name === this.order) cell.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      cell.append(button);
      head.append(cell);
    }
    head.append(node("th", "status", { scope: "col" }));
    table.tHead.replaceChildren(head);
    const texts = { submit: (j) => this.clock.text(jobs.submit[j]), wait: (j) => duration(waited(run, j)), cores: (j) => jobs.cores[j].toLocaleString("en"),
      work: (j) => (jobs.work ? duration(jobs.work[j]) : "–"), value: (j) => (jobs.value && !Number.isNaN(jobs.value[j]) ? jobs.value[j].toFixed(3) : "–"),
      end: (j) => this.clock.text(jobs.gone[j]), suspensions: (j) => String(jobs.suspensions[j] || 0) };
    table.tBodies[0].replaceChildren(...rows.map((j) => {
      const line = node("tr"), cell = node("th", undefined, { scope: "row" });
      cell.append(node("button", String(jobs.id[j]), { type: "button", "data-job": j }));
      line.append(cell, ...ORDERS.map(([name]) => node("td", texts[name](j), { class: "num" })), node("td", category(jobs, "status", j)));
      return line;
    }));
  }

  sortBy(name, down) {
    this.order = name; this.down = down;
    element("order").value = name;
    this.draw();
  }

  zoom(how) {
    const { start, end } = this.range, span = end - start, middle = (start + end) / 2;
    const next = { in: [middle - span / 4, middle + span / 4], out: [middle - span, middle + span],
      left: [start - span / 2, end - span / 2], right: [start + span / 2, end + span / 2], all: this.whole }[how];
    this.show(next[0], next[1]);
  }

  show(from, to) {
    const span = Math.min(Math.max(to - from, 10), this.whole[1] - this.whole[0]);
    const start = Math.min(Math.max(from, this.whole[0]), this.whole[1] - span);
    this.range.setv({ start, end: start + span });
  }

  find(text) {
    const { jobs } = this.run, j = jobs ? jobs.id.findIndex((one) => String(one) === text.trim()) : -1;
    if (j < 0) { element("state").textContent = `No job ${cut(text.trim(), 30)} in this run.`; return; }
    const since = Number.isNaN(jobs.arrive[j]) ? jobs.submit[j] : jobs.arrive[j], until = Number.isNaN(jobs.gone[j]) ? this.run.end_s : jobs.gone[j];
    const slack = Math.max(until - since, 600) * 0.5;
    this.show(since - slack, until + slack);
    this.keep(j);
  }

  // Colours of the page, light or dark.
  colour() {
    const soft = css("--soft"), line = css("--line"), back = css("--back");
    for (const plot of this.plots) {
      plot.setv({ background_fill_color: back, border_fill_color: back, outline_line_color: line });
      for (const axis of [...plot.left, ...plot.below, ...plot.right]) {
        axis.setv({ axis_label_text_color: soft, major_label_text_color: soft, axis_line_color: soft, major_tick_line_color: soft, minor_tick_line_color: null });
      }
      for (const grid of plot.center) grid.setv({ grid_line_color: line });
    }
    const dark = this.dark();
    this.model("draw_light").visible = !dark;
    this.model("draw_dark").visible = dark;
  }

  dark() { return !document.documentElement.classList.contains("paper") && matchMedia("(prefers-color-scheme: dark)").matches; }

  // Pictures of the plots in place of them, for paper: drawn anew as SVG, in light colours.
  picture() {
    const images = this.plots.filter((plot) => plot.visible).map((plot) => {
      const text = this.views(plot).export("svg", false).ctx.get_serialized_svg(true);
      const image = node("img", undefined, { alt: `${plot.name} over time` });
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
      return image;
    });
    element("print").replaceChildren(...images);
  }
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// Layers of one point at zero: Bokeh draws an area of steps without any point for ever.
function emptyLayers() {
  const data = { x: [0] };
  for (let layer = 0; layer < MOST_LAYERS; layer++) data[`y${layer}`] = data[`z${layer}`] = [0];
  return data;
}

// Classes of jobs by cores: 1, 2 to 4, 5 to 16 and so on; the smallest are merged where there are more than five.
function sizeClasses(cores) {
  const power = Uint8Array.from(cores, (size) => Math.ceil(Math.log2(Math.max(size, 1)) / 2));
  let present = [...new Set(power)].sort((a, b) => a - b);
  const merged = present.length > BLUES.length;
  if (merged) present = present.slice(-BLUES.length);
  const names = present.map((exponent, i) => {
    const first = exponent === 0 || (merged && i === 0) ? 1 : 4 ** (exponent - 1) + 1;
    return exponent ? `${first.toLocaleString("en")} to ${(4 ** exponent).toLocaleString("en")}` : "1";
  });
  return { names, of: power.map((exponent) => present.indexOf(Math.max(exponent, present[0]))) };
}

// Ticks as pairs of second and text: round times of the zone's wall clock, at most `most`.
function datedTicks(clock, from, to, most) {
  const first = clock.local(from), last = clock.local(to), ticks = [];
  if (!(last > first)) return ticks;
  const step = STEPS_S.find((one) => (last - first) / one <= most);
  const put = (local) => {
    const date = new Date(local * 1000), midnight = local % 86400 === 0, day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
    const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${step < 60 ? `:${two(date.getUTCSeconds())}` : ""}`;
    const text = step === undefined ? MONTHS[date.getUTCMonth()] : midnight ? day : time;
    const under = ticks.length === 0 ? `\n${step < 86400 && !midnight ? `${day} ` : ""}${date.getUTCFullYear()}`
      : step === undefined && date.getUTCMonth() === 0 ? `\n${date.getUTCFullYear()}` : "";
    ticks.push([clock.second(local), text + under]);
  };
  if (step !== undefined) {
    for (let local = Math.ceil(first / step) * step; local <= last; local += step) put(local);
    return ticks;
  }
  const months = [1, 2, 3, 6, 12, 24, 60, 120].find((one) => (last - first) / (one * 2629746) <= most) || 240;
  const begin = new Date(first * 1000);
  for (let month = begin.getUTCFullYear() * 12 + Math.ceil(begin.getUTCMonth() / months) * months; ; month += months) {
    const local = Date.UTC(Math.floor(month / 12), month % 12) / 1000;
    if (local > last) return ticks;
    if (local >= first) put(local);
  }
}

function elapsedTicks(begin, from, to, most) {
  if (!(to > from)) return [];
  const span = to - from, [unit, name] = span <= 180 ? [1, "s"] : span <= 10800 ? [60, "min"] : span <= 345600 ? [3600, "h"] : [86400, "d"];
  let step = unit;
  for (const factor of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]) { step = factor * unit; if (span / step <= most) break; }
  const ticks = [];
  for (let time = Math.ceil((from - begin) / step) * step; time <= to - begin; time += step) ticks.push([begin + time, `${time / unit} ${name}`]);
  return ticks;
}
