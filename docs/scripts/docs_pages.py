"""The documentation as programs: what its blocks say to run, and what they print.

`python -m docs.scripts.docs_pages` runs all of it again and writes the new outputs and pictures into the
pages; read the difference before it is committed.

- ```console: lines that begin with "$ " are run, the lines below them are their standard output;
- ```sh: the lines that begin with "rare" are run, what they print is not shown;
- ```python: run; a ```text block right below is its standard output.

Everything runs in one empty folder with the files of `furnish`. What needs the shared data names KTH-SP2.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.scripts.page_paths import all_pages, page_path
from experiments.cli.root import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *all_pages()]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
DEMO = ["make", "demo"]
PICTURES = {
    "timeline": ("demo-power", 1200),
    "objective": ("demo-objective", 1000),
    "gantt": ("demo-jobs", 1200),
}
FORECAST_PICTURES = ("forecast-fan", "forecast-reliability")  # of docs.scripts.forecast_pictures
SHARED_FILES = {
    **{
        f"{name}-cln.swf.gz": f"data/workloads/{name}-cln.swf.gz"
        for name in ("KTH-SP2-1996-2.1", "HPC2N-2002-2.2", "SDSC-SP2-1998-4.2", "SDSC-BLUE-2000-4.2")
    },
    "ERCO_2022_generation.csv.gz": "data/grid/eia_ERCO_2022_generation_avgCI.csv.gz",
}
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}


def needs_shared(text: str) -> bool:
    """Whether a command names a file that is not ours to ship."""
    return any(name in text for name in SHARED_FILES)


@dataclass(frozen=True)
class Snippet:
    """Something a page tells its reader to run. `shown` is None where no output is shown."""

    page: Path
    language: str
    text: str
    shown: str | None

    @property
    def needs_shared(self) -> bool:
        return needs_shared(self.text)

    def __str__(self) -> str:
        return f"{self.page.name}: {self.text.strip().splitlines()[0][:60]}"


def snippets(page: Path) -> list[Snippet]:
    """What can be run of a page, from top to bottom."""
    found = []
    for language, body, below in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python" and "import " in body:
            found.append(Snippet(page, "python", body, below or None))
        elif language == "console":
            for text in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                command, output = split_command(text)
                found.append(Snippet(page, "command", command, output))
        elif language == "sh":
            joined = body.replace("\\\n", " ")
            commands = [line for line in joined.splitlines() if line.startswith("rare ")]
            found += [Snippet(page, "command", line, None) for line in commands]
    return found


def split_command(text: str) -> tuple[str, str]:
    """A command, with its continued lines, and what is shown below it."""
    lines = text.splitlines(keepends=True)
    last = next(place for place, line in enumerate(lines) if not line.endswith("\\\n"))
    return "".join(lines[: last + 1]), "".join(lines[last + 1 :])


def learned_part(shown: str) -> str:
    """What `make demo` prints from learning on. Digits depend on the processor, so it is not run again."""
    at = shown.find("\nlearned, ")
    if shown.startswith("learned, "):  # a page may show that table before the one of the week
        return shown[: shown.index("\n\n") + 2]
    return shown[at:] if at >= 0 else ""


def run(snippet: Snippet) -> str:
    """Standard output of a snippet, run in the current folder; of `make demo` without the learned part."""
    if snippet.language == "python":
        return _captured(lambda: exec(compile(snippet.text, str(snippet.page), "exec"), {"__name__": "page"}))
    words = shlex.split(snippet.text.replace("\\\n", " "))
    if words == DEMO:
        words = ["rare", "demo", "--no-learning", "--out", "demo-out"]
    if words[0] == "python":
        done = subprocess.run(
            [sys.executable, *words[1:]],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | ENVIRONMENT,
        )
        return done.stdout
    assert words[0] == "rare", f"{snippet}: do not know how to run {words[0]}"
    drawn = words[1] in ("demo", "compare", "simulate") and "--no-figures" not in words
    extra = ["--no-figures", "--quiet"] if drawn else []
    return _captured(lambda: _rare([*words[1:], *extra]))


def _rare(arguments: list[str]) -> None:
    code = main(arguments)
    assert code == 0, f"rare {shlex.join(arguments)} ended with {code}"


def _captured(call: Callable[[], None]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call()
    return re.sub(r"^(written: \S+/)$", r"\1report.html", out.getvalue(), flags=re.MULTILINE)


MAPPED = ("my_table.csv", "my_mapping.toml", "my_scenario.toml", "log.csv", "log.toml")
"""The files that map-columns.md shows, in its order."""


def furnish(folder: Path, shared: Path | None = None) -> None:
    """Put the files in a folder that the pages take for granted."""
    shutil.copytree(ROOT / "examples", folder / "examples", dirs_exist_ok=True)
    jobs = "".join(f"{n} {60 * n} -1 {100 + n} 2 -1 -1 2 300 -1 1 1 1 1 1 1 -1 -1\n" for n in range(1, 41))
    header = "; MaxProcs: 8\n; UnixStartTime: 1654041600\n; TimeZoneString: UTC\n"
    (folder / "my_trace.swf.gz").write_bytes(gzip.compress((header + jobs).encode()))
    hours = [f"2022-06-{1 + h // 24:02d}T{h % 24:02d}:00Z,{50 + h % 24}" for h in range(10 * 24)]
    (folder / "my_power.csv").write_text("\n".join(["time,power_kw", *hours]), encoding="utf-8")
    both = "\n".join(["time,WND,SUN", *(f"{row},7" for row in hours)])
    (folder / "wind_and_sun.csv.gz").write_bytes(gzip.compress(both.encode()))
    page = page_path("map-columns.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(page)
    tables = [body for language, body, _ in blocks if language in ("csv", "toml")]
    for name, body in zip(MAPPED, tables, strict=True):
        (folder / name).write_text(body, encoding="utf-8")
    if shared is not None:
        for name, place in SHARED_FILES.items():
            (folder / name).symlink_to(shared / place)


# --- writing the outputs anew -----------------------------------------------------------------------------


def rewritten(page: Path, shared: Path | None) -> str:
    """The page with the outputs of today; what needs absent data stays as it is."""
    text = page.read_text(encoding="utf-8")
    for snippet in snippets(page):
        if snippet.shown is not None and (shared or not snippet.needs_shared):
            head = f"$ {snippet.text}" if snippet.language == "command" else f"{snippet.text}```\n\n```text\n"
            assert text.count(head + snippet.shown) == 1, f"{snippet} stands there twice"
            kept = learned_part(snippet.shown)
            first = kept if snippet.shown.startswith(kept) else ""
            last = "" if first else kept
            text = text.replace(head + snippet.shown, head + first + run(snippet) + last)
    return text


def draw(folder: Path) -> Iterator[Path]:
    """The pictures of `rare demo`, in fewer pixels and colours."""
    from PIL import Image

    _captured(lambda: _rare(["demo", "--no-learning", "--out", str(folder / "pictures"), "--quiet"]))
    for figure, (name, width) in PICTURES.items():
        image = Image.open(folder / "pictures" / "figures" / f"{figure}.png").convert("RGB")
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
        path = ROOT / "docs" / "img" / f"{name}.png"
        image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
        yield path
    from docs.scripts import forecast_pictures

    forecast_pictures.write(ROOT / "docs" / "img")
    yield from (ROOT / "docs" / "img" / f"{name}.png" for name in FORECAST_PICTURES)


def write_again() -> None:
    """Run every page and write what it prints now."""
    beside = Path(os.environ.get("RARE_SHARED") or ROOT.parent / "shared")
    shared = beside if beside.is_dir() else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        furnish(folder, shared)
        os.chdir(folder)
        for page in PAGES:
            page.write_text(rewritten(page, shared), encoding="utf-8")
            print("wrote", page.relative_to(ROOT))
        for path in draw(folder):
            print("wrote", path.relative_to(ROOT))


if __name__ == "__main__":
    write_again()
