"""What `rare demo` taught and how it did on the test windows: for the terminal and for the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from experiments.evaluation.statistics import Estimate, estimate, paired
from experiments.report.terminal_table import cell, interval
from experiments.runs.scheduler_labels import short_labels
from traces.documents import read_json, reading
from traces.errors import InputError

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
    """Means and intervals on the test windows, best first, and PPO's network less the heuristic yardstick.

    The yardstick is the evaluation's baseline, the heuristic that did best on the validation windows; the
    network was chosen on these too. InputError if the folder is not whole.
    """
    path = Path(folder) / EVALUATION
    with reading(path):
        found = read_json(path, remedy="give `rare demo` again")
        try:
            names = [each["scheduler"] for each in found["schedulers"]]
            values = {name: _objectives(found["rows"], name) for name in names}
            base, windows = found["baseline"], len(found["windows"])
            learned = next(name for name in names if name.endswith("ppo/best"))
        except (ValueError, KeyError, StopIteration, TypeError, AttributeError) as error:
            raise InputError(f"{path}: cannot be read ({error!r}); give `rare demo` again") from None
        if base not in values or any(len(each) != windows for each in values.values()):
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
    """The result in words: above, below, or not to be told apart."""
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


def learning_text(facts: dict[str, Any]) -> str:
    """The table that the terminal shows."""
    width = max(len(name) for name in (*facts["objective"], "scheduler"))
    lines = [
        f"learned, on {facts['windows']} test windows:",
        f"{'scheduler':<{width}}  objective  95 % interval   vs {facts['yardstick']}",
    ]
    for name, mean in facts["objective"].items():
        gain = facts["difference"][name]
        lines.append(
            f"{name:<{width}}  {cell(mean['mean'], '.3f'):>9}  {_interval(mean, '.3f')}  "
            f"{cell(gain['mean'], '+.3f')}  {_interval(gain, '+.3f')}"
        )
    return "\n".join([*lines, learning_sentence(facts)])


def learning_section(folder: Path) -> str:
    """The section of the report, as HTML with its figures inside; nothing where nothing was learned."""
    import base64

    if not (Path(folder) / EVALUATION).is_file():
        return ""
    facts = learning_facts(folder)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="num">{cell(mean["mean"], ".3f")}</td>'
        f'<td class="num">{_interval(mean, ".3f")}</td>'
        f'<td class="num">{cell(facts["difference"][name]["mean"], "+.3f")}</td>'
        f'<td class="num">{_interval(facts["difference"][name], "+.3f")}</td></tr>'
        for name, mean in facts["objective"].items()
    )
    figures = ""
    for name, caption in FIGURES:
        path = Path(folder) / name
        if path.is_file():
            data = base64.b64encode(path.read_bytes()).decode()
            figures += (
                f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
                f"<figcaption>{escape(caption)}</figcaption></figure>"
            )
    head = "<th>scheduler</th><th>objective</th><th>95 % interval</th>"
    head += f"<th>less {escape(facts['yardstick'])}</th><th>95 % interval</th>"
    return (
        f'<h2>Learned against heuristic</h2><div class="headline"><p>{escape(learning_sentence(facts))}.</p>'
        "<p>bc clones the logged decisions of a lookahead scheduler, crr those that came out well, ppo goes "
        "on from crr by playing. Nothing here was trained or chosen on the test windows.</p></div>"
        f'<div class="wide"><table class="plain"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{figures}"
    )
