"""Draws the figure of how far every kind of scheduler comes: `python -m docs.scripts.story_picture`.

Its numbers are those of docs/results/ceilings.md and docs/results/model-card.md, read from their tables; each
table there has its command. It prints the rows of the table in docs/results/learned-schedulers.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from docs.scripts.docs_pages import ROOT
from docs.scripts.page_paths import page_path

FIGURE = ROOT / "docs" / "img" / "story.png"
SCENARIOS = ("islanded", "grid-tied", "solar-night", "gpu-cluster")
BLOCK = re.compile(
    r"```text\n\$ rare evaluate --scenario ([a-z-]+) --windows test [^\n]*\n(.*?)```\n", re.DOTALL
)
ROW = re.compile(r"^(\S+)(?: ‡)? +(-?\d\.\d+) +(-?\d\.\d+) to (-?\d\.\d+)", re.MULTILINE)
BEST = re.compile(r"^\| `([a-z-]+)` \| `([^`]+)` [\d.]+ \|", re.MULTILINE)
KINDS = {
    "fcfs": "first come, first served", "easy": "EASY backfilling", "best": "best heuristic",
    "lookahead": "lookahead", "rare": "rare, which learned", "oracle": "oracle: knows the future",
    "bound": "bound: no schedule is above",
}  # fmt: skip
COLOURS = {"rare": "tab:orange", "oracle": "0.55", "bound": "0.55"}


@dataclass(frozen=True)
class Score:
    """Mean objective over test windows and its 95 % interval."""

    mean: float
    low: float
    high: float


def tables(page: Path) -> dict[str, dict[str, Score]]:
    """Scores by scenario and scheduler, of the first table of each scenario on a page."""
    found: dict[str, dict[str, Score]] = {}
    for scenario, text in BLOCK.findall(page.read_text("utf-8")):
        rows = {name: Score(*map(float, numbers)) for name, *numbers in ROW.findall(text)}
        found.setdefault(scenario, rows)
    return found


def story() -> dict[str, dict[str, Score]]:
    """Scores by scenario and kind (KINDS); what nobody computed is left out."""
    ceilings, card = (tables(page_path(f"{name}.md")) for name in ("ceilings", "model-card"))
    best = dict(BEST.findall(page_path("ceilings.md").read_text("utf-8")))
    found = {}
    for scenario in SCENARIOS:
        rows = ceilings.get(scenario, {}) | card[scenario]
        found[scenario] = {
            kind: rows[best[scenario] if kind == "best" else kind]
            for kind in KINDS
            if (best[scenario] if kind == "best" else kind) in rows
        }
    return found


def draw(scores: dict[str, dict[str, Score]]) -> None:
    """One panel a scenario; dots with intervals, the best at the top."""
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(scores), sharey=True, sharex=True)
    for panel, (scenario, found) in zip(panels, scores.items(), strict=True):
        for place, kind in enumerate(KINDS):
            if kind in found:
                score, colour = found[kind], COLOURS.get(kind, "tab:blue")
                panel.plot([score.low, score.high], [place, place], color=colour, lw=2)
                panel.plot(score.mean, place, "o", color=colour, ms=7)
                panel.annotate(
                    f"{score.mean:.2f}", (score.mean, place), (0, 6), textcoords="offset points", ha="center",
                    fontsize=8,
                )  # fmt: skip
        panel.set_title(scenario)
        panel.grid(axis="x", alpha=0.3)
        panel.set_ylim(-0.6, len(KINDS) - 0.4)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(len(KINDS)), KINDS.values())
    figure.supxlabel(
        "objective: value earned less costs, as a share of the value offered; 13 test weeks, 95 % intervals"
    )
    figure.savefig(FIGURE, dpi=110)


def table_rows(scores: dict[str, dict[str, Score]]) -> str:
    """The table of docs/results/learned-schedulers.md."""
    lines = [f"| scenario | {' | '.join(KINDS.values())} |", f"|---|{'---|' * len(KINDS)}"]
    for scenario, found in scores.items():
        cells = [f"{found[kind].mean:.3f}" if kind in found else "-" for kind in KINDS]
        lines.append(f"| `{scenario}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Draw the figure and print the table."""
    scores = story()
    draw(scores)
    print(table_rows(scores))


if __name__ == "__main__":
    main()
