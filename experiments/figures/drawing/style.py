"""Style of all figures: colours with one meaning each, text, units, and saving.

Figures use matplotlib's object interface on the Agg canvas, never pyplot's global state.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

from traces.errors import InputError
from traces.files.atomic import replacing

# Okabe and Ito's palette, which stays distinct with colour-blind sight. One colour, one meaning.
RENEWABLE, BATTERY, GRID, CURTAILED = "#009E73", "#56B4E9", "#D55E00", "#F0E442"
DRAW, SUPPLY, NEUTRAL, WAITING = "#1A1A1A", "#8A5A00", "#9AA5B1", "#C4CAD0"
SUSPENDED = "#CC79A7"
STATUS = {
    "completed": "#0072B2",
    "unfinished": "#7F8790",
    "expired": "#E69F00",
    "failed": "#D55E00",
    "rejected": "#1A1A1A",
    "cancelled": "#7B5EA7",
    "dropped": "#8A5A00",
    "held": "#C4CAD0",
}
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1A1A1A", "#8A5A00", "#7B5EA7")
DASHES: tuple[Any, ...] = ("-", "-", "-", "-", "-", "-", "--", "--", "--")
PNG_DPI = 150
WIDTH_IN = 10.0
#: Level 4 compresses in two thirds of the time of 6, which is the usual one, to files 3 % larger (measured).
_FILES: dict[str, dict[str, Any]] = {
    ".png": {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 4}},
    ".svg": {"metadata": {"Date": None, "Creator": "rare"}},
}

_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#5A6068",
    "axes.grid": True,
    "grid.color": "#E3E6E9",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "hatch.linewidth": 0.7,
    "figure.facecolor": "white",
    "text.parse_math": False,  # names may have dollar signs
    "svg.hashsalt": "rare",
    "svg.fonttype": "path",
    "path.simplify": True,
    "figure.autolayout": False,  # of a user's matplotlibrc: it would undo `_lay_out`
    "figure.constrained_layout.use": False,
}


@contextmanager
def drawing() -> Iterator[None]:
    """Context with the settings for drawing and saving figures; restores matplotlib's settings."""
    with matplotlib.rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def new_figure(height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """An empty figure of this size in inches, laid out so that nothing is clipped."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, folder: Path, stem: str) -> list[Path]:
    """Write `figure` as PNG and SVG into `folder`; equal figures give equal bytes.

    Raises InputError if the folder cannot be written.
    """
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _lay_out(figure)
        for suffix, options in _FILES.items():
            path = folder / f"{stem}{suffix}"
            with replacing(path) as partial:
                figure.savefig(partial, format=suffix[1:], dpi=PNG_DPI, **options)
            paths.append(path)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot write figure {stem} ({error.strerror or error}); "
            "check permissions and free space"
        ) from error
    return paths


def _lay_out(figure: Figure) -> None:
    """Give everything in the figure its place, for good.

    With a layout engine matplotlib draws twice for each file: once to lay out, which measures all texts, and
    once to write. That would be four times for a PNG and an SVG.
    """
    figure.set_dpi(PNG_DPI)
    engine = figure.get_layout_engine()
    if engine is not None and figure.axes:
        engine.execute(figure)
    figure.set_layout_engine(None)


def label(text: object, most: int = 40) -> str:
    """`text` without control characters, cut to `most` characters."""
    clean = "".join(char if char.isprintable() else " " for char in str(text)).strip()
    if len(clean) > most:
        clean = clean[: most - 1] + "…"
    # matplotlib leaves labels that begin with an underscore out of legends.
    return f" {clean}" if clean.startswith("_") else clean


def watt_unit(largest_w: float) -> tuple[float, str]:
    """Divisor and unit that keep `largest_w` readable."""
    return _unit(largest_w, "W")


def watt_hour_unit(largest_wh: float) -> tuple[float, str]:
    """Divisor and unit that keep `largest_wh` readable."""
    return _unit(largest_wh, "Wh")


def _unit(largest: float, unit: str) -> tuple[float, str]:
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if largest >= factor:
            return factor, f"{prefix}{unit}"
    return 1.0, unit


def duration(seconds: float) -> str:
    """A duration in the largest unit of at least 1: 90 -> '1.5 min'."""
    for unit_s, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{seconds / unit_s:.3g} {name}"
    return f"{seconds:.3g} s"


def thousands(axis: Axis) -> None:
    """Whole-number ticks with thousands separators, for counts of jobs and cores."""
    axis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Few ticks with plain numbers on a logarithmic axis from `low` to `high`: 1, 10, 1,000, 10⁶.

    Powers of ten, every second or third of them on a long axis; 1, 2 and 5 on a short one.
    """
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    decades = np.arange(first, last + 1)
    steps = (1, 2, 5) if last - first <= 2 else (1,)
    every = max(1, -(-(last - first) // 6))
    ticks = [step * 10.0**power for power in decades[decades % every == 0] for step in steps]
    axis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain_power(value)))
    axis.set_minor_formatter(NullFormatter())


def plain_power(value: float) -> str:
    """The text of a tick: a plain number, or 10 with an exponent for powers of ten above 100,000."""
    power = round(np.log10(value)) if value > 0 else 0
    if power > 5 and abs(value / 10.0**power - 1) < 1e-9:
        return "10" + str(power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def title(figure: Figure, text: str) -> None:
    """Set the title of the figure, left-aligned; long text has a smaller font and is cut."""
    clean = label(text, 125)
    figure.suptitle(clean, x=0.008, ha="left", fontsize=12 if len(clean) <= 90 else 10, fontweight="bold")


def legend_above(axes: Axes, handles: list | None = None) -> None:
    """Draw the legend above the axes, in one row, or in two if it is long."""
    names = [str(handle.get_label()) for handle in handles or ()]
    if handles is None:
        handles, names = axes.get_legend_handles_labels()
    if handles:
        # A row wider than the axes would make the layout shrink them.
        rows = 1 if sum(len(name) + 6 for name in names) <= 105 else 2
        axes.legend(
            handles,
            names,
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=-(-len(names) // rows),
            columnspacing=1.4,
            handlelength=1.6,
            borderaxespad=0.2,
        )


def say(figure: Figure, heading: str, text: str) -> Figure:
    """The figure with a message in place of axes, for runs without data to draw."""
    title(figure, heading)
    figure.text(0.5, 0.45, text, ha="center", va="center", fontsize=11, color="#5A6068")
    return figure
