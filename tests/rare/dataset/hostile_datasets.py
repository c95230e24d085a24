"""Ways in which a dataset's folder can lie, each by its name: what is done to it, and what must be said."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Damage = Callable[[Path], None]
NAN, INF = float("nan"), float("inf")


def shard(folder: Path) -> Path:
    """The first file with episodes."""
    return sorted((folder / "data").glob("episodes-*.hdf5"))[0]


def main_file(folder: Path) -> Path:
    """The file that Minari opens."""
    return folder / "data" / "main_data.hdf5"


def in_json(name: str, change: Callable[[dict[str, Any]], object]) -> Damage:
    """Change the object in a JSON file."""

    def damage(folder: Path) -> None:
        table = json.loads((folder / name).read_text("utf-8"))
        change(table)
        (folder / name).write_text(json.dumps(table), "utf-8")

    return damage


def in_sheet(key: str, value: Any) -> Damage:
    """Another value for one key of the data sheet."""
    return in_json("datasheet.json", lambda sheet: sheet.__setitem__(key, value))


def without(key: str) -> Damage:
    """A data sheet that lacks a key."""
    return in_json("datasheet.json", lambda sheet: sheet.pop(key))


def as_text(name: str, text: str | bytes) -> Damage:
    """Another content for a file."""
    data = text.encode() if isinstance(text, str) else text
    return lambda folder: (folder / name).write_bytes(data) and None


def in_metadata(key: str, value: Any) -> Damage:
    """Another value for one key of Minari's metadata."""
    return in_json("data/metadata.json", lambda table: table.__setitem__(key, value))


def in_group(change: Callable[[h5py.Group], object], number: int = 0) -> Damage:
    """Change the group of one episode in its shard."""

    def damage(folder: Path) -> None:
        for path in sorted((folder / "data").glob("episodes-*.hdf5")):
            with h5py.File(path, "r+") as file:
                if f"number_{number}" in file:
                    change(file[f"number_{number}"])
                    return
        with h5py.File(main_file(folder), "r+") as file:
            change(file[f"episode_{number}"])

    return damage


def value(key: str, place: Any, number: Any) -> Damage:
    """Another number in an array."""
    return in_group(lambda group: group[key].__setitem__(place, number))


def instead(key: str, make: Callable[[np.ndarray], Any], **more: Any) -> Damage:
    """Another array in the place of one."""

    def change(group: h5py.Group) -> None:
        old = group[key][()]
        del group[key]
        group.create_dataset(key, data=make(old), **more)

    return in_group(change)


def claims(key: str, shape: tuple[int, ...], dtype: Any, chunks: Any = True) -> Damage:
    """An array that says it has this shape and holds nothing."""

    def change(group: h5py.Group) -> None:
        del group[key]
        group.create_dataset(key, shape=shape, dtype=dtype, chunks=chunks)

    return in_group(change)


def gone(key: str) -> Damage:
    """An episode without one of its arrays."""
    return in_group(lambda group: group.__delitem__(key))


def linked(key: str, link: Any) -> Damage:
    """A link in the place of an array."""

    def change(group: h5py.Group) -> None:
        del group[key]
        group[key] = link

    return in_group(change)


def virtual(key: str) -> Damage:
    """An array whose numbers lie in another file."""

    def change(group: h5py.Group) -> None:
        old = group[key][()]
        del group[key]
        layout = h5py.VirtualLayout(shape=old.shape, dtype=old.dtype)
        layout[...] = h5py.VirtualSource("/nowhere/elsewhere.hdf5", "x", shape=old.shape)
        group.create_virtual_dataset(key, layout)

    return in_group(change)


def stored_elsewhere(key: str) -> Damage:
    """An array whose bytes lie in a file of any kind."""

    def change(group: h5py.Group) -> None:
        old = group[key]
        shape, dtype = old.shape, old.dtype
        del group[key]
        group.create_dataset(key, shape=shape, dtype=dtype, external=[("/etc/passwd", 0, 4096)])

    return in_group(change)


