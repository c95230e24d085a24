"""`rare dataset show`: statistics that show whether a dataset suits offline learning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.action_coverage import Coverage, clusters_of, coverage, kind_names, kinds_of
from experiments.results.number_formats import printable
from experiments.results.scheduler_labels import short_label
from rare.dataset import Dataset, load
from rare.env.observation.layout import Layout

BAR = 40


@dataclass(frozen=True)
class DatasetSummary:
    """Statistics of the decisions of a dataset.

    folder: of the dataset. returns: (episodes,) by scheduler name; taken, valid: (A,) counts of decisions
    that took each action, and in which it was valid; kinds: counts by action_coverage.kind_names; certain:
    share of decisions with behaviour probability 1, None if unknown.
    """

    folder: Path
    sheet: dict[str, Any]
    layout: Layout
    returns: dict[str, np.ndarray]
    taken: np.ndarray
    valid: np.ndarray
    kinds: np.ndarray
    certain: float | None
    coverage: Coverage

    def as_dict(self) -> dict[str, Any]:
        """The object for --json."""
        coverage = self.coverage
        return {
            "sheet": self.sheet,
            "returns": {name: values.tolist() for name, values in self.returns.items()},
            "actions_taken": self.taken.tolist(),
            "actions_valid": self.valid.tolist(),
            "decisions_by_kind": dict(zip(kind_names(self.layout), self.kinds.tolist(), strict=True)),
            "decisions_certain": self.certain,
            "coverage": {
                "clusters": coverage.clusters,
                "clusters_visited_again": coverage.revisited,
                "share_with_several_actions": coverage.several_actions,
                "share_with_several_kinds": coverage.several_kinds,
                "decisions_in_clusters_with_several_kinds": coverage.decisions_there,
            },
        }


def show_dataset(folder: str | Path) -> DatasetSummary:
    """Read a whole dataset once. InputError if there is none in the folder."""
    data = load(folder)
    returns: dict[str, list[float]] = {name: [] for name in data.sheet.get("schedulers", ())}
    valid = np.zeros(data.layout.actions, np.int64)
    clusters, actions, certain = [], [], 0
    distinct = set()
    for episode in data:
        distinct.add(episode.content_hash())
        returns.setdefault(episode.facts["scheduler"], []).append(float(episode.rewards.sum()))
        clusters.append(clusters_of(episode.observations[:-1], data.layout))
        actions.append(episode.actions)
        valid += episode.action_mask[:-1].sum(axis=0)  # the last observation has no action
        certain += int((episode.probability == 1.0).sum())
    has_probabilities = data.is_ours or not np.isnan(episode.probability).any()
    data.sheet.setdefault("episodes_distinct", len(distinct))
    return _summary(
        data,
        returns,
        valid,
        np.concatenate(clusters),
        np.concatenate(actions),
        certain if has_probabilities else None,
    )


def _summary(
    data: Dataset,
    returns: dict[str, list[float]],
    valid: np.ndarray,
    clusters: np.ndarray,
    actions: np.ndarray,
    certain: int | None,
) -> DatasetSummary:
    kinds = kinds_of(actions, data.layout)
    return DatasetSummary(
        folder=data.folder,
        sheet=data.sheet,
        layout=data.layout,
        returns={name: np.array(values) for name, values in returns.items()},
        taken=np.bincount(actions, minlength=data.layout.actions),
        valid=valid,
        kinds=np.bincount(kinds, minlength=len(kind_names(data.layout))),
        certain=None if certain is None else certain / len(actions),
        coverage=coverage(clusters, actions, kinds),
    )


def dataset_text(summary: DatasetSummary) -> str:
    """The text for the terminal."""
    sheet, coverage = summary.sheet, summary.coverage
    left_out = sum(sheet["episodes_left_out"].values())
    lines = [
        f"{printable(name_of(summary))}: {sheet['episodes']:,} episodes, "
        f"{sheet['episodes_distinct']:,} of them distinct, {left_out:,} more left out; "
        f"{sheet['transitions']:,} decisions",
        "",
        f"{'scheduler':<24}  epsilon  episodes   return: mean   lowest   median  highest",
    ]
    epsilons = dict(zip(sheet.get("schedulers", ()), sheet.get("epsilon", ()), strict=True))
    for name, values in summary.returns.items():
        epsilon = f"{epsilons[name]:7g}" if name in epsilons else f"{'unknown':>7}"
        row = f"{printable(short_label(name)):<24}  {epsilon}  {len(values):8,}"
        if len(values):
            row += (
                f"  {values.mean():13.4f}  {values.min():7.4f}  {np.median(values):7.4f}  {values.max():7.4f}"
            )
        lines.append(row)
    lines += ["", "returns", *_histogram(np.concatenate(list(summary.returns.values())))]
    lines += ["", "actions           taken    share  of the decisions at which it was valid"]
    lines += _actions(summary)
    lines += [
        "",
        "coverage of states: cells of a grid over shortage, free cores, spare power, battery, queue, time",
        "of day and forecast supply",
        f"  {coverage.clusters:7,}  visited",
        f"  {coverage.revisited:7,}  of them more than once, and of these",
        f"  {coverage.several_actions:7.1%}  with more than one action",
        f"  {coverage.several_kinds:7.1%}  with more than one kind of action "
        f"({', '.join(kind_names(summary.layout))});",
        f"  {coverage.decisions_there:7.1%}  of all decisions were made there",
        "decisions whose action was certain (behaviour probability 1): "
        + ("unknown" if summary.certain is None else f"{summary.certain:.1%}"),
    ]
    return "\n".join(lines)


def name_of(summary: DatasetSummary) -> str:
    """The name of the dataset: its scenario, or its folder if that is unknown."""
    return str(summary.sheet.get("scenario") or summary.folder.name)


def _histogram(values: np.ndarray, bins: int = 8) -> list[str]:
    counts, edges = np.histogram(values, bins)
    most = max(int(counts.max()), 1)
    return [
        f"  {low:8.4f} to {high:8.4f}  {count:8,}  {'#' * round(BAR * count / most)}".rstrip()
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    ]


def _actions(summary: DatasetSummary) -> list[str]:
    """Lines for WAIT, each of the first queue slots, the other queue slots, and the running slots."""
    slots = summary.layout.queue_slots
    one_by_one = min(slots, 8)
    groups = [("wait", slice(0, 1))]
    groups += [(f"queue slot {slot}", slice(slot, slot + 1)) for slot in range(1, one_by_one + 1)]
    if slots > one_by_one:
        groups.append((f"queue slots {one_by_one + 1}-{slots}", slice(one_by_one + 1, slots + 1)))
    more = {"slow": "made slower", "raise": "made faster"}
    for kind, places in list(summary.layout.action_ranges.items())[2:]:
        groups.append((more.get(kind, "running slots"), slice(places.start, places.stop)))
    total = summary.taken.sum()
    lines = []
    for name, span in groups:
        taken, valid = int(summary.taken[span].sum()), int(summary.valid[span].sum())
        when = f"{taken / valid:6.1%}" if valid else "     -"
        lines.append(f"  {name:<16} {taken:9,}  {taken / total:6.1%}  {when}")
    return lines
