"""Builds the site and checks it: `python -m docs.scripts.build_site FOLDER`, which is `make docs`.

The pages go to FOLDER/html. Every warning of Sphinx is an error, and so is what docs/scripts/site_check.py finds in the
pages. With --links the network is asked for each external link instead; without a network that says so and passes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from docs.scripts.page_paths import DOCS
from docs.scripts.site_check import check, external_links

NETWORK = "https://doi.org/"
MOST_PROCESSES = 4


def build(out: Path, builder: str = "html", *options: str) -> int:
    """Run Sphinx on docs; its exit code. Pages are built from nothing, so that no warning hides in a cache."""
    from sphinx.cmd.build import main as sphinx

    processes = str(min(os.cpu_count() or 1, MOST_PROCESSES))
    strict = ["-W", "--keep-going", "-n", "-q", "-E", "-j", processes]
    return sphinx(
        ["-b", builder, *strict, "-d", str(out / "doctrees"), *options, str(DOCS), str(out / builder)]
    )


def has_network() -> bool:
    """Whether the host of the DOIs answers at all."""
    try:
        with urllib.request.urlopen(NETWORK, timeout=10):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def check_external(out: Path) -> int:
    """Ask the network for the pages' external links; the exit code."""
    count = len(external_links(DOCS))
    if not has_network():
        print(f"no network: {count} external links were not asked for")
        return 0
    return build(out, "linkcheck", "-D", "nb_execution_mode=off")


def main() -> int:
    """The command line; 0 if all is well, 1 otherwise."""
    parser = argparse.ArgumentParser(description="Build the site and check it.")
    parser.add_argument("out", type=Path, help="folder of the results")
    parser.add_argument("--links", action="store_true", help="ask the network for external links instead")
    arguments = parser.parse_args()
    if arguments.links:
        return check_external(arguments.out)
    begin = time.monotonic()
    shutil.rmtree(arguments.out / "html", ignore_errors=True)  # pages that no longer exist would stay
    if build(arguments.out):
        return 1
    result = check(arguments.out / "html")
    print(
        result.summary(),
        f"built in {time.monotonic() - begin:.0f} s: {arguments.out}/html/index.html",
        sep="\n",
    )
    for problem in result.problems:
        print(problem, file=sys.stderr)
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
