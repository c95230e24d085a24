"""Sentences of the report, computed from the metrics. Sentences with missing metrics are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from experiments.figures.drawing.style import duration
from experiments.results.ranking import SLOWDOWN_OF_ALL, not_arrived, number, slowdown_key
from experiments.results.run_folder import Compare, Run
from rare.metric_catalogue import METRICS, Form

BASELINES = ("easy", "fcfs")
BESIDE_BASELINE = ("qos_violations", "mean_wait_s", "renewable_utilization", "suspensions")
"""Metrics in which the best scheduler is compared with the baseline."""
SAME = 5e-4  # objectives closer than this count as equal

Getter = Callable[[str], float | None]
"""The value of a metric by its key; None where it is missing, null or no number."""
Ranked = tuple[str, float, Getter]
"""A scheduler's name, the value that ranks it, and its metrics."""


def run_sentences(run: Run) -> list[str]:
    """Sentences on one run: jobs, waiting, value, power, suspensions, and an abnormal end."""
    get = _getter(run.metrics)
    return [
        sentence
        for sentence in (
            _jobs_sentence(run.scheduler or "The scheduler", get),
            _wait_sentence(get),
            _value_sentence(get),
            _power_sentence(get),
            _suspension_sentence(get),
            _ended_sentence(run.result.get("ended")),
        )
        if sentence
    ]


def compare_sentences(compare: Compare) -> list[str]:
    """Sentences on a comparison: the best scheduler, differences to the others, and its other metrics."""
    rows = [
        (name, _getter(result["metrics"]))
        for name, result in zip(compare.labels, compare.results, strict=True)
    ]
    scored = _ranked_by("objective", rows)
    if scored:
        sentences = _score_sentences(sorted(scored, key=lambda row: -row[1]), len(rows))
    else:
        key = slowdown_key([result["metrics"] for result in compare.results])
        slow = sorted(_ranked_by(key, rows), key=lambda row: row[1])
        sentences = (
            _slow_sentences(slow, len(rows), key == SLOWDOWN_OF_ALL)
            if slow
            else [f"{_schedulers(len(rows))} ran; their metrics hold neither an objective nor a slowdown."]
        )
    endings = {
        name: result.get("ended") for name, result in zip(compare.labels, compare.results, strict=True)
    }
    stalled = [name for name, how in endings.items() if how == "stalled"]
    if stalled:
        sentences.append(f"Stalled with jobs left and nothing more to come: {', '.join(stalled)}.")
    if any(how == "supply_end" for how in endings.values()):
        sentences.append("The power supply ended before the work did.")
    late = max(not_arrived(result["metrics"]) for result in compare.results)
    if late:
        sentences.append(f"Up to {late:,} jobs of the trace had not arrived when the run ended.")
    if len(rows) > 1:
        sentences.append(
            "Each scheduler ran once on the same jobs and power, so small differences may be chance."
        )
    return sentences


def _ranked_by(key: str, rows: list[tuple[str, Getter]]) -> list[Ranked]:
    """The rows that have the metric, with its value."""
    values = [(name, get(key), get) for name, get in rows]
    return [(name, value, get) for name, value, get in values if value is not None]


def _score_sentences(ranked: list[Ranked], count: int) -> list[str]:
    name, best, get = ranked[0]
    equals = [other for other, score, _ in ranked[1:] if best - score < SAME]
    if equals:
        names = ", ".join([name, *equals])
        first = f"{_of(count)}{names} share the best objective: {best:.3f} of the value offered"
    else:
        first = f"{_of(count)}{name} did best: its objective is {best:.3f} of the value offered"
    base = _baseline(ranked)
    gap = f", {best - base[1]:.3f} more than {base[0]}" if base and best - base[1] >= SAME else ""
    worst_name, worst, _ = ranked[-1]
    if worst_name != name and best - worst >= SAME and (base is None or worst_name != base[0]):
        gap += f"{' and' if gap else ','} {best - worst:.3f} more than the worst, {worst_name}"
    sentences = [first + gap + "."]
    if base:
        sentences += _against(name, get, *base[::2])
    earned = get("value_earned"), get("value_offered")
    if earned[0] is not None and earned[1]:
        sentences.append(
            f"{name} earned {_percent(earned[0] / earned[1])} of the value offered, before costs."
        )
    return sentences


def _slow_sentences(ranked: list[Ranked], count: int, of_all: bool) -> list[str]:
    name, best, get = ranked[0]
    base = _baseline(ranked)
    whose = " (unfinished jobs counted up to the end of the run)" if of_all else ""
    text = f"{_of(count)}{name} had the lowest mean bounded slowdown{whose}: {_figure(best)}"
    if base:
        text += f", against {_figure(base[1])} under {base[0]}"
    if len(ranked) > 1 and (base is None or ranked[-1][0] != base[0]):
        text += f" and {_figure(ranked[-1][1])} under the slowest, {ranked[-1][0]}"
    wait_s = get("mean_wait_s")
    return [text + ".", "No job carried a value, so there is no objective."] + (
        [f"Jobs under {name} waited {duration(wait_s)} on average."] if wait_s is not None else []
    )