def in_main(change: Callable[[h5py.File], object]) -> Damage:
    """Change the main file."""

    def damage(folder: Path) -> None:
        with h5py.File(main_file(folder), "r+") as file:
            change(file)

    return damage


def replaced(name: str, link: Any) -> Damage:
    """Another link in the main file."""

    def change(file: h5py.File) -> None:
        del file[name]
        if link is not None:
            file[name] = link

    return in_main(change)


def swapped(file: h5py.File) -> None:
    """Episodes 0 and 1 in the place of each other."""
    first, second = (file.get(f"episode_{index}", getlink=True) for index in (0, 1))
    for name, link in (("episode_0", second), ("episode_1", first)):
        del file[name]
        file[name] = h5py.ExternalLink(link.filename, link.path)


def doubled(file: h5py.File) -> None:
    """Episode 1 is episode 0 once more."""
    link = file.get("episode_0", getlink=True)
    del file["episode_1"]
    file["episode_1"] = h5py.ExternalLink(link.filename, link.path)


def cut(name: Callable[[Path], Path], share: float) -> Damage:
    """A file that ends early."""

    def damage(folder: Path) -> None:
        data = name(folder).read_bytes()
        name(folder).write_bytes(data[: int(len(data) * share)])

    return damage


def other(name: Callable[[Path], Path], make: Callable[[Path], object]) -> Damage:
    """Something else in the place of a file."""

    def damage(folder: Path) -> None:
        path = name(folder)
        path.unlink()
        make(path)

    return damage


def bomb(group: h5py.Group) -> None:
    """5 GB of zeros as observations, in a few megabytes."""
    width, rows, pieces = group["observations"].shape[1], 65536, 60
    del group["observations"]
    array = group.create_dataset(
        "observations", (rows * pieces, width), "f4", chunks=(rows, width), compression="gzip"
    )
    packed = zlib.compress(bytes(4 * rows * width))
    for piece in range(pieces):
        array.id.write_direct_chunk((piece * rows, 0), packed)


def in_table(change: Callable[[list[Any]], Any]) -> Damage:
    """Change the table of the first shard."""

    def damage(folder: Path) -> None:
        with h5py.File(shard(folder), "r+") as file:
            rows = json.loads(file["table"][()])
            changed = change(rows)
            rows = changed if isinstance(changed, list) else rows
            del file["table"]
            file.create_dataset("table", data=json.dumps(rows))

    return damage


def _sheet_file(folder: Path) -> Path:
    return folder / "datasheet.json"


def _metadata_file(folder: Path) -> Path:
    return folder / "data" / "metadata.json"


def forbid_taken(group: h5py.Group) -> None:
    """Both masks forbid what was done at step 0."""
    action = int(group["actions"][0])
    group["infos/action_mask"][0, action] = False
    group["observations"][0, action] = 0.0


DEEP = "[" * 10_000 + "]" * 10_000

