"""A distribution with entry points, put together in a folder: what `pip install` leaves, without pip."""

from __future__ import annotations

from pathlib import Path


def make_distribution(
    folder: Path, name: str, entry_points: dict[str, dict[str, str]], modules: dict[str, str]
) -> Path:
    """A folder for Python's path with one distribution, version 1.0.

    entry_points : group -> {name: "module:object"}. modules : file name -> source
    """
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    lines = []
    for group, points in entry_points.items():
        lines += [f"[{group}]", *(f"{point} = {place}" for point, place in points.items()), ""]
    (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")
    for file, source in modules.items():
        (folder / file).write_text(source, "utf-8")
    return folder
