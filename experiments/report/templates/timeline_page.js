// Starts the timeline, and connects its controls, the pointer and the printer to it.

function connect(view) {
  let waiting = false;
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; view.draw(); });
  };
  view.range.change.connect(redraw);
  view.plots[0].properties.inner_width.change.connect(redraw);
  connectControls(view);
  connectPointer(view);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => { view.colour(); view.draw(); });
  addEventListener("beforeprint", () => { document.documentElement.classList.add("paper"); view.colour(); view.picture(); });
  addEventListener("afterprint", () => { document.documentElement.classList.remove("paper"); view.colour(); element("print").replaceChildren(); });
}

function connectControls(view) {
  view.data.runs.forEach((run, place) => element("run").append(node("option", run.name, { value: place })));
  for (const [name, text] of ORDERS) element("order").append(node("option", text, { value: name }));
  element("run").addEventListener("change", (event) => view.choose(Number(event.target.value)));
  element("mode").addEventListener("change", (event) => { view.mode = event.target.value; view.draw(); });
  element("order").addEventListener("change", (event) => {
    view.sortBy(event.target.value, ORDERS.find(([name]) => name === event.target.value)[3]);
  });
  element("drag").addEventListener("change", (event) => {
    for (const plot of view.plots) {
      for (const tool of plot.toolbar.tools) if (tool.name === "box" || tool.name === "pan") tool.active = tool.name === event.target.value;
    }
  });
  element("find").addEventListener("submit", (event) => { event.preventDefault(); view.find(element("id").value); });
  element("controls").addEventListener("click", (event) => {
    if (event.target.dataset.zoom) view.zoom(event.target.dataset.zoom);
  });
  element("table").addEventListener("toggle", () => view.table());
  element("table").addEventListener("click", (event) => {
    const { order, job } = event.target.dataset;
    if (order) view.sortBy(order, order === view.order ? !view.down : ORDERS.find(([name]) => name === order)[3]);
    if (job) view.keep(Number(job));
  });
  element("controls").hidden = false;
}

function connectPointer(view) {
  const card = element("card");
  for (const plot of view.plots) {
    plot.js_event_callbacks = {
      mousemove: [(event) => {
        element("now").textContent = instantText(view.run, event.x, view.clock);
        const j = plot.name === "jobs" ? view.jobAt(event.x, event.y) : -1;
        if (j < 0) { card.hidden = true; card.dataset.job = ""; return; }
        if (card.dataset.job !== String(j) || card.hidden) { card.dataset.job = j; card.replaceChildren(...view.describe(j)); card.hidden = false; }
        placeCard(card, view.pointer);
      }],
      mouseleave: [() => { card.hidden = true; }],
      tap: [(event) => { if (plot.name === "jobs") view.keep(view.jobAt(event.x, event.y)); }],
    };
  }
  element("plots").addEventListener("pointermove", (event) => { view.pointer = event; }, true);
  element("plots").addEventListener("pointerleave", () => { card.hidden = true; });
}

// Beside the pointer, within the window.
function placeCard(card, pointer) {
  if (!pointer) return;
  const { offsetWidth: width, offsetHeight: height } = card;
  const left = pointer.clientX + 16 + width < innerWidth ? pointer.clientX + 16 : Math.max(4, pointer.clientX - 16 - width);
  const top = Math.min(Math.max(4, pointer.clientY - height / 2), Math.max(4, innerHeight - height - 4));
  card.style.left = `${left}px`;
  card.style.top = `${top}px`;
}

async function start() {
  const data = JSON.parse(element("data").textContent);
  data.plots.target_id = "timeline-plots";
  const manager = await Bokeh.embed.embed_item(data.plots);
  const opened = Bokeh.documents[Bokeh.documents.length - 1];
  const models = new Map(), model = (name) => {
    if (!models.has(name)) models.set(name, opened.get_model_by_name(name));
    return models.get(name);
  };
  const [root] = [...manager];
  const views = (plot) => root.child_views.find((child) => child.model === plot);
  const view = new View(data, model, views);
  view.range.setv({ start: view.whole[0], end: view.whole[1] });
  view.colour();
  await view.choose(0);
  connect(view);
  document.documentElement.dataset.timeline = "ready";
}

if (typeof DecompressionStream === "undefined") {
  element("state").textContent = "This browser is too old for the timeline (no DecompressionStream). The figures below show the same run.";
} else {
  start().catch((error) => {
    element("state").textContent = `The timeline cannot be shown (${error.message}). The figures below show the same run.`;
    throw error;
  });
}
