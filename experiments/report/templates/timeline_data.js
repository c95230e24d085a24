// Unpacking of the page's columns, and sums over them. Times are seconds of the workload's clock.
"use strict";

const QUEUED = 0, RUNNING = 1, SUSPENDED = 2;
const NEXT_STATE = { start: RUNNING, resume: RUNNING, suspend: SUSPENDED, shed: SUSPENDED,
  kill: QUEUED, lose: QUEUED, slow: RUNNING, raise: RUNNING };

async function inflate(text) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// A packed column (packed_columns.py) as an array of texts, or of numbers with NaN where there is none.
async function unpack(packed) {
  if (packed.t !== undefined) return JSON.parse(new TextDecoder().decode(await inflate(packed.t)));
  const planes = await inflate(packed.z), missing = packed.m ? await inflate(packed.m) : null;
  const count = packed.n, values = new Float64Array(count), parts = Math.round(1 / packed.q);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    let whole = planes[(packed.w - 1) * count + i];
    if (whole > 127) whole -= 256;
    for (let plane = packed.w - 2; plane >= 0; plane--) whole = whole * 256 + planes[plane * count + i];
    sum = packed.d ? sum + whole : whole;
    values[i] = missing !== null && missing[i] ? NaN : packed.q < 1 ? sum / parts : sum * packed.q;
  }
  return values;
}

// Unpacks the columns that a run names; columns that runs share are unpacked once.
class Columns {
  constructor(packed) { this.packed = packed; this.done = new Map(); }

  one(place) {
    if (!this.done.has(place)) this.done.set(place, unpack(this.packed[place]));
    return this.done.get(place);
  }

  async all(places) {
    const names = Object.keys(places), found = {};
    const values = await Promise.all(names.map((name) => this.one(places[name])));
    names.forEach((name, i) => { found[name] = values[i]; });
    return found;
  }
}

// A run with its steps of power, and with jobs and their pieces where the page has them.
async function loadRun(run, columns, between) {
  const power = await columns.all(run.power), zero = new Float64Array(power.edges.length - 1);
  for (const name of ["renewable", "discharge", "grid", "charge", "curtailed", "grid_charge", "content",
    "queued", "running", "used", "asked"]) power[name] = power[name] || zero;
  const jobs = run.jobs ? withTimes(await columns.all(run.jobs)) : null;
  return { ...run, power, jobs, pieces: jobs && piecesOf(jobs, between, run.end_s) };
}

// Adds the times that the packed differences stand for.
function withTimes(jobs) {
  const count = jobs.submit.length;
  const arrive = new Float64Array(count), start = new Float64Array(count), gone = new Float64Array(count);
  for (let j = 0; j < count; j++) {
    arrive[j] = jobs.submit[j] + jobs.delay[j];
    start[j] = arrive[j] + jobs.wait[j];
    const work = jobs.work && !Number.isNaN(jobs.work[j]) ? jobs.work[j] : 0;
    const begun = Number.isNaN(start[j]) ? (Number.isNaN(arrive[j]) ? jobs.submit[j] : arrive[j]) : start[j];
    gone[j] = begun + jobs.stay[j] + work;
  }
  return Object.assign(jobs, { count, arrive, start, gone });
}

// Pieces of jobs in one state each, by job and time, from `first[job]` to before `first[job + 1]`.
function piecesOf(jobs, between, end) {
  const size = 3 * jobs.count + (jobs.between_job ? 2 * jobs.between_job.length : 0);
  const job = new Int32Array(size), state = new Uint8Array(size), level = new Uint8Array(size);
  const from = new Float64Array(size), to = new Float64Array(size), first = new Int32Array(jobs.count + 1);
  let count = 0, row = 0;
  for (let j = 0; j < jobs.count; j++) {
    first[j] = count;
    const add = (what, since, until, at) => {
      if (until < since || (until === since && what !== RUNNING)) return;
      job[count] = j; state[count] = what; from[count] = since; to[count] = until; level[count] = at;
      count++;
    };
    const last = Number.isNaN(jobs.gone[j]) ? end : jobs.gone[j];
    let now = QUEUED, since = jobs.arrive[j], at = 0;
    if (!Number.isNaN(jobs.start[j])) {
      add(QUEUED, since, jobs.start[j], 0);
      now = RUNNING; since = jobs.start[j]; at = jobs.start_level[j];
    }
    for (; jobs.between_job && row < jobs.between_job.length && jobs.between_job[row] === j; row++) {
      const time = jobs.between_time[row], then = NEXT_STATE[between[jobs.between_code[row]]];
      if (time > since) add(now, since, time, at);
      now = then; since = time; at = jobs.between_level[row];
    }
    if (!Number.isNaN(since)) add(now, since, last, at);
  }
  first[jobs.count] = count;
  return { count, first, job, state, level, from, to };
}