SHEET: dict[str, tuple[Damage, str]] = {
    "sheet is empty": (as_text("datasheet.json", ""), "cannot be read"),
    "sheet is cut": (cut(_sheet_file, 0.5), "cannot be read"),
    "sheet is a list": (as_text("datasheet.json", "[1, 2]"), "a list of 2, not an object"),
    "sheet is null": (as_text("datasheet.json", "null"), "not an object"),
    "sheet is binary": (as_text("datasheet.json", b"\xff\xfe\x00"), "is not UTF-8 text"),
    "sheet is deep": (as_text("datasheet.json", DEEP), "nested too deeply"),
    "sheet is deep inside": (in_sheet("settings", json.loads("[" * 200 + "]" * 200)), "nested too deeply"),
    "sheet is huge": (as_text("datasheet.json", b" " * (17 * 2**20)), "more than the 16,777,216"),
    "sheet is a pipe": (other(_sheet_file, os.mkfifo), "not a regular file"),
    "sheet is endless": (other(_sheet_file, lambda path: path.symlink_to("/dev/zero")), "not a regular file"),
    "sheet is a folder": (other(_sheet_file, os.mkdir), "not a regular file"),
    "sheet has long digits": (as_text("datasheet.json", '{"format": ' + "9" * 5000 + "}"), "cannot be read"),
    "no format": (without("format"), "lacks 'format'"),
    "format 2": (in_sheet("format", 2), "'format' must be 1"),
    "format true": (in_sheet("format", True), "'format' must be 1"),
    "no layout": (without("layout"), "lacks 'layout'"),
    "layout is text": (in_sheet("layout", "x"), "'layout' must be an object"),
    "layout of text sizes": (in_sheet("layout", {"version": 1, "sizes": ["a", 1, 1]}), "queue_slots must be"),
    "layout without blocks": (in_sheet("layout", {"version": 2, "sizes": [16, 6, 4]}), "other features"),
    "layout of the former version": (
        in_sheet("layout", {"version": 1, "sizes": [16, 6, 4]}),
        "is of version 1",
    ),
    "layout of huge sizes": (
        in_sheet("layout", {"version": 1, "sizes": [10**9, 6, 4]}),
        "queue_slots must be",
    ),
    "no episodes": (without("episodes"), "lacks 'episodes'"),
    "episodes is text": (in_sheet("episodes", "4"), "'episodes' must be a whole number"),
    "episodes is a fraction": (in_sheet("episodes", 3.5), "'episodes' must be a whole number"),
    "episodes is negative": (in_sheet("episodes", -1), "'episodes' must be a whole number"),
    "episodes is zero": (in_sheet("episodes", 0), "'episodes' must be a whole number from 1"),
    "episodes is NaN": (in_sheet("episodes", NAN), "'episodes' must be a whole number"),
    "episodes is huge": (in_sheet("episodes", 10**400), "more digits than any use needs"),
    "episodes is more": (
        in_json(
            "datasheet.json", lambda s: s.update(episodes=10**15, episodes_played=10**15, transitions=10**15)
        ),
        "'episodes' is",
    ),
    "episodes is fewer": (
        in_json("datasheet.json", lambda s: s.update(episodes=2, episodes_played=2, episodes_distinct=2)),
        "content_sha256",
    ),
    "transitions is null": (in_sheet("transitions", None), "'transitions' must be a whole number"),
    "transitions lies": (in_sheet("transitions", 10**12), "'total_steps' is"),
    "transitions lies by one": (
        in_json("datasheet.json", lambda s: s.update(transitions=s["transitions"] - 1)),
        "'total_steps' is",
    ),
    "no schedulers": (without("schedulers"), "lacks 'schedulers'"),
    "schedulers is empty": (in_sheet("schedulers", []), "'schedulers' must be a list of texts"),
    "schedulers is text": (in_sheet("schedulers", "easy"), "'schedulers' must be a list of texts"),
    "schedulers of numbers": (in_sheet("schedulers", [1, 2]), "'schedulers' must be a list of texts"),
    "schedulers twice": (in_sheet("schedulers", ["easy", "easy"]), "different texts"),
    "schedulers of another": (in_sheet("schedulers", ["sjf", "random"]), "by_scheduler"),
    "epsilon too short": (in_sheet("epsilon", [0.1]), "'epsilon' must be a list of 2 numbers"),
    "epsilon above one": (in_sheet("epsilon", [0.1, 7]), "'epsilon' must be a list of 2 numbers"),
    "epsilon NaN": (in_sheet("epsilon", [NAN, 1.0]), "'epsilon' must be a list of 2 numbers"),
    "epsilon is a number": (in_sheet("epsilon", 0.1), "'epsilon' must be a list of 2 numbers"),
    "content hash is short": (in_sheet("content_sha256", "abc"), "64 hexadecimal digits"),
    "content hash is another": (in_sheet("content_sha256", "0" * 64), "'content_sha256' is of other"),
    "content hash is a number": (in_sheet("content_sha256", 7), "'content_sha256' must be a text"),
    "scenario is a list": (in_sheet("scenario", ["tiny"]), "'scenario' must be a text"),
    "scenario has a zero": (in_sheet("scenario", "a\0b"), "'scenario' must be a text"),
    "settings is text": (in_sheet("settings", "x=1"), "'settings' must be a list of texts"),
    "settings of numbers": (in_sheet("settings", [1]), "'settings' must be a list of texts"),
    "seed is text": (in_sheet("scenario_seed", "7"), "'scenario_seed' must be a whole number"),
    "left out is a list": (in_sheet("episodes_left_out", [1]), "'episodes_left_out' must be an object"),
    "left out of text": (in_sheet("episodes_left_out", {"x": "y"}), "'episodes_left_out.x' must be"),
    "left out lies": (in_sheet("episodes_left_out", {"x": 2}), "'episodes_left_out' must be"),
    "returns of text": (in_sheet("returns", {"mean": "x"}), "'returns' must be"),
    "returns infinite": (
        in_json("datasheet.json", lambda s: s["returns"].update(mean=INF)),
        "'returns' must",
    ),
    "by_scheduler is text": (in_sheet("by_scheduler", "x"), "'by_scheduler' must be a list"),
    "by_scheduler lacks a count": (
        in_json("datasheet.json", lambda s: s["by_scheduler"][0].pop("episodes")),
        "by_scheduler[0].episodes",
    ),
    "windows is text": (in_sheet("windows", "26"), "'windows' must be a whole number"),
    "bytes is text": (in_sheet("bytes", "x"), "'bytes' must be a whole number"),
    "split is null": (in_sheet("split", None), "'split' must be a text"),
}

