"""Writes claims.json, figures and report.html from results.json, without running stages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.launchpad.claims.judge_claims import claims_json
from experiments.launchpad.claims.result_facts import Facts
from experiments.launchpad.launchpad_folder import CLAIMS, REPORT, results_path
from experiments.launchpad.pages import launchpad_tables as tables
from experiments.launchpad.pages.launchpad_figures import draw_figures
from experiments.report.page_templates import png_image, render_page
from traces.files.atomic import write_json, write_text
from traces.files.documents import read_json, reading

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
    claims = claims_json(results)
    write_json(out / CLAIMS, claims)
    facts = Facts(results)
    stems = draw_figures(facts, out)
    page = render_page(
        "launchpad.html.j2",
        title=f"{results['experiment']['name']}: the papers' claims, tested",
        sentences=_sentences(results, claims, facts),
        failed=results["failed"],
        claims=tables.claims_table(claims),
        intervals=claims["intervals"],
        details=tables.details(claims),
        sections=list(tables.all_tables(facts)),
        figures={stem: png_image(out / "figures" / f"{stem}.png", CAPTIONS[stem]) for stem in stems},
        experiment=json.dumps(results["experiment"], indent=1),
        provenance=json.dumps(results["provenance"], indent=1),
    )
    write_text(out / REPORT, page)
    return claims


def _sentences(results: Mapping[str, Any], claims: Mapping[str, Any], facts: Facts) -> list[str]:
    """Sentences for the page: counts of verdicts, cases, seeds, stages and hours."""
    verdicts = list(claims["verdicts"].values())
    counts = {verdict: verdicts.count(verdict) for verdict in ("holds", "does not hold", "undecided")}
    experiment = results["experiment"]
    return [
        ", ".join(f"{count} {_plural(verdict, count)}" for verdict, count in counts.items() if count),
        "Tests the claims of RARE (arXiv 2211.05346) and Launchpad (arXiv 2212.00639) on "
        f"{len(facts.cases)} cases with {_counted(experiment['seeds'], 'seed')}; "
        "their own data and numbers are not public, so nothing here reproduces them.",
        f"{results['stages']} stages, {results['hours']:.2f} hours of work on "
        f"{_counted_processes(results['workers'])}.",
    ]


def _counted_processes(workers: int | None) -> str:
    """None: workers that were not started here."""
    if workers is None:
        return "a cluster"
    return f"{workers} process{'es' if workers > 1 else ''}"


def _plural(verdict: str, count: int) -> str:
    if count == 1:
        return verdict
    return {"holds": "hold", "does not hold": "do not hold"}.get(verdict, verdict)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
