"""Queue length and used cores over time."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.drawing import style
from experiments.figures.drawing.step_functions import Steps, view
from experiments.figures.drawing.time_axis import TimeAxis, time_axis
from experiments.figures.power_timeline import mean_note
from experiments.results.run_folder import Run

ROWS = (
    ("queued", "jobs in the queue", "#D55E00"),
    ("running", "jobs running", "#009E73"),
    ("used_cores", "cores in use", "#0072B2"),
)


def draw(run: Run) -> Figure:
    """Figure of queue length, running jobs and used cores; mean with min-max band when binned."""
    title = f"Queue and use under {style.label(run.scheduler)}"
    columns = {name: run.power[name].fillna(0).to_numpy() for name, _, _ in ROWS}
    steps = view(run.power["time_s"].to_numpy(), columns)
    if steps is None:
        return style.say(style.new_figure(3.0), title, "No time passed in this run.")
    axis = time_axis(run, steps.edges_s[0], steps.edges_s[-1])
    figure = style.new_figure(5.6)
    panels = figure.subplots(len(ROWS), 1, sharex=True)
    for axes, (name, text, colour) in zip(panels, ROWS, strict=True):
        _level(axes, steps, axis, name, colour)
        axes.set_ylabel(text.replace(" ", "\n", 1))
    note = f"{mean_note(steps)} (band: min to max)" if steps.width_s else ""
    style.title(figure, f"{title}: at most {steps.high['queued'].max():,.0f} jobs queued{note}")
    axis.dress(panels[-1])
    return figure


def _level(axes: Axes, steps: Steps, axis: TimeAxis, name: str, colour: str) -> None:
    x = axis.x(steps.edges_s)
    if steps.width_s:
        axes.fill_between(
            x,
            steps.line(name, "low"),
            steps.line(name, "high"),
            step="post",
            color=colour,
            alpha=0.25,
            linewidth=0,
        )
    else:
        axes.fill_between(x, 0, steps.line(name), step="post", color=colour, alpha=0.2, linewidth=0)
    axes.step(x, steps.line(name), where="post", color=colour, linewidth=1.1)
    style.thousands(axes.yaxis)
    axes.set_ylim(0, max(1.0, float(steps.high[name].max()) * 1.06))