FILES: dict[str, tuple[Damage, str]] = {
    "no main file": (lambda folder: main_file(folder).unlink(), "cannot be read"),
    "main file is text": (as_text("data/main_data.hdf5", "hello"), "is damaged"),
    "main file is empty": (as_text("data/main_data.hdf5", ""), "is damaged"),
    "main file is cut": (cut(main_file, 0.6), "is damaged"),
    "main file is a folder": (other(main_file, os.mkdir), "not a regular file"),
    "main file is a pipe": (other(main_file, os.mkfifo), "not a regular file"),
    "main file lacks an episode": (replaced("episode_2", None), "lacks episode_2"),
    "episode is a soft link": (replaced("episode_1", h5py.SoftLink("/episode_0")), "is not followed"),
    "episode is in another file": (
        replaced("episode_1", h5py.ExternalLink("/etc/passwd", "/x")),
        "not followed",
    ),
    "episode is in a folder above": (
        replaced("episode_1", h5py.ExternalLink("../episodes-000000-000003.hdf5", "/number_1")),
        "not followed",
    ),
    "episode is another group": (
        replaced("episode_1", h5py.ExternalLink("episodes-000000-000003.hdf5", "/table")),
        "not followed",
    ),
    "episode is in a missing shard": (
        replaced("episode_1", h5py.ExternalLink("episodes-000090-000099.hdf5", "/number_1")),
        "cannot be read",
    ),
    "episodes out of order": (in_main(swapped), "episode_0 is"),
    "episodes the same": (in_main(doubled), "is the same as episode_0"),
    "episode is an array": (
        in_main(lambda file: (file.__delitem__("episode_0"), file.create_dataset("episode_0", data=[1.0]))),
        "lacks the group",
    ),
    "shard is text": (lambda folder: shard(folder).write_text("x"), "is damaged"),
    "shard is cut": (cut(shard, 0.5), "is damaged"),
    "shard is a folder": (other(shard, os.mkdir), "not a regular file"),
    "shard is a pipe": (other(shard, os.mkfifo), "not a regular file"),
    "table is gone": (lambda folder: _without_table(folder), "table is no text"),
    "table is numbers": (lambda folder: _with_table(folder, [1, 2]), "table is no text"),
    "table is no JSON": (lambda folder: _with_table(folder, "{"), "is damaged"),
    "table is deep": (lambda folder: _with_table(folder, DEEP), "is damaged"),
    "table is an object": (lambda folder: _with_table(folder, "{}"), "must be a list"),
    "table of numbers": (in_table(lambda rows: [1, 2, 3, 4]), "must be a list with an object"),
    "table counts again": (in_table(lambda rows: rows[1].update(number=0)), "'table[1].number' must be 1"),
    "table counts text": (in_table(lambda rows: rows[1].update(number="1")), "'table[1].number' must be"),
    "table lacks a hash": (in_table(lambda rows: rows[0].pop("sha256")), "lacks 'table[0].sha256'"),
    "table earns NaN": (in_table(lambda rows: rows[0].update(total_reward=NAN)), "total_reward' must be"),
    "table counts other steps": (in_table(lambda rows: rows[0].update(decisions=3)), "content_sha256"),
    "table has fewer": (in_table(lambda rows: rows[:2]), "are missing"),
    "metadata is gone": (lambda folder: _metadata_file(folder).unlink(), "cannot be read"),
    "metadata is deep": (as_text("data/metadata.json", DEEP), "nested too deeply"),
    "metadata counts fewer": (in_metadata("total_episodes", 1), "'total_episodes' is 1"),
    "metadata counts other steps": (in_metadata("total_steps", 10**12), "'total_steps' is"),
    "metadata counts text": (in_metadata("total_episodes", "4"), "'total_episodes' must be"),
}


