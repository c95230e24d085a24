"""Reading of untrusted HDF5 files: links are refused, and headers are checked before memory is allocated.

HDF5 lets a file of kilobytes claim terabytes, point into other files, and hold text where numbers belong.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from traces.errors import InputError, one_line
from traces.files.json_file import check_regular

MOST_CHUNK_BYTES = 256 * 2**20
MOST_ARRAY_BYTES = 4 * 2**30
MOST_RATIO = 1100  # zlib packs 1,032 bytes into one at most
MOST_TEXT = 10_000
KINDS = {"b": "true or false", "i": "whole numbers", "u": "whole numbers", "f": "numbers"}
REMEDY = "make the dataset again"


@contextmanager
def reading(path: Path, place: str = "") -> Iterator[None]:
    """Context that turns any error into an InputError of one line about the file."""
    where = f"{path}: {place}" if place else str(path)
    try:
        yield
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{where}: needs more memory than there is; {REMEDY} with fewer slots") from None
    except Exception as error:  # h5py raises many types of exceptions
        reason = one_line(error, 160) or type(error).__name__
        raise InputError(f"{where}: is damaged ({reason}); {REMEDY}") from None


@contextmanager
def opened_hdf5(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file, open for reading. InputError if it is none."""
    check_regular(path, REMEDY)
    with reading(path):
        file = h5py.File(path, "r")
    try:
        yield file
    finally:
        with suppress(Exception):
            file.close()


def member(group: h5py.Group, name: str, path: Path) -> Any:
    """The member at a path such as 'infos/action_mask', None if missing. InputError for any kind of link."""
    place, current = "", group
    for part in name.split("/"):
        place = f"{place}/{part}" if place else part
        where = f"{group.name}/{place}"
        if not isinstance(current, h5py.Group):
            raise InputError(f"{path}: {where} lies in something that is no group; {REMEDY}")
        with reading(path, where):
            link = current.get(part, getlink=True)
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise InputError(
                    f"{path}: {where} is a link to somewhere else, which is not followed; {REMEDY}"
                )
            current = current[part]
    return current


def array_at(group: h5py.Group, name: str, path: Path, kinds: str, width: int | None = None) -> h5py.Dataset:
    """The array at a name, (N,) or with a width (N, width), whose header holds what it claims.

    kinds: of its numbers, as NumPy names them. Nothing of it has been read yet.
    """
    where = f"{group.name}/{name}"
    array = member(group, name, path)
    if array is None:
        raise InputError(f"{path}: lacks {where}; {REMEDY}")
    with reading(path, where):
        if not isinstance(array, h5py.Dataset):
            raise InputError(f"{path}: {where} is no array; {REMEDY}")
        _check_type(array, path, where, kinds)
        _check_shape(array, path, where, width)
        _check_storage(array, path, where)
    return array


def _check_type(array: h5py.Dataset, path: Path, where: str, kinds: str) -> None:
    dtype = array.dtype
    if dtype.kind not in kinds or dtype.itemsize > 8 or dtype.fields or dtype.subdtype:
        expected = " or ".join(dict.fromkeys(KINDS[kind] for kind in kinds))
        raise InputError(f"{path}: {where} holds values of type {dtype}, not {expected}; {REMEDY}")


def _check_shape(array: h5py.Dataset, path: Path, where: str, width: int | None) -> None:
    shape = array.shape
    columns = () if width is None else (width,)
    if shape is None or len(shape) != 1 + len(columns) or shape[1:] != columns or not shape[0]:
        expected = "(rows,)" if width is None else f"(rows, {width})"
        raise InputError(f"{path}: {where} has the shape {shape}, not {expected}; {REMEDY}")


def _check_storage(array: h5py.Dataset, path: Path, where: str) -> None:
    """InputError for arrays stored in other files, or larger than the file can hold."""
    claimed = math.prod(array.shape) * array.dtype.itemsize
    if array.is_virtual or array.external:
        raise InputError(f"{path}: {where} lies in another file, which is not read; {REMEDY}")
    stored, chunks = array.id.get_storage_size(), array.chunks
    packed = array.id.get_create_plist().get_nfilters() > 0
    absent = stored > os.path.getsize(path) or claimed > stored * (MOST_RATIO if packed else 1)
    if chunks is not None and not absent:
        pieces = math.prod(-(-rows // step) for rows, step in zip(array.shape, chunks, strict=True))
        absent = array.id.get_num_chunks() < pieces
    if absent:
        raise InputError(
            f"{path}: {where} claims {claimed:,} bytes, {array.shape}, and holds {stored:,} packed into "
            f"fewer pieces; {REMEDY}"
            if packed
            else f"{path}: {where} claims {claimed:,} bytes, {array.shape}, and holds {stored:,}; {REMEDY}"
        )
    if chunks is not None and math.prod(chunks) * array.dtype.itemsize > MOST_CHUNK_BYTES:
        raise InputError(
            f"{path}: {where} is stored in pieces of {chunks}, more than {MOST_CHUNK_BYTES:,} bytes each; "
            f"{REMEDY}"
        )
    if claimed > MOST_ARRAY_BYTES:
        raise InputError(
            f"{path}: {where} has {claimed:,} bytes, more than {MOST_ARRAY_BYTES:,} for one episode; make "
            "the dataset again with shorter episodes (--max-decisions) or fewer slots"
        )


def check_memory(bytes_needed: int, path: Path, contents: str, remedy: str) -> None:
    """InputError if less than `bytes_needed` of memory is free. contents: what needs it, for the message."""
    free = available_bytes()
    if free is not None and bytes_needed > free:
        raise InputError(
            f"{path}: {contents} need {bytes_needed / 2**30:,.1f} GiB of memory, and {free / 2**30:,.1f} GiB "
            f"are free; {remedy}"
        )


def available_bytes() -> int | None:
    """Memory available to this process, in bytes; None if the system does not report it."""
    free: list[int] = []
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                free.append(1024 * int(line.split()[1]))
    with suppress(OSError, ValueError):
        # usage includes the file cache, which can be freed: so the limit alone
        free.append(int(Path("/sys/fs/cgroup/memory.max").read_text("ascii")))
    with suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
            free.append(max(limit - used, 0))
    return min(free) if free else None


def attribute(group: h5py.Group, name: str, path: Path) -> Any:
    """A scalar attribute as a Python value, None if missing. InputError for arrays and long texts."""
    where = f"{group.name}, attribute {name}"
    with reading(path, where):
        if name not in group.attrs:
            return None
        header = group.attrs.get_id(name)
        if header.shape != () or header.get_storage_size() > MOST_TEXT:
            raise InputError(f"{path}: {where} is no single value; {REMEDY}")
        value = group.attrs[name]
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, bytes):
            value = value.decode("utf-8")
        if not isinstance(value, bool | int | float | str) or (
            isinstance(value, str) and len(value) > MOST_TEXT
        ):
            raise InputError(f"{path}: {where} is no number or text; {REMEDY}")
        return value
