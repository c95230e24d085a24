"""Where compiled code is kept: only in folders in which nobody but this user can put files.

numba reads its index with pickle, which runs what the file says. Whoever can write to the folder, or can
put another one in its place, would run code as this user.
"""

from __future__ import annotations

import errno
import grp
import logging
import multiprocessing
import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path

_MOST_LINKS = 40
_OTHERS_ENTER = stat.S_IXGRP | stat.S_IXOTH


def private_folder(name: str) -> tuple[Path | None, bool]:
    """The folder `name` for compiled code, made if need be, and whether it is in this user's cache.

    Else it lies in a temporary folder of this user alone, or is None: then nothing may be kept on disk.
    Why the cache is not used is logged in one line.
    """
    try:
        folder = _cache_home() / "rare" / name
        _make(folder)
        _check_writable(folder)
        return folder, True
    except (Unsafe, OSError) as error:
        reason = str(error) if isinstance(error, Unsafe) else None
    for home in _temporary_homes():
        with suppress(Unsafe, OSError):
            _make(home / name)
            _check_writable(home / name)
            _say(reason, f"it is kept in {home} instead")
            return home / name, False
    _say(reason or "no folder of this user's own can be written", "it is not kept: each start compiles again")
    return None, False


class Unsafe(Exception):
    """Others may put files into a folder; the message says which, and why."""


def check_private(folder: Path) -> None:
    """Raise Unsafe if anybody but this user and root may write in the folder, or put another in its place.

    Each folder and link on the way must belong to this user or root, and be writable for no one else (but a
    group of this user alone); a
    sticky one (/tmp) may be, except for the folder itself and the one above it. The folder and the one
    above it must be no links.
    """
    _check_links(folder)
    _check_way(folder)
    for path in (folder.parent, folder):  # where even a sticky bit lets others add files
        if others_write(path, path.stat()):
            raise Unsafe(f"others may write in {path}")
    if folder.stat().st_mode & _OTHERS_ENTER:  # else nobody reaches what is inside
        for path in folder.rglob("*"):
            with suppress(FileNotFoundError):  # of another process, which has removed it meanwhile
                info = path.lstat()
                _check_owner(path, info)
                if stat.S_ISLNK(info.st_mode) or others_write(path, info):
                    raise Unsafe(f"others may write {path}")


def others_write(path: Path, info: os.stat_result) -> bool:
    """Whether the bits let anybody write but this user: a group of this user alone does not count.

    Many systems give each user such a group, and a umask of 002, by which all folders are writable for it.
    """
    if info.st_mode & stat.S_IWOTH:
        return True
    if not info.st_mode & stat.S_IWGRP:
        return False
    return not (_is_private_group(info.st_gid) and _plain_bits(path))


@cache
def _is_private_group(group: int) -> bool:
    """Whether it is this process's group, is called as the user, and has no other member."""
    if group == 0 or group != os.getgid():  # of containers whose users are made up, 0 is the group of all
        return False
    try:
        user, entry = pwd.getpwuid(os.getuid()), grp.getgrgid(group)
    except (KeyError, OSError):
        return False
    if entry.gr_name != user.pw_name or user.pw_gid != group or not {user.pw_name}.issuperset(entry.gr_mem):
        return False
    return not any(each.pw_gid == group and each.pw_uid != user.pw_uid for each in pwd.getpwall())


def _plain_bits(path: Path) -> bool:
    """Whether the group's bits mean the group: with an access control list they are its mask."""
    try:
        return not any("acl" in name for name in os.listxattr(path, follow_symlinks=False))
    except AttributeError:  # no such call here (macOS), where lists do not show in the bits
        return True
    except OSError as error:
        return error.errno in (errno.ENOTSUP, errno.ENODATA)


def _check_links(folder: Path) -> None:
    for path in (folder.parent, folder):
        if path.is_symlink():
            raise Unsafe(f"{path} is a link")


def _check_owner(path: Path, info: os.stat_result) -> None:
    if info.st_uid not in (0, os.getuid()):
        raise Unsafe(f"{path} belongs to another user")


def _steps(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every folder and link that the system passes on the way to this folder, the folder itself last."""
    here = Path(folder.anchor)
    left = list(folder.parts[:0:-1])
    links = 0
    yield here, here.lstat()
    while left:
        part = left.pop()
        if part == "..":
            here = here.parent  # `here` holds no links, so this is where the system goes too
            continue
        path = here / part
        info = path.lstat()
        yield path, info
        if not stat.S_ISLNK(info.st_mode):
            here = path
            continue
        links += 1
        if links > _MOST_LINKS:
            raise Unsafe(f"{folder} leads through too many links")
        target = Path(os.readlink(path))
        here = Path(target.anchor) if target.is_absolute() else here
        left += [part for part in reversed(target.parts) if part != target.anchor]


def _make(folder: Path) -> None:
    """The folder, made where it is not, each new one for this user alone. Unsafe; OSError."""
    _check_links(folder)
    missing = []
    there = folder
    while not os.path.lexists(there):
        missing.append(there)
        there = there.parent
    for path in reversed(missing):
        _check_way(path.parent)
        with suppress(FileExistsError):  # another process was quicker; looked at below
            path.mkdir(mode=0o700)
    check_private(folder)


def _check_way(folder: Path) -> None:
    """Unsafe if others may put another folder or link in the place of one on the way."""
    for path, info in _steps(folder):
        _check_owner(path, info)
        if stat.S_ISLNK(info.st_mode) or info.st_mode & stat.S_ISVTX:
            continue
        if others_write(path, info):
            raise Unsafe(f"others may write in {path}")


def _check_writable(folder: Path) -> None:
    probe = folder / f".probe-{os.getpid()}"
    probe.touch()
    probe.unlink()


def _cache_home() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    try:
        home = Path(named) if named else Path.home() / ".cache"
    except RuntimeError as error:
        raise Unsafe(f"there is no home folder ({error})") from None
    if not home.is_absolute():  # it would be another one in each folder that a command is given in
        raise Unsafe(f"{'XDG_CACHE_HOME' if named else 'the home folder'} {home} is not an absolute path")
    return home


def _temporary_homes() -> Iterator[Path]:
    """This user's folders among the temporary ones; last in each a new one, whose name nobody can guess."""
    prefix = f"rare-{os.getuid()}"
    places = list(dict.fromkeys(map(Path, (tempfile.gettempdir(), "/tmp", "/var/tmp"))))
    for place in places:
        yield place / prefix
        with suppress(OSError):
            yield from islice(sorted(place.glob(f"{prefix}-*")), 100)
        with suppress(OSError, Unsafe):
            _check_way(place)
            yield Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=place))


def _say(reason: str | None, instead: str) -> None:
    """One line, from the first process alone; nothing where the cache is merely read-only."""
    if reason is not None and multiprocessing.parent_process() is None:
        logging.getLogger("rare").warning(
            "the cache of compiled code is not used, because %s; %s", reason, instead
        )
