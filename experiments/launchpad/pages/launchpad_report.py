"""results.json -> claims.json, figures and report.html; nothing is run for it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from experiments.launchpad.claims.judge_claims import claims_json
from experiments.launchpad.claims.result_facts import Facts
from experiments.launchpad.pages import launchpad_tables as tables
from experiments.launchpad.pages.launchpad_figures import draw_figures
from experiments.launchpad.stage_results import results_path
from experiments.report.page_frame import page
from traces.atomic import write_json, write_text
from traces.documents import read_json, reading

CLAIMS, REPORT = "claims.json", "report.html"
CAPTIONS = {
    "curves": "One picture a case: a workload, and what changes of it in supply or load. Thick: mean over "
    "seeds. The first steps of an untrained network may leave the picture.",
    "gaps": "Means over test windows and seeds. The oracle knows true run times and power; no schedule "
    "exceeds the bound.",
}


def redraw(out: str | Path) -> Path:
    """Claims, figures and report from results.json; the report's path. InputError if there are no results."""
    out = Path(out)
    with reading(results_path(out)):
        write_all(read_json(results_path(out), remedy="give `rare launchpad` again"), out)
    return out / REPORT


def write_all(results: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Write claims.json, the figures and report.html into `out`; the object of claims.json."""
    found = claims_json(results)
    write_json(out / CLAIMS, found)
    facts = Facts(results)
    drawn = draw_figures(facts, out)
    title = f"{results['experiment']['name']}: the papers' claims, tested"
    body = _body(results, found, facts) + "".join(_figure(out, stem) for stem in drawn[1:]) + _origin(results)
    curves = _figure(out, drawn[0]) if drawn else ""
    text = page(title, f"<h1>{escape(title)}</h1>{body.replace(_CURVES, curves)}")
    write_text(out / REPORT, text)
    return found


_CURVES = "<!--curves-->"


def _body(results: Mapping[str, Any], found: Mapping[str, Any], facts: Facts) -> str:
    counts = {verdict: list(found["verdicts"].values()).count(verdict)
              for verdict in ("holds", "does not hold", "undecided")}  # fmt: skip
    said = ", ".join(f"{count} {_plural(verdict, count)}" for verdict, count in counts.items() if count)
    experiment = results["experiment"]
    notes = [
        "Tests the claims of RARE (arXiv 2211.05346) and Launchpad (arXiv 2212.00639) on "
        f"{len(facts.cases)} cases with {_counted(experiment['seeds'], 'seed')}; "
        "their own data and numbers are not public, so nothing here reproduces them.",
        f"{results['stages']} stages, {results['hours']:.2f} hours of work on {results['workers']} "
        f"process{'es' if results['workers'] > 1 else ''}.",
    ]
    lines = "".join(f"<p>{escape(note)}</p>" for note in notes)
    parts = [f'<div class="headline"><p>{escape(said)}</p>{lines}</div>', _failed(results)]
    parts += [
        "<h2>Claims</h2>",
        tables.claims_table(found),
        f'<p class="note">{escape(found["intervals"])}</p>',
    ]
    parts += [tables.details(found), "<h2>Learning curves</h2>", _CURVES]
    for title, table, note in tables.all_tables(facts):
        if table:
            parts.append(f'<h2>{escape(title)}</h2>{table}<p class="note">{escape(note)}</p>')
    return "".join(parts)


def _plural(verdict: str, count: int) -> str:
    if count == 1:
        return verdict
    return {"holds": "hold", "does not hold": "do not hold"}.get(verdict, verdict)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _failed(results: Mapping[str, Any]) -> str:
    if not results["failed"]:
        return ""
    rows = "".join(f"<li>{escape(name)}: {escape(why)}</li>" for name, why in results["failed"].items())
    return f"<h2>What could not be done</h2><ul>{rows}</ul>"


def _figure(out: Path, stem: str) -> str:
    data = base64.b64encode((out / "figures" / f"{stem}.png").read_bytes()).decode()
    caption = escape(CAPTIONS[stem])
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _origin(results: Mapping[str, Any]) -> str:
    origin: dict[str, Any] = dict(results["provenance"])
    folded: Sequence[tuple[str, Any]] = (
        ("The experiment", results["experiment"]), ("Where this comes from", origin),
    )  # fmt: skip
    return "<h2>How it was made</h2>" + "".join(
        f"<details><summary>{escape(title)}</summary><pre>{escape(json.dumps(value, indent=1))}</pre>"
        "</details>"
        for title, value in folded
    )