// The place of the step that holds at a time.
function placeOf(edges, time) {
  let low = 0, high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle] <= time) low = middle; else high = middle - 1;
  }
  return low;
}

// Edges for what is in view: the steps' own where they are at most `most`, else `most` equal bins. There are at
// least two, also where the view lies before or after the run.
function edgesInView(edges, from, to, most) {
  const start = Math.max(from, edges[0]), end = Math.min(to, edges[edges.length - 1]);
  if (!(end > start)) return edges.slice(0, 2);
  const first = placeOf(edges, start), last = placeOf(edges, end);
  if (last - first < most) {
    const own = [start];
    for (let i = first + 1; i <= last; i++) if (edges[i] < end) own.push(edges[i]);
    return Float64Array.from([...own, end]);
  }
  return Float64Array.from({ length: most + 1 }, (_, i) => start + (end - start) * i / most);
}

// Means of a step function between the edges x, weighted by time: they keep the energy.
function meansIn(edges, column, x) {
  const means = new Float64Array(Math.max(x.length - 1, 0));
  let place = x.length ? placeOf(edges, x[0]) : 0;
  for (let bin = 0; bin < means.length; bin++) {
    let sum = 0, i = place;
    for (; i < column.length && edges[i] < x[bin + 1]; i++) {
      const length = Math.min(edges[i + 1], x[bin + 1]) - Math.max(edges[i], x[bin]);
      if (length > 0) sum += column[i] * length;
    }
    place = Math.max(i - 1, 0);
    means[bin] = sum / (x[bin + 1] - x[bin]);
  }
  return means;
}

// Mean cores at work in equal bins from `from` to `to`, by layer of the job: layers arrays of `bins` numbers.
function coresAtWork(run, layerOf, layers, from, to, bins) {
  const { pieces, jobs } = run, width = (to - from) / bins;
  const part = Array.from({ length: layers }, () => new Float64Array(bins));
  const change = Array.from({ length: layers }, () => new Float64Array(bins + 1));
  for (let i = 0; i < pieces.count; i++) {
    if (pieces.state[i] !== RUNNING || pieces.to[i] <= from || pieces.from[i] >= to) continue;
    const a = Math.max(pieces.from[i], from), z = Math.min(pieces.to[i], to);
    const first = Math.min(Math.floor((a - from) / width), bins - 1);
    const last = Math.min(Math.floor((z - from) / width), bins - 1);
    const j = pieces.job[i], cores = jobs.cores[j], layer = layerOf[j];
    if (first === last) { part[layer][first] += cores * (z - a); continue; }
    part[layer][first] += cores * (from + (first + 1) * width - a);
    part[layer][last] += cores * (z - from - last * width);
    change[layer][first + 1] += cores;
    change[layer][last] -= cores;
  }
  part.forEach((sums, layer) => {
    let whole = 0;
    for (let bin = 0; bin < bins; bin++) {
      whole += change[layer][bin];
      sums[bin] = sums[bin] / width + whole;
    }
  });
  return part;
}

// Jobs that were queued, running, suspended or refused at some time of the view.
function jobsInView(run, from, to) {
  const { jobs } = run, found = [];
  for (let j = 0; j < jobs.count; j++) {
    const since = Number.isNaN(jobs.arrive[j]) ? jobs.gone[j] : jobs.arrive[j];
    const until = Number.isNaN(jobs.gone[j]) ? run.end_s : jobs.gone[j];
    if (since <= to && until >= from) found.push(j);
  }
  return found;
}

// The `most` first jobs by a key, smallest or largest first; those without a key come last. Ties: file order.
function firstByKey(list, key, down, most) {
  const value = (j) => { const x = key(j); return Number.isNaN(x) ? Infinity : down ? -x : x; };
  let candidates = list;
  if (list.length > 4 * most) {
    const limit = Float64Array.from(list, value).sort()[most - 1];
    candidates = list.filter((j) => value(j) <= limit);
  }
  return candidates.map((j) => [value(j), j]).sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]))
    .slice(0, most).map((pair) => pair[1]);
}
