// Texts: times, numbers, the fields of a job, and why it waited or stopped, as far as the tables tell.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MOST_SENTENCES = 8;
const two = (number) => String(number).padStart(2, "0");

// The clock of the axis: dates of its zone, or time since the start where the run has no calendar.
class Clock {
  constructor(axis) { this.axis = axis; this.dated = axis.origin_ms !== null; }

  offset(second) {
    let found = 0;
    for (const [since, offset] of this.axis.offsets) if (second >= since || found === 0) found = offset;
    return found;
  }

  // Seconds of the zone's wall clock since 1970, and back.
  local(second) { return second + this.axis.origin_ms / 1000 + this.offset(second); }

  second(local) {
    const guess = local - this.axis.origin_ms / 1000;
    return guess - this.offset(guess - this.offset(guess));
  }

  text(second) {
    if (Number.isNaN(second)) return "–";
    const since = Math.round(this.dated ? this.local(second) : second - this.axis.begin), date = new Date(since * 1000);
    if (!this.dated) {
      const days = Math.floor(since / 86400), time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
      return `${days ? `${days} d ` : ""}${time} after the start`;
    }
    return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ` +
      `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  }
}

function duration(seconds) {
  if (Number.isNaN(seconds)) return "–";
  const size = Math.abs(seconds);
  for (const [unit, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (size >= unit) return `${Number((seconds / unit).toPrecision(3))} ${name}`;
  }
  return `${Number(seconds.toPrecision(3))} s`;
}

function amount(value, unit) {
  for (const [factor, prefix] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= factor) return `${(value / factor).toFixed(2)} ${prefix}${unit}`;
  }
  return `${value.toFixed(value && Math.abs(value) < 10 ? 1 : 0)} ${unit}`;
}

const count = (number, one, many) => `${Math.round(number).toLocaleString("en")} ${Math.round(number) === 1 ? one : many}`;

// What holds at an instant, as one line.
function instantText(run, second, clock) {
  const { power } = run, last = power.edges.length - 1;
  if (second < power.edges[0] || second > power.edges[last]) return `${clock.text(second)}: before or after the run`;
  const at = placeOf(power.edges, second), value = (name) => power[name][at];
  const draw = value("renewable") + value("discharge") + value("grid");
  const parts = [`draw ${amount(draw, "W")}`];
  if (run.supply) {
    parts.push(`supply ${amount(value("renewable") + value("charge") + value("curtailed"), "W")}`);
    for (const [name, text] of [["renewable", "wind and sun used"], ["discharge", "from battery"], ["grid", "from grid"],
      ["charge", "into battery"], ["grid_charge", "grid into battery"], ["curtailed", "curtailed"]]) {
      if (value(name) > 0) parts.push(`${text} ${amount(value(name), "W")}`);
    }
  }
  if (run.battery_wh) {
    parts.push(`battery ${amount(contentAt(run, second), "Wh")} ` +
      `(${Math.round(100 * contentAt(run, second) / run.battery_wh)} %)`);
  }
  parts.push(`${count(value("queued"), "job", "jobs")} waiting for ${count(value("asked"), "core", "cores")}`);
  parts.push(`${count(value("used"), "core", "cores")} at work`);
  for (const mark of run.marks) if (second >= mark.from && second <= mark.to) parts.push(mark.text);
  return `${clock.text(second)}${run.bin_s ? ` (mean over ${duration(run.bin_s)})` : ""}: ${parts.join(", ")}`;
}

// The battery's content between two edges runs straight from one to the other.
function contentAt(run, second) {
  const { edges, content } = run.power, at = placeOf(edges, second);
  if (at + 1 >= content.length || run.bin_s) return content[at];
  const share = Math.max(0, Math.min(1, (second - edges[at]) / (edges[at + 1] - edges[at])));
  return content[at] + share * (content[at + 1] - content[at]);
}

function category(jobs, name, j) {
  return jobs[name] ? jobs[`${name}_names`][jobs[name][j]] : "";
}

// Pairs of name and text; fields that the run does not have are left out.
function jobFields(run, j, clock) {
  const { jobs } = run, fields = [["job", String(jobs.id[j])]];
  const put = (name, text) => { if (text !== "") fields.push([name, text]); };
  for (const name of ["user", "group", "account", "qos", "partition"]) put(name, category(jobs, name, j));
  put("class", category(jobs, "service_class", j));
  put("cores", jobs.cores[j].toLocaleString("en"));
  put("submit", clock.text(jobs.submit[j]));
  if (jobs.delay[j] > 0) put("queued from", clock.text(jobs.arrive[j]));
  put("first start", clock.text(jobs.start[j]));
  put(category(jobs, "status", j) === "completed" ? "end" : "left", clock.text(jobs.gone[j]));
  if (jobs.estimate) put("estimate", duration(jobs.estimate[j]));
  if (jobs.work) put("run time", duration(jobs.work[j]));
  put("first wait", duration(waited(run, j)));
  if (jobs.deadline) put("deadline", clock.text(jobs.submit[j] + jobs.deadline[j]));
  if (jobs.value && !Number.isNaN(jobs.value[j])) {
    put("value", Number(jobs.value[j].toFixed(6)).toString());
    put("earned", Number((jobs.value[j] - jobs.lost[j]).toFixed(6)).toString());
  }
  put("status", category(jobs, "status", j));
  put("suspensions", String(jobs.suspensions[j] || 0));
  put("kills", String(jobs.kills[j] || 0));
  return fields;
}

// From joining the queue to the first start, or as long as it waited in vain.
function waited(run, j) {
  const { jobs } = run;
  if (Number.isNaN(jobs.arrive[j])) return NaN;
  if (!Number.isNaN(jobs.wait[j])) return jobs.wait[j];
  return (Number.isNaN(jobs.gone[j]) ? run.end_s : jobs.gone[j]) - jobs.arrive[j];
}