def _against(name: str, get: Getter, base_name: str, base_get: Getter) -> list[str]:
    """A sentence that compares a scheduler with the baseline, on the metrics that both have."""
    parts = []
    for metric in map(METRICS.__getitem__, BESIDE_BASELINE):
        value, base_value = get(metric.key), base_get(metric.key)
        if value is not None and base_value is not None:
            write = FORMATS[metric.form]
            parts.append(f"{metric.words} {write(value)} against {write(base_value)}")
    return [f"{name} beside {base_name}: {'; '.join(parts)}."] if parts else []


def _baseline(ranked: list[Ranked]) -> Ranked | None:
    """The row to compare the best with: easy, else fcfs, else the second; None if that is the best."""
    for baseline in BASELINES:
        row = next((row for row in ranked if row[0] == baseline), None)
        if row is not None and row is not ranked[0]:
            return row
    return ranked[1] if len(ranked) > 1 else None


def _jobs_sentence(name: str, get: Getter) -> str:
    completed, submitted = get("jobs_completed"), get("jobs_submitted")
    if completed is None or submitted is None:
        return ""
    late = not_arrived({key: get(key) for key in ("jobs_unfinished", "jobs_not_arrived")})
    counts = (
        (get("jobs_rejected"), "too large and rejected"),
        ((get("jobs_unfinished") or 0) - late, "not finished"),
        (late, "not arrived by the end of the run"),
    )
    remarks = [f"{jobs:,.0f} {text}" for jobs, text in counts if jobs]
    span_s = get("makespan_s")
    within = f" in {duration(span_s)}" if span_s else ""
    return f"{name} completed {completed:,.0f} of {submitted:,.0f} jobs{within}" + (
        f" ({', '.join(remarks)})." if remarks else "."
    )


def _wait_sentence(get: Getter) -> str:
    parts = []
    mean_s, longest_s, slowdown = get("mean_wait_s"), get("p95_wait_s"), get("mean_bounded_slowdown")
    if mean_s is not None:
        tail = "" if longest_s is None else f", 5 % of them longer than {duration(longest_s)}"
        parts.append(f"Jobs waited {duration(mean_s)} on average{tail}")
    if slowdown is not None:
        parts.append(f"the mean bounded slowdown was {_figure(slowdown)}")
    return _sentence("; ".join(parts))


def _value_sentence(get: Getter) -> str:
    offered, earned, objective = get("value_offered"), get("value_earned"), get("objective")
    parts = []
    if offered and earned is not None:
        parts.append(f"It earned {_percent(earned / offered)} of the value offered")
    if objective is not None:
        parts.append(f"the objective, after costs, is {objective:.3f}")
    if get("qos_violations") is not None:
        parts.append(f"{get('qos_violations'):,.0f} jobs missed their deadline")
    return _sentence("; ".join(parts))


def _power_sentence(get: Getter) -> str:
    available, used, share = (
        get("renewable_available_kwh"),
        get("renewable_utilization"),
        get("renewable_share"),
    )
    parts = []
    if available and used is not None:
        parts.append(f"It used {_percent(used)} of the {_energy(available)} of wind and sun there was")
    if share is not None:
        parts.append(f"{_percent(share)} of the energy it used came from them")
    return _sentence("; ".join(parts))


def _suspension_sentence(get: Getter) -> str:
    suspensions, kills = get("suspensions"), get("kills")
    if not suspensions and not kills:
        return ""
    killed = f" and {kills:,.0f} kills" if kills else ""
    wasted = get("wasted_kwh")
    cost = f", which wasted {_energy(wasted)}" if wasted else ""
    return f"There were {suspensions or 0:,.0f} suspensions{killed}{cost}."


def _ended_sentence(ended: Any) -> str:
    return {
        "stalled": "The run stalled: jobs were left, and nothing more was to come that could start them.",
        "supply_end": "The run ended with its power supply, before the work was done.",
    }.get(str(ended), "")


def _getter(metrics: Mapping[str, Any]) -> Getter:
    return lambda key: number(metrics.get(key))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _schedulers(count: int) -> str:
    return "One scheduler" if count == 1 else f"{count} schedulers"


def _of(count: int) -> str:
    return f"Of {count} schedulers, " if count > 1 else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if abs(share) >= 0.095 or not share else f"{100 * share:.1f} %"


def _energy(kwh: float) -> str:
    return f"{kwh / 1000:,.4g} MWh" if kwh >= 1000 else f"{kwh:,.3g} kWh"


def _figure(value: float) -> str:
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


FORMATS: dict[Form, Callable[[float], str]] = {
    Form.COUNT: lambda value: f"{value:,.0f}",
    Form.DURATION: duration,
    Form.SHARE: _percent,
    Form.KWH: _energy,
    Form.NUMBER: _figure,
}
"""The text of a metric in a sentence, by its form in the catalogue."""
