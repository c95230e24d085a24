"""Files of text, plain or gzipped, in blocks of whole lines, under a cap on their unpacked size."""

from __future__ import annotations

import codecs
import errno
import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

from traces.errors import InputError

#: 2 GiB: ten times the largest trace of the Parallel Workloads Archive.
MAX_BYTES = 2 * 2**30
BLOCK_BYTES = 2**20
LONGEST_LINE = 2**20
#: Real traces shrink to a fifth or a twentieth. Above this ratio a large file is no trace but a bomb.
_ABSURD_RATIO = 200
_RATIO_FROM_BYTES = 16 * 2**20
#: Of a file in a message: longer names are cut in the middle.
_LONGEST_NAME = 240
_GZIP = b"\x1f\x8b"
#: As spreadsheets save "Unicode text".
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OTHERS = {
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"PK\x03\x04": "a zip file (or spreadsheet)",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"PAR1": "a Parquet file",
}


def place(path: Path | str, line: int | None = None) -> str:
    """`file` or `file:line` for the beginning of a message; line breaks in the name are escaped."""
    name = str(path)
    if not name.isprintable():
        name = name.encode("unicode_escape", "backslashreplace").decode()
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME // 2]}...{name[-_LONGEST_NAME // 2 :]}"
    return name if line is None else f"{name}:{line}"


def refuse_os(path: Path | str, error: OSError | ValueError, doing: str = "read") -> NoReturn:
    """Raise InputError with the operating system's reason why a file could not be read or written."""
    reason = getattr(error, "strerror", None) or str(error)
    raise InputError(
        f"cannot {doing}: {reason}", where=place(path), remedy="check the path and its permissions"
    ) from error


def open_regular(path: Path | str) -> BinaryIO:
    """A regular file open for reading in binary. OSError for a folder, a device, a pipe or a socket.

    Opened first and looked at then, so that nobody can put a device in its place; a pipe without a writer
    does not make it wait. ValueError for a name that no file can have.
    """
    descriptor = os.open(Path(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    raise OSError(errno.ENODEV, "it is not a regular file: save its content to one", str(path))


def open_file(path: Path | str) -> BinaryIO:
    """A regular file open for reading in binary; InputError if there is none, or it is empty."""
    try:
        stream = open_regular(path)
    except (OSError, ValueError) as error:
        if isinstance(error, IsADirectoryError):
            raise InputError("is a folder", where=place(path), remedy="give a file") from error
        if isinstance(error, OSError) and error.errno in (errno.ENODEV, errno.ENXIO):  # ENXIO: a socket
            raise InputError(
                "is not a regular file", where=place(path), remedy="save its content to a file first"
            ) from error
        refuse_os(path, error)
    if os.fstat(stream.fileno()).st_size == 0:
        stream.close()
        raise InputError("the file is empty", where=place(path), remedy="give one with jobs")
    return stream


def begins_as_json(path: Path | str) -> bool:
    """Whether the file's first characters, unpacked if gzipped, open an object or a list of JSON."""
    with open_file(path) as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw, mode="rb") if packed else raw
        head = _read(path, stream, 4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith((b"{", b"["))


def blocks(
    path: Path | str,
    max_bytes: int = MAX_BYTES,
    *,
    longest_line: int = LONGEST_LINE,
    line_remedy: str = "it is no trace",
) -> Iterator[bytes]:
    """The file in blocks of whole lines (each but the last ends in a newline), unpacked if gzipped.

    Compression and UTF-16 (which becomes UTF-8) are detected by content, not by name. Memory stays at a few
    blocks, or at `longest_line` bytes, whatever the file unpacks to. InputError: unreadable, cut short,
    damaged, binary, over `max_bytes`, or with a longer line.
    """
    with open_file(path) as raw:
        head = raw.read(8)
        raw.seek(0)
        for magic, kind in _OTHERS.items():
            if head.startswith(magic):
                raise InputError(f"is {kind}", where=place(path), remedy="give plain UTF-8 text or gzip")
        packed = head.startswith(_GZIP)
        chunks = _chunks(path, raw, packed, max_bytes)
        if head.startswith(_UTF_16):
            chunks = _from_utf_16(path, chunks)
        yield from _whole_lines(path, _without_zeros(path, chunks), longest_line, line_remedy)


def _chunks(path: Path | str, raw: BinaryIO, packed: bool, max_bytes: int) -> Iterator[bytes]:
    """Unpacked pieces of at most BLOCK_BYTES; stops with InputError as soon as the cap is passed."""
    stream = gzip.GzipFile(fileobj=raw, mode="rb") if packed else raw
    unpacked = 0
    while chunk := _read(path, stream, min(BLOCK_BYTES, max_bytes + 1 - unpacked)):
        unpacked += len(chunk)
        if unpacked > max_bytes:
            raise InputError(
                f"holds more than {max_bytes} bytes{' unpacked' if packed else ''}, the limit (max_bytes)",
                where=place(path),
                remedy="split it, or raise the limit",
            )
        if packed and unpacked > max(_RATIO_FROM_BYTES, _ABSURD_RATIO * raw.tell()):
            raise InputError(
                f"unpacks to over {_ABSURD_RATIO} times its size, as no trace does",
                where=place(path),
                remedy="unpack it yourself if it is meant to be read",
            )
        yield chunk


def _from_utf_16(path: Path | str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8")
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise InputError(
            "begins as UTF-16 text and is damaged", where=place(path), remedy="save the file as UTF-8"
        ) from error


def _without_zeros(path: Path | str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if b"\0" in chunk:
            raise InputError(
                "holds zero bytes, so it is not text", where=place(path), remedy="give a text file"
            )
        yield chunk


def _read(path: Path | str, stream: BinaryIO | gzip.GzipFile, size: int) -> bytes:
    try:
        return stream.read(size)
    except EOFError as error:
        raise InputError(
            "the gzip data is cut short", where=place(path), remedy="fetch the file again"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"the gzip data is damaged ({error})", where=place(path), remedy="fetch the file again"
        ) from error
    except OSError as error:
        refuse_os(path, error)


def _whole_lines(
    path: Path | str, chunks: Iterator[bytes], longest_line: int, line_remedy: str
) -> Iterator[bytes]:
    """The chunks, cut at line ends. InputError for a line longer than `longest_line` bytes."""
    unfinished = b""
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield unfinished + chunk[:cut]
            unfinished = chunk[cut:]
        else:
            unfinished += chunk
        if len(unfinished) > longest_line:
            raise InputError(
                f"has a line longer than {longest_line} bytes", where=place(path), remedy=line_remedy
            )
    if unfinished:
        yield unfinished


def numbered_lines(
    path: Path | str,
    max_bytes: int = MAX_BYTES,
    *,
    longest_line: int = LONGEST_LINE,
    line_remedy: str = "it is no trace",
) -> Iterator[tuple[int, list[bytes]]]:
    """The lines of each block without their ends, and the number (from 1) of the first of them."""
    first = 1
    for block in blocks(path, max_bytes, longest_line=longest_line, line_remedy=line_remedy):
        if first == 1:
            block = block.removeprefix(b"\xef\xbb\xbf")
        lines = block.splitlines()
        yield first, lines
        first += len(lines)
