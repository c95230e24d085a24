"""Joins blocks of episodes to shards, in the order of the episodes and as soon as the next one is there.

A shard ends at the same episode, and has the same bytes, as if its episodes had been played one after another
straight into it.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from rare.dataset.checked.hdf5 import opened_hdf5
from rare.dataset.episode_blocks import BLOCKS, BOOK, Block
from rare.dataset.shards import Shard, ShardWriter, group_name, read_shard, shards_in
from traces.errors import InputError
from traces.files.atomic import remove_partial


class Joiner:
    """Joins the blocks in one dataset's folder, whose lock the caller holds.

    folder: of the dataset. shards: those that are complete; new ones are added. shard_decisions: with so many
    a shard is full. on_shard: called after each. Leaving the block without `finish` drops the incomplete
    shard; its blocks are kept.
    """

    def __init__(
        self,
        folder: Path,
        blocks: Iterable[Block],
        shards: list[Shard],
        shard_decisions: int,
        on_shard: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder, self._shards, self._full = folder, shards, shard_decisions
        self._on_shard = on_shard
        self._waiting = deque(blocks)
        self._joined: deque[Block] = deque()  # to be removed once their last episode is in a complete shard
        self._next = shards[-1].last + 1 if shards else 0
        self._writer: ShardWriter | None = None

    def __enter__(self) -> Joiner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.give_up()

    def join(self) -> None:
        """Join what is on disk, up to the first block that is not."""
        while self._waiting and self._waiting[0].path(self._folder).exists():
            block = self._waiting.popleft()
            self._copy(block)
            self._joined.append(block)
            self._remove_joined()

    def finish(self) -> None:
        """Join what is left, and complete the last shard. InputError if a block is not there."""
        self.join()
        if self._waiting:
            raise InputError(
                f"{self._waiting[0].path(self._folder)}: is gone; give the same command again to go on"
            )
        if self._writer is not None:
            self._close()
        self._remove_joined()

    def _copy(self, block: Block) -> None:
        """Copy the episodes of a block that are in no shard yet."""
        shard = read_shard(block.path(self._folder), *block)
        with opened_hdf5(shard.path) as file:
            for row in shard.rows:
                if row["number"] < self._next:
                    continue
                if self._writer is None:
                    self._writer = ShardWriter(self._folder / "data", self._next)
                if row.get("why_not") is None:
                    self._writer.copy(file[group_name(row["number"])], row)
                else:
                    self._writer.leave_out(row)
                self._next += 1
                if self._writer.decisions >= self._full:
                    self._close()

    def _close(self) -> None:
        assert self._writer is not None
        self._shards.append(self._writer.close())
        self._writer = None
        self._on_shard()

    def _remove_joined(self) -> None:
        complete = self._shards[-1].last if self._shards else -1
        while self._joined and self._joined[0].last <= complete:
            self._joined.popleft().path(self._folder).unlink(missing_ok=True)


def clear_blocks(folder: Path, joined: int, *, ended: bool = False) -> None:
    """Remove what no run will read: unfinished and damaged files, and blocks of the first `joined` episodes.

    folder: of a dataset, whose lock the caller holds. ended: nobody plays any more. Blocks of later episodes
    are kept: a run that asked for more of them was stopped.
    """
    blocks = folder / BLOCKS
    if not blocks.is_dir():
        return
    remove_partial(blocks)
    for path, first, last in list(shards_in(blocks)):
        if last < joined or not _is_whole(path, first, last):
            path.unlink(missing_ok=True)
    if ended:
        shutil.rmtree(blocks / BOOK, ignore_errors=True)
        with suppress(OSError):  # not empty
            blocks.rmdir()


def _is_whole(path: Path, first: int, last: int) -> bool:
    """Whether a block can be read: after a power failure it may be cut short."""
    try:
        shard = read_shard(path, first, last)
    except InputError:
        return False
    return len(shard.rows) == last - first + 1
