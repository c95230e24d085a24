"""Names of datasets' folders: what Minari calls a dataset is where it lies under MINARI_DATASETS_PATH.

`minari list` stops for the whole root at the first folder whose name has no version, or whose id says
another place. So every folder that is written ends in -vN, and its id is its path below the root.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from traces.errors import InputError

PLAN, SHEET = "plan.json", "datasheet.json"
MAIN, METADATA = "main_data.hdf5", "metadata.json"  # in the folder data/, where Minari looks for them
NAMESPACE_FILE = "namespace_metadata.json"  # of Minari: marks a folder as a namespace
_NAME = re.compile(r"[-\w]+-v\d+")
_NAMESPACE = re.compile(r"[-\w][-\w/]*[-\w]")  # Minari takes none of a single letter
_DATA = "data"  # a folder with such a folder in it is a dataset, for Minari


def minari_root() -> Path:
    """The root folder of Minari's datasets."""
    return Path(os.environ.get("MINARI_DATASETS_PATH") or Path.home() / ".minari" / "datasets")


def versioned(out: str | Path) -> Path:
    """The folder to write a dataset into: `out`, with -v0 added if its name has no version.

    InputError if Minari could not list it: characters that are not letters, digits, - or _, a namespace
    that is called `data`, a place inside another dataset; or if `out` is there and is no dataset.
    """
    try:
        return _versioned(out)
    except (OSError, RuntimeError, ValueError) as error:  # too long, a zero in it, no such user
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"--out {str(out)[:80]!r}: is no name for a folder ({reason}); give another"
        ) from None


def _versioned(out: str | Path) -> Path:
    if "\0" in str(out) or not str(out):
        raise ValueError("it is empty" if not str(out) else "it holds a zero byte")
    folder = Path(out).expanduser()
    folder.exists()
    name = Path(os.path.abspath(folder)).name
    if _version(name):
        versioned_folder = folder
    else:
        _check_taken(folder, name)
        versioned_folder = folder.parent / f"{folder.name}-v0" if folder.name else folder / f"{name}-v0"
    if not _NAME.fullmatch(versioned_folder.name):
        better = _listed(versioned_folder)
        hint = f"; give {better}" if better is not None else "; give another name"
        raise InputError(
            f"{out}: Minari's names are letters, digits, - and _, with a version such as -v0 at the end{hint}"
        )
    dataset_id(versioned_folder)
    return versioned_folder


def _listed(folder: Path) -> Path | None:
    """A free folder with a similar name that Minari accepts, next to this one; None without one."""
    name, _, version = folder.name.rpartition("-v")
    word = re.sub(r"[^-\w]+", "-", name).strip("-")
    if not word:
        return None
    places = (folder.parent / f"{word}-v{number}" for number in (version, *range(100)))
    return next((place for place in places if not os.path.lexists(place)), None)


def _version(name: str) -> bool:
    return re.search(r"-v\d+$", name) is not None


def _check_taken(folder: Path, name: str) -> None:
    """InputError for a file, a folder of other files, or an empty folder without a version."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, not a folder; choose another name")
    if not folder.is_dir() or (folder / PLAN).is_file():
        return
    foreign = sorted(path.name for path in folder.iterdir())
    if foreign:
        raise InputError(
            f"{folder}: holds {foreign[0]!r} and no dataset, so it is left alone; choose another folder"
        )
    place = folder.parent / f"{name}-v0" if folder.name else folder / f"{name}-v0"
    hint = _listed(place) or "another name"
    raise InputError(f"{folder}: Minari wants a folder whose name ends in a version; give {hint}")


def existing(folder: str | Path) -> Path:
    """The folder of a dataset for a path: the path, the path with -v0 added, or an id under Minari's root.

    A path that means none of them is returned as it is.
    """
    path = Path(folder).expanduser()
    if path.name == _DATA and (path / METADATA).is_file():
        path = path.parent
    places = [path]
    if path.name and not path.exists():
        places.append(path.parent / f"{path.name}-v0")
        if not path.is_absolute():
            places.append(minari_root() / path)
    return next((place for place in places if place.exists()), path)


def dataset_id(folder: Path) -> str:
    """Minari's id of a dataset in this folder: its path under Minari's root, elsewhere its name."""
    name = Path(os.path.abspath(folder)).name
    namespace = namespace_of(folder)
    if namespace is None:
        return name
    inside = [part for part in (*namespace.split("/"), name) if part]
    if _DATA in inside:
        raise InputError(
            f"{folder}: a folder called 'data' under {minari_root()} would be taken for part of a dataset; "
            "choose another name"
        )
    if namespace and not _NAMESPACE.fullmatch(namespace):
        raise InputError(
            f"{folder}: {namespace!r} is no namespace for Minari, which takes letters, digits, - and _, two "
            "at least; choose another folder"
        )
    around = Path(os.path.abspath(folder))
    for _ in inside:
        around = around.parent
        if (around / _DATA).is_dir():
            raise InputError(
                f"{folder}: lies inside {around}, which Minari takes for a dataset, as it holds a folder "
                "called 'data'; choose another folder"
            )
    return "/".join(inside)


def namespace_of(folder: Path) -> str | None:
    """Namespace of a dataset by its place under Minari's root, '' directly below it; None elsewhere."""
    root, path = minari_root().expanduser(), Path(os.path.abspath(folder))
    real = Path(os.path.realpath(path.parent)) / path.name
    for base, place in ((os.path.abspath(root), path), (os.path.realpath(root), real)):
        if place.is_relative_to(base) and place != Path(base):
            inside = place.relative_to(base).parent.as_posix()
            return "" if inside == "." else inside
        if place == Path(base):
            raise InputError(f"{folder}: is where Minari keeps all datasets; give a folder below it")
    return None


def mark_namespace(folder: Path) -> None:
    """Write the namespace files of a dataset's folders, as Minari's tools do."""
    namespace = namespace_of(folder)
    if not namespace:
        return
    place = Path(os.path.abspath(folder)).parent
    for _ in namespace.split("/"):
        if not (place / NAMESPACE_FILE).exists():
            (place / NAMESPACE_FILE).write_text("{}", encoding="utf-8")
        place = place.parent
