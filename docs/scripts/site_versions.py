"""Builds the site of several git refs side by side: `python -m docs.scripts.site_versions OUT REF...`.

OUT/REF holds the pages of a ref as it was committed, built by its own docs/conf.py with the libraries of this
environment. OUT/index.html lists the versions; each page has a switcher, which reads OUT/switcher.js. The same list
stands in OUT/switcher.json. OUT works from any place, also as files without a server.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from docs.scripts.page_paths import ROOT

INDEX = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>RARE: versions</title></head>
<body><h1>RARE: versions of the documentation</h1><ul>
{rows}
</ul></body>
</html>
"""


class Version(NamedTuple):
    """A ref, the folder of its pages, its commit and its date."""

    ref: str
    folder: str
    commit: str
    date: str


def git(*arguments: str) -> bytes:
    """What git prints in this checkout. ValueError with git's own words where it fails."""
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.decode().strip())
    return done.stdout


def version_of(ref: str) -> Version:
    """The version of a ref. ValueError where there is no such ref, or where it has no site."""
    commit, date = git("show", "-s", "--format=%H %cs", f"{ref}^{{commit}}").decode().split()
    if not git("ls-tree", commit, "docs/conf.py"):
        raise ValueError(f"{ref}: has no docs/conf.py, so no site can be built of it; name a later ref")
    return Version(ref, re.sub(r"[^\w.-]", "-", ref), commit, date)


def build_version(version: Version, out: Path) -> None:
    """Build the pages of one ref from a copy of its files. CalledProcessError where Sphinx fails."""
    with tempfile.TemporaryDirectory(prefix="rare-site-") as name:
        tree = Path(name)
        with tarfile.open(fileobj=BytesIO(git("archive", "--format=tar", version.commit))) as archive:
            archive.extractall(tree, filter="data")
        environment = os.environ | {
            "PYTHONPATH": name,
            "RARE_SITE_VERSION": version.ref,
            "RARE_SITE_SWITCHER": "1",
        }
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-E", "-d", str(tree / "doctrees")]
        subprocess.run([*command, "docs", str(out / version.folder)], cwd=tree, env=environment, check=True)


def switcher(versions: Sequence[Version]) -> list[dict[str, str]]:
    """The list of versions, addresses relative to OUT."""
    return [
        {"name": each.ref, "version": each.ref, "url": f"{each.folder}/index.html", "date": each.date}
        for each in versions
    ]


def write_lists(versions: Sequence[Version], out: Path) -> None:
    """Write the index and both forms of the switcher's list."""
    listed = json.dumps(switcher(versions), indent=1)
    (out / "switcher.json").write_text(f"{listed}\n", encoding="utf-8")
    (out / "switcher.js").write_text(f"window.rareVersions = {listed};\n", encoding="utf-8")
    rows = "\n".join(
        f'<li><a href="{each.folder}/index.html">{html.escape(each.ref)}</a>, {each.date}, {each.commit[:12]}</li>'
        for each in versions
    )
    (out / "index.html").write_text(INDEX.format(rows=rows), encoding="utf-8")


def build_versions(refs: Sequence[str], out: Path) -> list[Version]:
    """Build all refs into `out`, which is replaced. ValueError for a ref that has no site, before anything is built."""
    versions = [version_of(ref) for ref in refs]
    if len({each.folder for each in versions}) < len(versions):
        raise ValueError(f"{' '.join(refs)}: two of these refs would have the same folder")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for version in versions:
        build_version(version, out.resolve())
    write_lists(versions, out)
    return versions


def main() -> int:
    """The command line; 2 for a ref that cannot be built."""
    parser = argparse.ArgumentParser(description="Build the site of several git refs side by side.")
    parser.add_argument("out", type=Path, help="folder of the results")
    parser.add_argument("refs", nargs="+", metavar="REF", help="tags, branches or commits")
    arguments = parser.parse_args()
    try:
        versions = build_versions(arguments.refs, arguments.out)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    print(f"{len(versions)} versions: {arguments.out}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