// Sentences on the wait, on what happened after the first start, and on how the job ended.
function jobStory(run, j, clock, between) {
  const sentences = waitSentences(run, j);
  const events = eventSentences(run, j, clock, between);
  sentences.push(...events.slice(0, MOST_SENTENCES));
  if (events.length > MOST_SENTENCES) sentences.push(`… and ${events.length - MOST_SENTENCES} more such events.`);
  sentences.push(endSentence(run, j, clock, between));
  return sentences;
}

function waitSentences(run, j) {
  const { jobs } = run, wait = waited(run, j);
  if (Number.isNaN(wait)) return [];
  if (wait === 0) return Number.isNaN(jobs.start[j]) ? [] : ["It started at once."];
  const started = !Number.isNaN(jobs.start[j]), parts = [];
  if (jobs.wait_cores) {
    const told = jobs.wait_cores[j] + jobs.wait_power[j] + jobs.wait_turn[j];
    if (jobs.wait_cores[j]) parts.push(`for ${duration(jobs.wait_cores[j])} fewer than its ${count(jobs.cores[j], "core was", "cores were")} free`);
    if (jobs.wait_power[j]) parts.push(`for ${duration(jobs.wait_power[j])} its cores were free, but power was short: less was left than they draw`);
    if (jobs.wait_turn[j]) parts.push(`for ${duration(jobs.wait_turn[j])} cores and power were there and it was not its turn (the scheduler's order, backfill or gate, or a limit)`);
    if (wait - told >= 1) parts.push(`for ${duration(wait - told)} its cores were free, and the tables do not tell whether power or the scheduler held it`);
  }
  const sentences = [`It waited ${duration(wait)}${started ? "" : " and never started"}${parts.length ? `: ${parts.join("; ")}` : ""}.`];
  let passed = 0;
  const until = started ? jobs.start[j] : jobs.arrive[j] + wait;
  for (let k = 0; k < jobs.count; k++) if (jobs.arrive[k] > jobs.arrive[j] && jobs.start[k] < until) passed++;
  if (passed) sentences.push(`${count(passed, "job that came later started", "jobs that came later started")} before it.`);
  return sentences;
}

function eventSentences(run, j, clock, between) {
  const { jobs } = run, sentences = [];
  if (!jobs.between_job) return sentences;
  let row = lowerBound(jobs.between_job, j);
  for (; row < jobs.between_job.length && jobs.between_job[row] === j; row++) {
    const at = clock.text(jobs.between_time[row]), level = jobs.between_level[row];
    sentences.push({
      start: `Started again at ${at}.`,
      resume: `Resumed at ${at}.`,
      suspend: `Suspended at ${at} by the scheduler's choice.`,
      shed: `Suspended at ${at} because the draw exceeded what could be served${shortage(run, jobs.between_time[row])}.`,
      kill: `Killed at ${at} because the draw exceeded what could be served${shortage(run, jobs.between_time[row])} and it cannot be suspended; queued again.`,
      lose: `Killed at ${at} by an outage of its nodes.`,
      slow: `Slowed to speed level ${level} at ${at}.`,
      raise: `Made faster at ${at}, to speed level ${level}.`,
    }[between[jobs.between_code[row]]]);
  }
  return sentences;
}

// What the power table says of a shortage at this second; nothing where the page has only means.
function shortage(run, second) {
  const { power } = run, at = placeOf(power.edges, second);
  if (run.bin_s || at === 0 || power.edges[at] !== second) return "";
  const supply = (i) => power.renewable[i] + power.charge[i] + power.curtailed[i], facts = [];
  const [before, now] = [amount(supply(at - 1), "W"), amount(supply(at), "W")];
  if (run.supply && supply(at) < supply(at - 1) && before !== now) facts.push(`wind and sun fell from ${before} to ${now}`);
  if (run.battery_wh && power.discharge[at - 1] > 0 && power.content[at] <= 1e-3 * run.battery_wh) facts.push("the battery was empty");
  for (const mark of run.marks) if (mark.kind === "grid_event" && second >= mark.from && second <= mark.to) facts.push("a grid event was on");
  return facts.length ? ` (${facts.join(", ")})` : "";
}

function endSentence(run, j, clock, between) {
  const { jobs, pieces } = run, at = clock.text(jobs.gone[j]), status = category(jobs, "status", j);
  const late = jobs.deadline ? jobs.gone[j] - jobs.submit[j] - jobs.deadline[j] : NaN;
  const doing = ["waiting", "running", "suspended"][pieces.first[j + 1] > pieces.first[j] ? pieces.state[pieces.first[j + 1] - 1] : 0];
  switch (status) {
    case "completed": return `Completed at ${at}${Number.isNaN(late) ? "" : late > 0 ? `, ${duration(late)} after its deadline` : `, ${duration(-late)} before its deadline`}.`;
    case "expired": return `Dropped at ${at}: its value had expired.`;
    case "failed": return run.max_kills && jobs.kills[j] >= run.max_kills ? `Failed at ${at}: killed ${jobs.kills[j]} times, as often as the scenario allows.` : `Failed at ${at}.`;
    case "rejected": return "Rejected at its submit: it is larger than the machine.";
    case "cancelled": return `Cancelled at ${at}, as the workload records it.`;
    case "dropped": return "Never queued: a job that it depends on did not succeed.";
    case "held": return "The run ended while it waited for the jobs it depends on.";
    default: return Number.isNaN(jobs.arrive[j]) ? "The run ended before it came." : `The run ended while it was ${doing}.`;
  }
}

function lowerBound(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}
