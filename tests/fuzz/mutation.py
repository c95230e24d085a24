"""Damage to files, drawn from a seed: the same seed and the same file give the same damaged file."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable, Sequence

_TEXTS = (
    "", " ", "0", "-0", "-1", "1", "nan", "NaN", "inf", "-inf", "1e5", "1e99", "1e308", "1e400", "-1e400",
    "1e-400", "1e999999999", "1" + "0" * 30, "9" * 20, "9" * 5000, "0." + "1" * 200, "-9223372036854775809",
    "9223372036854775807", "18446744073709551616", "1_000", "0x1F", "0o7", "1,5", "1.000,5", "+5", "--5",
    ".5", "5.", "१२३", "１２", "²", "true", "null", "None", "[]", "{}", "[[]]", "{{", "'", '"', "\\",
    "\\u0000", "\0", "\x1b[31m", "\x85", "\u2028", "\ufeff", "\udc80", "é" * 200, "x" * 5000, "%s%n", "{0}",
    "=1+1", "#", ";", ",", "\t", "\n", "\r", "../../etc/passwd", "/dev/zero", "~nobody/x", "-", "--out",
    "Mars/Base", "Europe/Berlin", "UTC", "2022-02-30", "0000-00-00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z", "10000-01-01", "2022-03-27T02:30", "2022-10-30 02:30", "24:00", "25:61",
    "1970-01-01", "2022-W53-7", "2022-06-13T00:00:00+99:99", "kW", "GWh", "EUR/MWh", "-999", "9999",
    "a.b.c", "[a]", "inline = {a = 1}",
)  # fmt: skip
HOSTILE = tuple(text.encode("utf-8", "surrogatepass") for text in _TEXTS)
_TOKEN = re.compile(rb"[^\s,;=\[\]{}\"':]+")


def damaged(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """The file with one to four kinds of damage, in half of the cases a single one that leaves its form.

    others: files to take pieces from.
    """
    if chance.random() < 0.5:
        return chance.choice(_GENTLE)(data, chance, others)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        data = chance.choice(_KINDS)(data, chance, others)[:MOST_BYTES]
    return data


MOST_BYTES = 300_000


def _flip_bits(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    return (
        data[: chance.randint(0, len(data))]
        if chance.random() < 0.7
        else data[chance.randint(0, len(data)) :]
    )


def _drop_lines(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    first = chance.randint(0, len(lines))
    return b"".join(lines[:first] + lines[first + chance.randint(1, 5) :])


def _repeat_lines(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    first = chance.randint(0, len(lines))
    piece = lines[first : first + chance.randint(1, 4)]
    return b"".join(lines[:first] + piece * chance.choice((2, 2, 3, 50, 2000)) + lines[first:])


def _swap_lines(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    if len(lines) > 1:
        one, other = chance.sample(range(len(lines)), 2)
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _replace_token(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 3, 20))):
        tokens = [found.span() for found in _TOKEN.finditer(data, *_near(data, chance))]
        if tokens:
            first, last = chance.choice(tokens)
            data = data[:first] + chance.choice(HOSTILE) + data[last:]
    return data


def _replace_one(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    tokens = [found.span() for found in _TOKEN.finditer(data, *_near(data, chance))]
    if not tokens:
        return data
    first, last = chance.choice(tokens)
    return data[:first] + chance.choice(HOSTILE) + data[last:]


def _near(data: bytes, chance: random.Random) -> tuple[int, int]:
    """A part of the data, the beginning (headers) more often than the rest."""
    first = 0 if chance.random() < 0.5 else chance.randint(0, len(data))
    return first, first + 2000


def _swap_tokens(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    tokens = [found.span() for found in _TOKEN.finditer(data, *_near(data, chance))]
    if len(tokens) < 2:
        return data
    (a, b), (c, d) = sorted(chance.sample(tokens, 2))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _insert(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    piece = chance.choice(HOSTILE) if chance.random() < 0.6 else chance.randbytes(chance.randint(1, 40))
    return data[:at] + piece + data[at:]


def _change_separator(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    one, other = chance.sample(
        (b",", b";", b"\t", b" ", b"=", b".", b":", b"\n", b'"', b"[", b"]", b"{", b"}"), 2
    )
    return data.replace(one, other, chance.choice((1, 1, 5, -1)))


def _encode(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    text = data.decode("utf-8", "replace")
    kind = chance.choice(("utf-16", "utf-32", "latin-1", "utf-8-sig", "crlf", "cr", "upper", "lower"))
    if kind in ("crlf", "cr"):
        return data.replace(b"\n", b"\r\n" if kind == "crlf" else b"\r")
    if kind in ("upper", "lower"):
        return data.upper() if kind == "upper" else data.lower()
    return text.encode(kind, "replace")


def _nest(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    at, depth = chance.randint(0, len(data)), chance.choice((10, 70, 400, 3000, 20_000))
    opening, closing = chance.choice(
        ((b"[", b"]"), (b'{"a":', b"}"), (b"{a=", b"}"), (b"a.", b""), (b"((", b"))"))
    )
    return data[:at] + opening * depth + closing * depth * chance.randint(0, 1) + data[at:]


_BOMB = gzip.compress(bytes(10**8), mtime=0)


def _pack(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    packed = gzip.compress(data, 1, mtime=0)
    packed += _BOMB if chance.random() < 0.2 else b""  # gzip reads one member after the other
    return packed[: chance.randint(0, len(packed))] if chance.random() < 0.3 else packed


def _cross(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    first = chance.randint(0, len(other))
    at = chance.randint(0, len(data))
    return data[:at] + other[first : first + chance.randint(1, 400)] + data[at:]


Damage = Callable[[bytes, random.Random, Sequence[bytes]], bytes]
_KINDS: tuple[Damage, ...] = (
    _flip_bits, _flip_bits, _cut, _drop_lines, _repeat_lines, _swap_lines, _replace_token, _replace_token,
    _replace_token, _replace_token, _swap_tokens, _swap_tokens, _insert, _insert, _change_separator, _encode,
    _nest, _cross, _pack,
)  # fmt: skip
_GENTLE: tuple[Damage, ...] = (
    _replace_one,
    _replace_one,
    _replace_one,
    _swap_tokens,
    _swap_lines,
    _repeat_lines,
)