def _without_table(folder: Path) -> None:
    with h5py.File(shard(folder), "r+") as file:
        del file["table"]


def _with_table(folder: Path, data: Any) -> None:
    with h5py.File(shard(folder), "r+") as file:
        del file["table"]
        file.create_dataset("table", data=data)


NUMBERS: dict[str, tuple[Damage, str]] = {
    "reward is NaN": (value("rewards", 2, NAN), "rewards holds nan at step 2"),
    "reward is infinite": (value("rewards", 2, INF), "rewards holds inf at step 2"),
    "reward is beyond float32": (value("rewards", 2, 1e300), "rewards holds 1e+300 at step 2"),
    "reward is another": (value("rewards", 2, 0.25), "other numbers than were logged"),
    "rewards are text": (instead("rewards", lambda old: ["x"] * len(old)), "rewards holds values of type"),
    "rewards are complex": (instead("rewards", lambda old: old + 1j), "type complex128, not numbers"),
    "rewards are objects": (
        claims("rewards", (9,), h5py.vlen_dtype(np.float64)),
        "rewards holds values of type object",
    ),
    "rewards are short": (instead("rewards", lambda old: old[:-1]), "rows"),
    "rewards are empty": (instead("rewards", lambda old: old[:0]), "has the shape (0,)"),
    "rewards are one number": (instead("rewards", lambda old: 1.0), "has the shape ()"),
    "rewards are a table": (instead("rewards", lambda old: old[:, None]), "has the shape"),
    "rewards are records": (instead("rewards", lambda old: np.zeros(len(old), [("a", "f8")])), "of type"),
    "no rewards": (gone("rewards"), "lacks /number_0/rewards"),
    "action is too large": (value("actions", 1, 23), "actions holds 23 at step 1"),
    "action is negative": (value("actions", 1, -1), "actions holds -1 at step 1"),
    "action is forbidden": (in_group(forbid_taken), "which its mask forbids"),
    "action is huge": (instead("actions", lambda old: old.astype("u8") + np.uint64(2**63)), "actions holds"),
    "actions are fractions": (instead("actions", lambda old: old + 0.7), "type float64, not whole numbers"),
    "actions are text": (instead("actions", lambda old: ["1"] * len(old)), "actions holds values of type"),
    "actions are flags": (instead("actions", lambda old: old > 0), "type bool, not whole numbers"),
    "actions are long": (instead("actions", lambda old: np.append(old, 0)), "actions has"),
    "actions are vectors": (instead("actions", lambda old: np.stack([old, old], 1)), "has the shape"),
    "no actions": (gone("actions"), "lacks /number_0/actions"),
    "observation is NaN": (
        value("observations", (3, 40), NAN),
        "observations holds nan at step 3, number 40",
    ),
    "observation is infinite": (value("observations", (3, 40), -INF), "observations holds -inf"),
    "observation is large": (value("observations", (3, 40), 7.0), "observations holds 7.0"),
    "observation is another": (value("observations", (3, 60), 0.123), "other numbers than were logged"),
    "observation's mask is half": (value("observations", (3, 2), 0.5), "holds 0.5 in its mask"),
    "observations are narrow": (instead("observations", lambda old: old[:, :-1]), "not (rows, 322)"),
    "observations are short": (instead("observations", lambda old: old[:-1]), "observations has"),
    "observations are text": (instead("observations", lambda old: old.astype("S4")), "of type"),
    "observations are complex": (instead("observations", lambda old: old.astype("c8")), "type complex64"),
    "observations are long floats": (instead("observations", lambda old: old.astype("g")), "of type"),
    "no observations": (gone("observations"), "lacks /number_0/observations"),
    "observations are a group": (
        in_group(lambda group: (group.__delitem__("observations"), group.create_group("observations"))),
        "is no array",
    ),
    "mask is another": (value("infos/action_mask", (0, 20), True), "differs from the observation's mask"),
    "mask holds 2": (
        instead("infos/action_mask", lambda old: old.astype("i1") * 2),
        "holds 2, which is neither",
    ),
    "mask is narrow": (instead("infos/action_mask", lambda old: old[:, :-1]), "not (rows, 23)"),
    "mask is fractions": (instead("infos/action_mask", lambda old: old * 0.5), "type float64"),
    "no mask": (gone("infos/action_mask"), "lacks /number_0/infos/action_mask"),
    "no infos": (gone("infos"), "lacks /number_0/infos/action_mask"),
    "probability is zero": (value("infos/probability", 0, 0.0), "probability is 0 at step 0"),
    "probability is two": (value("infos/probability", 0, 2.0), "probability holds 2.0"),
    "probability is NaN": (value("infos/probability", 0, NAN), "probability holds nan"),
    "time goes back": (value("infos/time_s", 4, 0), "time_s goes back"),
    "time is huge": (value("infos/time_s", -1, 2**62), "time_s holds 4611686018427387904"),
    "time is negative": (value("infos/time_s", 0, -5), "time_s holds -5"),
    "time is fractions": (instead("infos/time_s", lambda old: old + 0.5), "type float64, not whole numbers"),
    "ends early": (value("terminations", 3, True), "ends the episode at step 3"),
    "ends twice": (value("truncations", -1, True), "end with (True, True)"),
    "never ends": (value("terminations", -1, False), "end with (False, False)"),
    "ends are numbers": (instead("terminations", lambda old: old * 1.0), "type float64, not true or false"),
    "steps lie": (in_group(lambda group: group.attrs.__setitem__("total_steps", 10**12)), "total_steps is"),
    "steps are text": (
        in_group(lambda group: group.attrs.__setitem__("total_steps", "x")),
        "total_steps is x",
    ),
    "steps are an array": (
        in_group(lambda group: group.attrs.__setitem__("total_steps", [1] * 99)),
        "no single",
    ),
    "observations are a soft link": (
        linked("observations", h5py.SoftLink("/number_1/observations")),
        "not followed",
    ),
    "observations are elsewhere": (
        linked("observations", h5py.ExternalLink("/etc/passwd", "/x")),
        "not followed",
    ),
    "infos are elsewhere": (linked("infos", h5py.ExternalLink("/etc/passwd", "/x")), "not followed"),
    "observations are virtual": (virtual("observations"), "lies in another file"),
    "rewards are bytes of a file": (stored_elsewhere("rewards"), "lies in another file"),
}

TERABYTES: dict[str, tuple[Damage, str]] = {
    "observations claim terabytes": (claims("observations", (10**10, 322), "f4", (256, 322)), "claims"),
    "rewards claim terabytes": (claims("rewards", (10**12,), "f8"), "claims"),
    "masks claim terabytes": (claims("infos/action_mask", (10**11, 23), "?", (4096, 23)), "claims"),
    "rewards claim without pieces": (claims("rewards", (10**12,), "f8", None), "claims"),
    "observations are a bomb": (in_group(bomb), "more than 4,294,967,296 for one episode"),
}

EVERY = SHEET | FILES | NUMBERS
