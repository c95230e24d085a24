"""Files that a command is to write: refused before the work is done, not after."""

from __future__ import annotations

import os

from traces.errors import InputError, quoted
from traces.files.atomic import partial_beside, remove_killed
from traces.files.documents import user_path
from traces.files.text import place


def check_target(out: str | os.PathLike[str], suffixes: tuple[str, ...], force: bool) -> None:
    """InputError for a file that cannot be written, is not named as its format, or exists without `force`."""
    path = user_path(os.fspath(out))
    if not path.name.lower().endswith(suffixes):
        *others, last = suffixes
        raise InputError(f"{place(path)}: unknown format; name it {', '.join(others)} or {last}")
    try:
        folder, parent, exists = path.is_dir(), path.parent.is_dir(), os.path.lexists(path)
    except OSError as error:
        raise InputError(
            f"{quoted(path)}: cannot be written ({error.strerror}); choose another name"
        ) from error
    if folder:
        raise InputError(f"{place(path)}: is a folder; name a file in it")
    if not parent:
        raise InputError(f"{place(path)}: its folder does not exist; make it first")
    if exists and not force:
        raise InputError(f"{place(path)}: exists already; choose another name, or replace it with --force")
    remove_killed(path)
    probe = partial_beside(path)
    try:  # only that tells whether the file system takes a file there
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        os.unlink(probe)
    except OSError as error:
        raise InputError(
            f"{place(path)}: cannot be written ({error.strerror}); choose another place, or free space"
        ) from error
