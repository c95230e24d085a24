"""Results of the training in `rare demo` on the test windows, for the terminal and for the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from experiments.report.page_templates import png_image, render_part
from experiments.results.number_formats import cell, interval
from experiments.results.scheduler_labels import short_labels
from experiments.results.statistics import Estimate, estimate, paired
from experiments.results.text_table import fits, narrow_lines, terminal_width
from traces.errors import InputError
from traces.files.documents import read_json, reading

EVALUATION, CURVE = "evaluation/evaluate.json", "ppo/curve.png"
FIGURES = (
    (
        "evaluation/objective.png",
        "Schedulers on the test windows. Left: mean objective with its 95 % interval, a dot a window. Right: "
        "the difference to the heuristic that did best on the validation windows, paired by window.",
    ),
    (
        "ppo/curve.png",
        "What PPO made of the weights that CRR had learned from the logs: objective on the validation "
        "windows as it played. The ring marks the checkpoint that was kept and judged on the test windows.",
    ),
)


def learning_facts(folder: Path) -> dict[str, Any]:
    """Means and intervals on the test windows, best first, and differences to the baseline heuristic.

    The key "yardstick" names the baseline of the evaluation, the best heuristic on the validation windows, on
    which the network was selected too. InputError if the folder is incomplete.
    """
    path = Path(folder) / EVALUATION
    with reading(path):
        evaluation = read_json(path, remedy="give `rare demo` again")
        try:
            names = [entry["scheduler"] for entry in evaluation["schedulers"]]
            values = {name: _objectives(evaluation["rows"], name) for name in names}
            base, windows = evaluation["baseline"], len(evaluation["windows"])
            learned = next(name for name in names if name.endswith("ppo/best"))
        except (ValueError, KeyError, StopIteration, TypeError, AttributeError) as error:
            raise InputError(f"{path}: cannot be read ({error!r}); give `rare demo` again") from None
        if base not in values or any(len(entry) != windows for entry in values.values()):
            raise InputError(f"{path}: not every scheduler has every window; give `rare demo` again")
        return _facts(values, base, learned, windows)


def _facts(values: dict[str, Any], base: str, learned: str, windows: int) -> dict[str, Any]:
    names = list(values)
    labels = dict(zip(names, short_labels(names), strict=True))
    means = {name: estimate(values[name]) for name in names}
    ranked = sorted(names, key=lambda name: math.inf if (mean := means[name].mean) is None else -mean)
    return {
        "windows": windows,
        "objective": {labels[name]: means[name].as_dict() for name in ranked},
        "difference": {labels[name]: paired(values[name], values[base]).as_dict() for name in ranked},
        "learned": labels[learned],
        "yardstick": labels[base],
    }


def _objectives(rows: Sequence[dict[str, Any]], scheduler: str) -> Any:
    import numpy as np

    return np.array([row["objective"] for row in rows if row["scheduler"] == scheduler], float)


def learning_sentence(facts: dict[str, Any]) -> str:
    """A sentence on the result: above, below, or no significant difference."""
    learned, yardstick = facts["learned"], facts["yardstick"]
    gain = facts["difference"][learned]
    verdict = "cannot be told from"
    if gain["low"] is not None and gain["low"] > 0:
        verdict = "is above"
    elif gain["high"] is not None and gain["high"] < 0:
        verdict = "is below"
    mean = {name: cell(facts["objective"][name]["mean"], ".3f") for name in (learned, yardstick)}
    return (
        f"On {facts['windows']} test windows the learned scheduler {learned} ({mean[learned]}) {verdict} "
        f"{yardstick} ({mean[yardstick]}), the heuristic that did best on the validation windows: "
        f"{cell(gain['mean'], '+.3f')}, 95 % interval {_interval(gain, '+.3f')}"
    )


def _interval(numbers: dict[str, Any], form: str) -> str:
    return interval(Estimate(**numbers), form)


def learning_text(facts: dict[str, Any], width: int | None = None) -> str:
    """The table for the terminal. width: columns of the terminal, None for those of stdout."""
    width = terminal_width() if width is None else width
    rows = [["scheduler", "objective", "95 % interval", f"vs {facts['yardstick']}", "95 % interval"]]
    rows += learning_rows(facts)
    names = max(len(row[0]) for row in rows)
    lines = [f"{rows[0][0]:<{names}}  {rows[0][1]}  {rows[0][2]}   {rows[0][3]}"]
    for name, mean, first, gain, second in rows[1:]:
        lines.append(f"{name:<{names}}  {mean:>9}  {first}  {gain}  {second}")
    if width is not None and not fits(lines, width):
        lines = narrow_lines(rows, width)
    title = f"learned, on {facts['windows']} test windows:"
    return "\n".join([title, *lines, learning_sentence(facts)])


def learning_rows(facts: dict[str, Any]) -> list[list[str]]:
    """Name, mean objective, its interval, the difference to the baseline and its interval; best first."""
    return [
        [
            name, cell(mean["mean"], ".3f"), _interval(mean, ".3f"),
            cell(facts["difference"][name]["mean"], "+.3f"), _interval(facts["difference"][name], "+.3f"),
        ]
        for name, mean in facts["objective"].items()
    ]  # fmt: skip


def learning_section(folder: Path) -> Markup:
    """The section of the report, as HTML with its figures; empty without training results."""
    if not (Path(folder) / EVALUATION).is_file():
        return Markup()
    facts = learning_facts(folder)
    return render_part(
        "learned.html.j2",
        sentence=learning_sentence(facts),
        head=["scheduler", "objective", "95 % interval", f"less {facts['yardstick']}", "95 % interval"],
        rows=learning_rows(facts),
        figures=[
            png_image(Path(folder) / name, caption)
            for name, caption in FIGURES
            if (Path(folder) / name).is_file()
        ],
    )
