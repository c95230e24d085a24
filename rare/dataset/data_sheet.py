"""The data sheet of a dataset: content and origin, as JSON and as text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rare.dataset.checked.sheet_check import FORMAT
from rare.dataset.logged_episode import identity
from rare.dataset.play_episode import REASONS
from rare.dataset.shards import Shard

_ORIGIN = ("settings", "scenario_seed", "config_sha256", "case_sha256", "rare", "commit", "code_sha256")


def make_sheet(
    plan: dict[str, Any], played: int, shards: Sequence[Shard], data: Path, *, windows: int
) -> dict[str, Any]:
    """The data sheet of these shards. Its `content_sha256` depends on the episodes alone."""
    rows = [row for shard in shards for row in shard.rows]
    counted = [row for row in rows if row.get("why_not") is None]
    left_out = Counter(row["why_not"] for row in rows if row.get("why_not") is not None)
    return {
        "format": FORMAT,
        **plan,
        "episodes": len(counted),
        "episodes_played": played,
        "episodes_left_out": {reason: left_out[reason] for reason in REASONS},
        "episodes_distinct": len({row["sha256"] for row in counted}),
        "episodes_truncated": sum(not row["terminated"] for row in counted),
        "windows": windows,
        "transitions": sum(row["decisions"] for row in counted),
        "returns": _spread([row["total_reward"] for row in counted]),
        "by_scheduler": [_of_policy(name, rows) for name in plan["schedulers"]],
        "bytes": sum(path.stat().st_size for path in data.glob("episodes-*.hdf5")),
        "content_sha256": content_hash(plan["layout"], counted),
    }


def content_hash(layout: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """sha256 of layout and episodes, in hex; independent of interruptions of the logging."""
    digest = hashlib.sha256(identity(layout))
    for row in rows:
        digest.update(identity(row))
    return digest.hexdigest()


def _of_policy(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    played = [row for row in rows if row["scheduler"] == name]
    counted = [row for row in played if row.get("why_not") is None]
    return {
        "scheduler": name,
        "episodes": len(counted),
        "left_out": len(played) - len(counted),
        "transitions": sum(row["decisions"] for row in counted),
        "returns": _spread([row["total_reward"] for row in counted]),
    }


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    low, first, middle, third, high = np.quantile(values, (0, 0.25, 0.5, 0.75, 1))
    statistics = {
        "mean": np.mean(values), "std": np.std(values), "lowest": low, "quartile_1": first, "median": middle,
        "quartile_3": third, "highest": high,
    }  # fmt: skip
    return {key: float(value) for key, value in statistics.items()}


def _blocks(layout: dict[str, Any]) -> str:
    """What a layout has beside slots and hours."""
    names = {
        "reservations": "reservations",
        "levels": "speed levels",
        "events": "grid events and outages",
        "prices": "prices",
    }
    return "".join(f", {words}" for name, words in names.items() if layout.get(name))


def sheet_text(sheet: dict[str, Any]) -> str:
    """The data sheet as Markdown text."""
    sizes = sheet["layout"]["sizes"]
    left_out = ", ".join(f"{number} {why}" for why, number in sheet["episodes_left_out"].items() if number)
    lines = [
        f"# Scheduling decisions on {sheet.get('scenario', 'a case')}",
        "",
        f"{sheet['episodes']:,} episodes, {sheet['transitions']:,} decisions, "
        f"{sheet['bytes'] / 1e6:,.1f} MB.",
        "",
        "| what | value |",
        "|---|---|",
        f"| windows | {sheet['windows']}, split `{sheet['split']}` |",
        f"| episodes played | {sheet['episodes_played']:,}; left out: {left_out or 'none'} |",
        f"| distinct episodes | {sheet['episodes_distinct']:,} |",
        f"| cut off (truncated) | {sheet['episodes_truncated']:,} |",
        f"| seed | {sheet['seed']} |",
        f"| observation layout | version {sheet['layout']['version']}: {sizes[0]} queue slots, "
        f"{sizes[1]} running slots, {sizes[2]} forecast hours{_blocks(sheet['layout'])} |",
        f"| content sha256 | `{sheet['content_sha256']}` |",
    ]
    reference = sheet.get("reference_scores")
    if reference:
        lines.append(
            f"| objective on the {reference['windows']} {reference['split']} windows | random actions "
            f"{reference['random']:.4f}; {reference['best_scheduler']} {reference['best']:.4f} |"
        )
    for key in _ORIGIN:
        if sheet.get(key) not in (None, []):
            lines.append(f"| {key} | `{sheet[key]}` |")
    lines += [
        "",
        "| scheduler | epsilon | episodes | left out | decisions | return: mean | lowest | highest |",
    ]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for row, epsilon in zip(sheet["by_scheduler"], sheet["epsilon"], strict=True):
        spread = row["returns"] or {}
        numbers = " | ".join(
            f"{spread[key]:.4f}" if key in spread else "" for key in ("mean", "lowest", "highest")
        )
        counts = f"{row['episodes']:,} | {row['left_out']:,} | {row['transitions']:,}"
        lines.append(f"| {row['scheduler']} | {epsilon:g} | {counts} | {numbers} |")
    return "\n".join([*lines, "", *_NOTES, ""])


_NOTES = (
    "Each step holds observation, action, reward, terminated, truncated; `infos` holds action_mask (T + 1",
    "rows), probability (with which the behaviour policy took the action, given the episode's scheduler) and",
    "time_s (T + 1 rows, simulated seconds since the episode began). The last observation is the true one.",
    "Open it with `minari.MinariDataset('data')` or `rare.dataset.load_dataset('.')`.",
)
