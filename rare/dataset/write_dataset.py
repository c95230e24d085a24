"""Logs episodes into a folder, block by block, so that a killed run can be resumed.

FOLDER/plan.json           what is logged; a resumed run must mean the same
FOLDER/blocks/             episodes that are not joined to shards yet (rare.dataset.episode_blocks)
FOLDER/data/               the Minari dataset: shards, main_data.hdf5, metadata.json
FOLDER/datasheet.json, .md what came out, when all episodes have been played
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rare.dataset.data_sheet import make_sheet, sheet_text
from rare.dataset.dataset_folder import PLAN, SHEET, dataset_id, mark_namespace, versioned
from rare.dataset.episode_blocks import Block, blocks_of, is_played, play_block
from rare.dataset.join_blocks import Joiner, clear_blocks
from rare.dataset.logging_task import Task
from rare.dataset.minari.minari_form import publish
from rare.dataset.play_episode import Player
from rare.dataset.shards import Shard, read_shards
from traces.errors import InputError
from traces.files.atomic import folder_lock, is_partial, record_config, remove_partial, write_json, write_text

SHARD_DECISIONS = 20_000


class PlayBlocks(Protocol):
    """Plays blocks that are not on disk, wherever and in whatever order (rare.dataset.episode_blocks)."""

    def __call__(
        self, task: Task, folder: Path, blocks: Sequence[Block], on_block: Callable[[], None]
    ) -> None:
        """folder: of the dataset. on_block: to be called in this process after blocks have been played."""


def log_dataset(
    task: Task,
    count: int,
    folder: Path,
    *,
    shard_decisions: int = SHARD_DECISIONS,
    play: PlayBlocks | None = None,
) -> dict[str, Any]:
    """Play and log episodes 0 to count - 1, resuming an earlier run; returns the data sheet.

    The folder's name gets a version (-v0) where it has none, as Minari wants it. The files do not depend on
    `play`, which says where episodes are played; None: in this process. InputError if the folder holds
    something else, or more episodes than are asked for.
    """
    if count < 1:
        raise InputError(f"episodes must be at least 1, got {count}")
    folder = versioned(folder)
    with _opened(folder, task.plan()) as data:
        shards = read_shards(data)
        played = shards[-1].last + 1 if shards else 0
        if played > count:
            raise InputError(
                f"{folder}: holds {played} episodes; ask for at least as many, or choose another folder"
            )
        if played < count:
            _play(task, folder, shards, count, shard_decisions, play or play_here)
        clear_blocks(folder, count, ended=True)
        windows = len(task.episodes.of(task.split))
        sheet = {**task.origin, **make_sheet(task.plan(), count, shards, data, windows=windows)}
        if sheet["episodes"]:
            _publish(task, data, shards)
        write_text(folder / "datasheet.md", sheet_text(sheet))
        write_json(folder / SHEET, sheet)
    return sheet


def play_here(task: Task, folder: Path, blocks: Sequence[Block], on_block: Callable[[], None]) -> None:
    """Play the blocks in this process, one after another."""
    player = Player(task.episodes, task.layout)
    for block in blocks:
        if not is_played(folder, block):
            play_block(task, player, block, folder)
        on_block()


def _play(
    task: Task, folder: Path, shards: list[Shard], count: int, shard_decisions: int, play: PlayBlocks
) -> None:
    """Add shards until all episode numbers have been played."""
    published = 0

    def publish_some() -> None:
        nonlocal published
        number = shards[-1].last + 1
        if number < count and number >= 1.25 * published:  # the cost of all of them stays that of the last
            _publish(task, folder / "data", shards)
            published = number

    played = shards[-1].last + 1 if shards else 0
    blocks = [block for block in blocks_of(count) if block.last >= played]
    clear_blocks(folder, played)
    with Joiner(folder, blocks, shards, shard_decisions, publish_some) as joiner:
        joiner.join()
        play(task, folder, blocks, joiner.join)
        joiner.finish()


def _publish(task: Task, data: Path, shards: list[Shard]) -> None:
    about = {
        "algorithm_name": ", ".join(policy.name for policy in task.policies),
        "description": f"Scheduling decisions on {task.episodes.scenario}; see datasheet.md",
    }
    publish(data, shards, task.layout, dataset_id(data.parent), {**about, **task.minari})


@contextmanager
def _opened(folder: Path, plan: dict[str, Any]) -> Iterator[Path]:
    """Context with the data folder, created if missing and locked against other runs."""
    try:
        check_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(folder, str(folder), "another run is logging into"):
            data = folder / "data"
            remove_partial(folder)
            _check_plan(folder, plan)
            data.mkdir(exist_ok=True)
            mark_namespace(folder)
            remove_partial(data)
            yield data
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> InputError:
    """What the user is told if a dataset's folder cannot be written."""
    return InputError(
        f"{folder}: cannot be written ({error.strerror or error}); choose another place, or free space"
    )


def check_folder(folder: Path) -> None:
    """InputError for a folder with other files than those of a dataset."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, not a folder; choose another name")
    if not folder.exists() or (folder / PLAN).is_file():
        return
    foreign = [path.name for path in sorted(folder.iterdir()) if not is_partial(path.name)]
    if foreign:
        raise InputError(
            f"{folder}: holds {foreign[0]!r} and no dataset, so it is left alone; choose another folder"
        )


def _check_plan(folder: Path, plan: dict[str, Any]) -> None:
    """Write plan.json, or compare the plan with the recorded one."""
    difference = record_config(folder / PLAN, plan, "remove the folder")
    if difference is not None:
        key, recorded, new = difference
        raise InputError(
            f"{folder}: holds a dataset with another {key} ({recorded}, not {new}); choose another folder, "
            "or remove this one"
        )
