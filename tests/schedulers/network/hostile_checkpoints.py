"""Ways in which a checkpoint's two files can lie, each by its name: what is done, and what must be said."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

FACTS, WEIGHTS = "checkpoint.json", "weights.safetensors"
Damage = Callable[[Path], object]
DEEP = "[" * 10_000 + "]" * 10_000


def facts(change: Callable[[dict[str, Any]], object]) -> Damage:
    """Change checkpoint.json."""

    def damage(folder: Path) -> None:
        table = json.loads((folder / FACTS).read_text("utf-8"))
        change(table)
        (folder / FACTS).write_text(json.dumps(table), "utf-8")

    return damage


def network(**changes: Any) -> Damage:
    """Another network in checkpoint.json."""
    return facts(lambda table: table["network"].update(changes))


def header(change: Callable[[dict[str, Any]], object], more: bytes = b"") -> Damage:
    """Change the header of the weights; their numbers stay as they are."""

    def damage(folder: Path) -> None:
        data = (folder / WEIGHTS).read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        table = json.loads(data[8 : 8 + length])
        change(table)
        text = json.dumps(table).encode()
        (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :] + more)

    return damage


def tensor(name: str, **changes: Any) -> Damage:
    """Another entry of one tensor in the header of the weights."""
    return header(lambda table: table[name].update(changes))


def raw(name: str, data: bytes) -> Damage:
    """Another content for a file."""
    return lambda folder: (folder / name).write_bytes(data)


def instead(name: str, make: Callable[[Path], object]) -> Damage:
    """Something else in the place of a file."""

    def damage(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return damage


def cut(name: str, share: float) -> Damage:
    """A file that ends early."""

    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(share * len(data))])

    return damage


def _number(bits: bytes) -> Damage:
    """Another first number among the weights."""

    def damage(folder: Path) -> None:
        data = (folder / WEIGHTS).read_bytes()
        begin = 8 + struct.unpack("<Q", data[:8])[0]
        (folder / WEIGHTS).write_bytes(data[:begin] + bits + data[begin + 4 :])

    return damage


WAIT = "logits.wait.bias"

EVERY: dict[str, tuple[Damage, str]] = {
    "facts are gone": (lambda folder: (folder / FACTS).unlink(), "checkpoint.json"),
    "facts are empty": (raw(FACTS, b""), "cannot be read"),
    "facts are cut": (cut(FACTS, 0.5), "cannot be read"),
    "facts are binary": (raw(FACTS, b"\xff\x00"), "is not UTF-8 text"),
    "facts are a list": (raw(FACTS, b"[]"), "a list of 0, not an object"),
    "facts are deep": (raw(FACTS, DEEP.encode()), "nested too deeply"),
    "facts are deep inside": (
        facts(lambda table: table["facts"].update(x=json.loads("[" * 300 + "]" * 300))),
        "nested too deeply",
    ),
    "facts are huge": (raw(FACTS, b" " * (17 * 2**20)), "more than the 16,777,216"),
    "facts are a pipe": (instead(FACTS, os.mkfifo), "checkpoint.json"),
    "facts are endless": (instead(FACTS, lambda path: path.symlink_to("/dev/zero")), "checkpoint.json"),
    "version is text": (facts(lambda table: table.update(version="1")), "is not a checkpoint of version 1"),
    "version is true": (facts(lambda table: table.update(version=True)), "is not a checkpoint of version 1"),
    "version is a list": (facts(lambda table: table.update(version=[1])), "is not a checkpoint of version 1"),
    "no version": (facts(lambda table: table.pop("version")), "is not a checkpoint of version 1"),
    "no layout": (facts(lambda table: table.pop("layout")), "lacks 'layout'"),
    "layout is text": (facts(lambda table: table.update(layout="x")), "lacks 'layout'"),
    "layout of huge sizes": (facts(lambda table: table["layout"].update(sizes=[10**9, 1, 1])), "queue_slots"),
    "layout of lists": (facts(lambda table: table["layout"].update(sizes=[[1], 1, 1])), "queue_slots"),
    "layout of a text": (facts(lambda table: table["layout"].update(sizes="abc")), "queue_slots"),
    "layout of other features": (
        facts(lambda table: table["layout"]["blocks"].pop("queue")),
        "other features",
    ),
    "no network": (facts(lambda table: table.pop("network")), "lacks 'network'"),
    "network is a list": (facts(lambda table: table.update(network=[1])), "lacks 'network'"),
    "network has more": (network(depth=3), "must have kind, width and heads"),
    "network has less": (facts(lambda table: table["network"].pop("heads")), "must have kind, width"),
    "kind is unknown": (network(kind="transformer"), "network kind 'transformer' is unknown"),
    "kind is a list": (network(kind=["pointwise"]), "network kind a list of 1 is unknown"),
    "kind is another": (network(kind="attention"), "holds other weights"),
    "width is text": (network(width="8"), "network width must be from 1 to 4096"),
    "width is zero": (network(width=0), "network width must be from 1 to 4096"),
    "width is huge": (network(width=10**9), "network width must be from 1 to 4096"),
    "width is endless": (network(width=10**400), "more digits than any use needs"),
    "width is a fraction": (network(width=8.0), "network width must be from 1 to 4096"),
    "width is another": (network(width=16), "holds other weights"),
    "width is the widest": (network(width=4096), "holds other weights"),
    "heads is a list": (network(heads=[4]), "network heads must be from 1 to 64, got a list of 1"),
    "heads is text": (network(heads="4"), "network heads must be from 1 to 64"),
    "heads is null": (network(heads=None), "network heads must be from 1 to 64"),
    "heads is negative": (network(heads=-4), "network heads must be from 1 to 64"),
    "heads is huge": (network(heads=10**12), "network heads must be from 1 to 64"),
    "heads do not divide": (network(kind="attention", heads=3), "must be a multiple of heads"),
    "no facts": (facts(lambda table: table.pop("facts")), "lacks 'facts'"),
    "head is a list": (facts(lambda table: table["facts"].update(head=["q"])), "head a list of 1 is unknown"),
    "head is unknown": (facts(lambda table: table["facts"].update(head="best")), "head 'best' is unknown"),
    "head is null": (facts(lambda table: table["facts"].update(head=None)), "head None is unknown"),
    "weights are gone": (lambda folder: (folder / WEIGHTS).unlink(), "cannot be read"),
    "weights are empty": (raw(WEIGHTS, b""), "cannot be read"),
    "weights are text": (raw(WEIGHTS, b"hello, world: not a header"), "cannot be read"),
    "weights are a pickle": (raw(WEIGHTS, b"\x80\x04cos\nsystem\n"), "cannot be read"),
    "weights are cut": (cut(WEIGHTS, 0.5), "cannot be read"),
    "weights are a pipe": (instead(WEIGHTS, os.mkfifo), "not a regular file"),
    "weights are a folder": (instead(WEIGHTS, os.mkdir), "not a regular file"),
    "weights are endless": (
        instead(WEIGHTS, lambda path: path.symlink_to("/dev/zero")),
        "not a regular file",
    ),
    "header claims terabytes": (raw(WEIGHTS, struct.pack("<Q", 2**40) + b"{}"), "its header claims"),
    "header claims everything": (raw(WEIGHTS, b"\xff" * 64), "its header claims"),
    "header is deep": (raw(WEIGHTS, struct.pack("<Q", len(DEEP)) + DEEP.encode()), "nested too deeply"),
    "header is a list": (raw(WEIGHTS, struct.pack("<Q", 2) + b"[]"), "a list of 0, not an object"),
    "header is no text": (raw(WEIGHTS, struct.pack("<Q", 2) + b"\xff\xfe"), "cannot be read"),
    "header is empty": (raw(WEIGHTS, struct.pack("<Q", 2) + b"{}"), "holds other weights"),
    "a tensor is missing": (header(lambda table: table.pop(WAIT)), f"{WAIT} is missing"),
    "a tensor too many": (header(lambda table: table.update(x=table[WAIT])), "x is not expected"),
    "a tensor is a number": (header(lambda table: table.update({WAIT: 7})), f"{WAIT} is 7 in the header"),
    "half precision": (tensor(WAIT, dtype="F16"), "of type 'F16', not F32"),
    "whole numbers": (tensor(WAIT, dtype="I32"), "of type 'I32', not F32"),
    "brain floats": (tensor(WAIT, dtype="BF16"), "of type 'BF16', not F32"),
    "dtype is a list": (tensor(WAIT, dtype=["F32"]), "of type a list of 1, not F32"),
    "another shape": (tensor(WAIT, shape=[2]), "holds other weights"),
    "shape of terabytes": (tensor(WAIT, shape=[10**12]), "holds other weights"),
    "shape of text": (tensor(WAIT, shape=["1"]), "holds other weights"),
    "shape is a number": (tensor(WAIT, shape=1), "holds other weights"),
    "shape is true": (tensor(WAIT, shape=[True]), "holds other weights"),
    "no shape": (header(lambda table: table[WAIT].pop("shape")), "holds other weights"),
    "no offsets": (header(lambda table: table[WAIT].pop("data_offsets")), "does not have the bytes"),
    "offsets are text": (tensor(WAIT, data_offsets=["0", "4"]), "does not have the bytes"),
    "offsets go back": (tensor(WAIT, data_offsets=[4, 0]), "does not have the bytes"),
    "offsets are negative": (tensor(WAIT, data_offsets=[-4, 0]), "does not have the bytes"),
    "offsets are beyond": (tensor(WAIT, data_offsets=[10**15, 10**15 + 4]), "gaps, overlaps or beyond"),
    "offsets overlap": (tensor(WAIT, data_offsets=[0, 4]), "gaps, overlaps or beyond"),
    "bytes at the end": (header(lambda table: None, more=b"\0" * 64), "gaps, overlaps or beyond"),
    "a weight is NaN": (_number(struct.pack("<f", float("nan"))), "not finite"),
    "a weight is infinite": (_number(struct.pack("<f", float("inf"))), "not finite"),
}
