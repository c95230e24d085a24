"""Folders that appear whole or not at all."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from experiments.process.interrupts import cleaned, held
from traces.errors import InputError, quoted
from traces.files.atomic import is_alive, machine_mark
from traces.files.documents import user_path
from traces.files.text import place

RUN_FILES = ("config.json", "provenance.json", "metrics.json", "jobs.csv", "events.csv", "power.csv")
FORECAST_FILE = "forecast.csv"  # only in runs whose scenario forecasts the supply
# Only in runs with users, groups and so on: accounts per user (RULES §13), and how grid events were met.
ACCOUNT_FILES = {
    "user": "users.csv",
    "group": "groups.csv",
    "account": "accounts.csv",
    "qos": "qos.csv",
    "service_class": "service_classes.csv",
    "partition": "partitions.csv",
}
GRID_EVENTS_FILE = "grid_events.csv"
COMPARE_FILES = ("config.json", "provenance.json", "compare.json")
# Everything RARE itself puts into a folder; a folder with anything else in it is never replaced.
EVALUATION_FILES = {"evaluate.json", "evaluate.csv", "objective.png", "objective.svg"}
START_TIMES_FILES = {f"start_times{suffix}" for suffix in (".json", ".txt", ".png", ".svg")}
LEARNING, LEARNING_FACTS = "learning", "learning.json"  # what `rare demo` taught, and what marks it
FOLDERS = ("figures", "runs", LEARNING)
OPTIONAL_FILES = {FORECAST_FILE, *ACCOUNT_FILES.values(), GRID_EVENTS_FILE}
OWN_NAMES = {*RUN_FILES, *OPTIONAL_FILES, *COMPARE_FILES, *EVALUATION_FILES, *START_TIMES_FILES}
OWN_NAMES |= {*FOLDERS, "report.html"}
FIGURE_SUFFIXES = {".png", ".svg"}


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path` to fill; rename it to `path` when the block ends well.

    If the block raises, the temporary folder and any parent made for it are removed, and what was
    at `path` before is untouched. A folder that holds anything but a RARE run or comparison is
    never replaced. Raises InputError for that and for places that cannot be written.
    """
    target = _resolved(path)
    _check_replaceable(target)
    _remove_stale(target)
    made = _make_parents(target.parent)
    whole = False
    temporary: Path | None = None
    try:
        prefix = f"{_hidden(target)}{machine_mark()}-{os.getpid()}."
        with held():
            temporary = Path(tempfile.mkdtemp(prefix=prefix, suffix=".tmp", dir=target.parent))
        with cleaned(lambda: _remove_unfinished(temporary, made)):
            yield temporary
        temporary.chmod(0o777 & ~_umask())  # mkdtemp's 0700 would hide results from colleagues
        _check_replaceable(target)  # again: minutes may have passed since the first look
        with held():  # between two renames there is neither the old folder nor the new one
            _swap(temporary, target)
            whole = True
    except OSError as error:
        raise InputError(
            f"{target}: cannot write the folder ({_reason(error)}); choose another place or free some space"
        ) from error
    finally:
        if not whole:
            _remove_unfinished(temporary, made)


def check_place(path: str | Path) -> None:
    """Refuse a place where `atomic_folder` would fail, before the work is done. InputError.

    A folder is made there, or beside what is there, and removed again: only that tells what a file system
    takes.
    """
    target = _resolved(path)
    _check_replaceable(target)
    with held():  # as short as that is
        made = _make_parents(target.parent)
        try:
            if target.exists():
                prefix = f"{_hidden(target)}{machine_mark()}-{os.getpid()}."
                os.rmdir(tempfile.mkdtemp(prefix=prefix, suffix=".tmp", dir=target.parent))
            else:
                target.mkdir()
                target.rmdir()
        except OSError as error:
            raise InputError(
                f"{place(target)}: cannot be written ({_reason(error)}); choose another place, or free space"
            ) from error
        finally:
            _remove_empty(made)


def is_own_folder(folder: Path) -> bool:
    """Whether `folder` is a run or comparison folder that holds nothing but RARE's own files."""
    marks = ["metrics.json", "compare.json", "evaluate.json", "start_times.json"]
    marks.append(f"{LEARNING}/{LEARNING_FACTS}")
    return foreign_entry(folder) is None and any((folder / name).is_file() for name in marks)


