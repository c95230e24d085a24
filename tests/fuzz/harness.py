"""Reads damaged files in this process and says what came of each: read, refused, or a fault of ours."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.mutation import MOST_BYTES, damaged
from tests.fuzz.samples import Sample
from traces.errors import InputError
from traces.files.documents import UnforeseenError

MOST_CPU_S = 20  # of a file of at most 300 kB: a busy machine does not count, a loop without end does
LONGEST_MESSAGE = 800


class TooLong(BaseException):
    """Reading a damaged file takes far more time than any file of its size should."""


@dataclass
class Tally:
    """outcomes: by reader, then read, refused or unforeseen. faults: what no user may see."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    unforeseen: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Files read or refused."""
        return sum(sum(counter.values()) for counter in self.outcomes.values())


def try_damaged(
    sample: Sample, others: list[bytes], folder: Path, seed: int, tally: Tally, most_bytes: int = MOST_BYTES
) -> None:
    """Damage the sample, cut it to so many bytes, and read it."""
    data = damaged(sample.data, random.Random(f"{sample.reader} {seed}"), others)[:most_bytes]
    path = folder / sample.file
    kept = path.read_bytes() if path.exists() else None
    path.write_bytes(data)
    try:
        _read(sample, path, f"{sample.reader}, seed {seed}", tally)
    finally:
        path.unlink()
        if kept is not None:
            path.write_bytes(kept)


def _read(sample: Sample, path: Path, name: str, tally: Tally) -> None:
    outcomes = tally.outcomes.setdefault(sample.reader, Counter())
    try:
        with limited_cpu():
            sample.read(path)
        outcomes["read"] += 1
    except UnforeseenError as error:
        outcomes["unforeseen"] += 1
        cause = error.__cause__
        tally.unforeseen[f"{sample.reader}: {type(cause).__name__}: {_safe(cause)[:70]}"] += 1
        if isinstance(cause, MemoryError):
            tally.faults.append(f"{name}: took too much memory")
    except InputError as error:
        outcomes["refused"] += 1
        text = str(error)
        if "\n" in text.strip() or not text.strip() or len(text) > LONGEST_MESSAGE:
            tally.faults.append(f"{name}: its message is no short line: {text[:200]!r} ({len(text)})")
    except TooLong:
        outcomes["fault"] += 1
        tally.faults.append(f"{name}: took more than {MOST_CPU_S} s")
    except Exception as error:
        outcomes["fault"] += 1
        tally.faults.append(f"{name}: {type(error).__name__}: {_safe(error)[:200]}")


def _safe(error: BaseException | None) -> str:
    try:
        return " ".join(str(error).split())
    except ValueError:
        return "(a number of too many digits)"


@contextmanager
def limited_cpu() -> Iterator[None]:
    """Raise TooLong inside where it takes more processor time than MOST_CPU_S."""

    def stop(number: int, frame: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
