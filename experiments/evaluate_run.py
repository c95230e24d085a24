"""`rare evaluate`: evaluate schedulers on windows, write what came out, and say it as a table."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.atomic import atomic_folder
from experiments.evaluate import BOUND, Evaluation, choose_windows, evaluate
from experiments.provenance import provenance, scheduler_files
from experiments.scenario import Wishes, load_scenario
from experiments.talk import QUIET, Talk
from experiments.window_rows import PERFECT, is_oracle, plain_name
from traces.documents import user_path
from traces.errors import InputError

DEFAULT = (
    "easy", "fcfs", "conservative", "sjf+easy", "hvf+easy", "hvd+easy", "edf+easy", "slack+easy", "atc+easy",
    "atc+greedy", "easy+green", "atc+easy+green",
)  # fmt: skip
TABLE = (
    ("value_earned", "value", 1.0),
    ("qos_violations", "late", 1.0),
    ("jobs_expired", "expired", 1.0),
    ("suspensions", "suspended", 1.0),
    ("wasted_kwh", "wasted kWh", 1.0),
    ("grid_kwh", "grid kWh", 1.0),
    ("grid_cost", "cost", 1.0),
    ("carbon_kg", "kg CO2", 1.0),
)


def evaluate_run(
    schedulers: Sequence[str] | None,
    windows: Sequence[str],
    *,
    scenario: str = "islanded",
    settings: Sequence[str] = (),
    seed: int = 0,
    workers: int | None = None,
    out: str | Path | None = None,
    force: bool = False,
    talk: Talk = QUIET,
) -> Evaluation:
    """Evaluate; with `out` write evaluate.json, evaluate.csv, provenance.json and the figure, or nothing.

    Until then rows are kept in a hidden folder beside it: the same again goes on where it was stopped.
    """
    loaded = load_scenario(scenario, Wishes(settings=settings))
    names = list(schedulers or DEFAULT)
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise InputError(f"scheduler {twice[0]!r} is given twice; name each once")
    _check_out(out, force)
    chosen = choose_windows(loaded, windows)
    tell = talk.progress(f"{len(names)} schedulers", "windows done")
    kept = None if out is None else kept_folder(out)
    try:
        found = evaluate(
            loaded,
            names,
            chosen,
            seed=seed,
            workers=workers or os.cpu_count() or 1,
            progress=tell,
            kept_in=kept,
        )
    except KeyboardInterrupt as stop:
        if kept is not None and kept.is_dir():
            stop.args = (f"what is done is kept in {kept}: the same command goes on from there",)
        raise
    finally:
        talk.done()
    if out is not None and kept is not None:
        files = {"windows": loaded.path(loaded.scenario.windows.file)} if loaded.scenario.windows else {}
        with atomic_folder(out) as folder:
            _write(folder, found, _origin(found, seed, files))
        shutil.rmtree(kept, ignore_errors=True)
    return found


def kept_folder(out: str | Path) -> Path:
    """Where the rows of an unfinished evaluation are."""
    target = user_path(out).resolve()
    return target.parent / f".{target.name[:80]}.unfinished-windows"


def _origin(found: Evaluation, seed: int, files: dict[str, Path]) -> dict[str, Any]:
    own = scheduler_files({plain_name(name) for name in found.schedulers if name != BOUND})
    extra = {"scheduler_files": own} if own else None
    return provenance(seed=seed, files=files, command=(), extra=extra)


def _check_out(out: str | Path | None, force: bool) -> None:
    """An evaluation is replaced only when that is asked for; anything else never."""
    if out is None or not Path(out).exists() or not any(Path(out).iterdir()):
        return
    if not (Path(out) / "evaluate.json").exists():
        raise InputError(f"--out {out}: exists and holds no evaluation; give an empty or a new folder")
    if not force:
        raise InputError(f"--out {out}: holds an evaluation already; give --force to replace it")


def _write(folder: Path, found: Evaluation, origin: dict) -> None:
    import json

    from experiments.figures.windows import draw_windows

    (folder / "evaluate.json").write_text(found.json_text(), encoding="utf-8")
    (folder / "evaluate.csv").write_text(found.csv_text(), encoding="utf-8")
    (folder / "provenance.json").write_text(
        json.dumps(origin, indent=1, default=str) + "\n", encoding="utf-8"
    )
    draw_windows(found, folder / "objective")


def evaluate_text(found: Evaluation) -> str:
    """The table that is printed: best first, totals over the windows."""
    base = found.schedulers[0]
    jobs = int(found.total(base, "jobs_submitted"))
    lines = [
        f"{found.scenario}: {len(found.schedulers)} schedulers on {len(found.windows)} windows, {jobs:,} jobs"
    ]
    shown = [column for column in TABLE if any(found.total(name, column[0]) for name in found.schedulers)]
    labels = found.labels
    width = max(len(name) for name in (*labels.values(), "scheduler"))
    head = f"{'scheduler':<{width}}  objective  95 % interval   vs {labels[base]:<13}  95 % interval    "
    lines += ["", head + "  ".join(f"{title:>10}" for _, title, _ in shown) + "  renewable"]
    for name in found.ranked():
        mean, gain = found.objective(name), found.difference(name, base)
        row = (
            f"{labels[name]:<{width}}  {mean.mean:9.3f}  {mean.low:.3f} to {mean.high:.3f}   {gain.mean:+.3f}"
        )
        row += f"{'':<11}{gain.low:+.3f} to {gain.high:+.3f}  "
        if name == BOUND:
            lines.append(row.rstrip())
            continue
        row += "  ".join(f"{found.total(name, key) * scale:>10,.0f}" for key, _, scale in shown)
        lines.append(f"{row}  {found.values(name, 'renewable_share').mean():9.0%}")
    lines += [
        "",
        "objective: mean over windows; intervals: bootstrap over windows; differences: paired by window;",
        "the rest: totals over the windows, but renewable, the mean share of the energy drawn",
    ]
    if any(name.endswith(PERFECT) for name in found.schedulers):
        lines.append(
            f"{PERFECT}: under a perfect forecast in place of the scenario's; no real scheduler has one"
        )
    if any(map(is_oracle, found.schedulers)):
        lines.append("oracle: knows true run times and true power; no scheduler of a real cluster does")
    if BOUND in found.schedulers:
        lines.append("bound: no schedule exceeds it (docs/oracle.md); it is none itself")
    return "\n".join(lines)