def foreign_entry(folder: Path) -> Path | None:
    """First file or folder inside a run or comparison folder that RARE did not write, if any."""
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() or entry.name not in OWN_NAMES:
            return entry
        if entry.name == "figures" and entry.is_dir():
            inside = [file for file in sorted(entry.iterdir()) if file.suffix not in FIGURE_SUFFIXES]
        elif entry.name == "runs" and entry.is_dir():
            inside = [run for run in sorted(entry.iterdir()) if not run.is_dir() or run.is_symlink()]
            strangers = (foreign_entry(run) for run in sorted(entry.iterdir()) if run not in inside)
            inside += [stranger for stranger in strangers if stranger is not None]
        elif entry.name == LEARNING and entry.is_dir():
            inside = [] if (entry / LEARNING_FACTS).is_file() else [entry]
        else:
            inside = [entry] if entry.is_dir() else []
        if inside:
            return inside[0]
    return None


def _part_with_dots(path: Path) -> Path:
    """The path up to its last `..`, or the current folder if it has none."""
    parts = path.parts
    return Path(*parts[: len(parts) - parts[::-1].index("..")]) if ".." in parts else Path()


def _resolved(path: str | Path) -> Path:
    if not str(path) or "\0" in str(path):
        raise InputError(f"output folder {str(path)!r}: not a path; name a folder")
    named = user_path(path)
    try:
        through = _part_with_dots(named)
        if not through.exists():  # readers of what is written would not find it by this name
            raise InputError(
                f"{place(named)}: {quoted(str(through))} does not exist; name the place without .."
            )
        target = named.resolve()
        here = Path.cwd()
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: cannot resolve this path ({error}); name another folder") from error
    if target == here or target in here.parents:
        raise InputError(f"{target}: is or holds the current folder; name a new folder inside it")
    return target


def _check_replaceable(target: Path) -> None:
    try:
        if not os.path.lexists(target):
            return
        if not target.is_dir():
            raise InputError(f"{target}: is a file, not a folder; choose another name")
        if not any(target.iterdir()) or is_own_folder(target):
            return
        stranger = foreign_entry(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be read ({_reason(error)}); choose another folder") from error
    why = f"it holds {stranger.name!r}" if stranger else "it has no metrics.json or compare.json"
    raise InputError(
        f"{target}: exists and is not only a run folder ({why}), so it is not overwritten; "
        "choose another folder or move it away"
    )


def _make_parents(parent: Path) -> list[Path]:
    missing: list[Path] = []
    try:
        while not parent.exists():
            missing.append(parent)
            parent = parent.parent
        made: list[Path] = []
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            made.append(folder)
    except OSError as error:
        _remove_empty(missing[::-1])
        raise InputError(
            f"{missing[0] if missing else parent}: cannot make this folder "
            f"({_reason(error)}); choose another place"
        ) from error
    return made


def _remove_unfinished(temporary: Path | None, made: list[Path]) -> None:
    if temporary is not None:
        shutil.rmtree(temporary, ignore_errors=True)
    _remove_empty(made)


def _remove_empty(made: list[Path]) -> None:
    for folder in reversed(made):
        try:
            folder.rmdir()
        except OSError:  # not empty or already gone: somebody else uses it, so it stays
            return


def _swap(temporary: Path, target: Path) -> None:
    """Put `temporary` at `target`; an old run there is set aside first and put back on failure."""
    if not target.exists() or not any(target.iterdir()):
        temporary.rename(target)
        return
    aside = temporary.with_suffix(".old")
    target.rename(aside)
    try:
        temporary.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _hidden(target: Path) -> str:
    return f".{target.name[:80]}."


def _remove_stale(target: Path) -> None:
    """Remove what a process that was killed outright left beside `target`; the living keep theirs."""
    pattern = re.compile(re.escape(f"{_hidden(target)}{machine_mark()}-") + r"(\d{1,9})\.[^.]+\.(tmp|old)")
    try:
        beside = list(target.parent.iterdir())
    except OSError:  # no such folder yet, or one that cannot be read: then nothing of ours is in it
        return
    for folder in beside:
        match = pattern.fullmatch(folder.name)
        # A set-aside run is the only copy if the process died before the new one took its place.
        if match and not is_alive(int(match[1])) and (match[2] == "tmp" or target.exists()):
            shutil.rmtree(folder, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
