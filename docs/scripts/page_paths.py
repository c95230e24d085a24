"""Where the pages of the documentation are: each file name occurs once below docs."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def all_pages() -> list[Path]:
    """All pages of docs, sorted by path. Folders that begin with an underscore hold what a build wrote."""
    return sorted(
        path
        for path in DOCS.rglob("*.md")
        if not any(part.startswith("_") for part in path.relative_to(DOCS).parts)
    )


def page_path(name: str) -> Path:
    """Path of the page with this file name, such as `scenarios.md`. LookupError if it is not there once."""
    places = [path for path in all_pages() if path.name == name]
    if len(places) != 1:
        raise LookupError(f"{name}: {len(places)} pages of docs have this name, one is needed")
    return places[0]
