"""All environments of a batch as bytes, numbers and text, for files: and NumPy generators likewise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from rare.env.batch import Batch
from traces.errors import InputError


def saved_batch(batch: Batch) -> dict[str, Any]:
    """Every environment: its episode by case and name, its arrays as bytes, and the live slots of all."""
    states = [batch.save(e) for e in range(len(batch.obs))]
    playing = [state.pop("playing") for state in states]
    digests = [state.pop("case_digest") for state in states]
    return {
        "playing": [None if episode is None else (episode.case_index, episode.name) for episode in playing],
        "arrays": [
            {name: np.ascontiguousarray(array).tobytes() for name, array in state.items()} for state in states
        ],
        "case_digests": digests,
        "live_slots": len(states[0]["live"]),
    }


def restore_batch(batch: Batch, saved: Mapping[str, Any]) -> None:
    """Put every environment where `saved_batch` found it. ValueError if there are others here."""
    count = len(batch.obs)
    if len(saved["arrays"]) != count:
        raise ValueError(f"saved are {len(saved['arrays'])} environments, not {count}")
    episode_of = {(episode.case_index, episode.name): episode for episode in batch.episodes.episodes}
    for e, (arrays, playing) in enumerate(zip(saved["arrays"], saved["playing"], strict=True)):
        others: dict[str, Any] = {"playing": None if playing is None else episode_of.get(tuple(playing))}
        if playing is not None and others["playing"] is None:
            raise ValueError(
                f"saved is the window {playing[1]}, which {batch.episodes.scenario} has not; make the "
                "environment with the same scenario, settings and randomise"
            )
        if "case_digests" in saved:
            others["case_digest"] = saved["case_digests"][e]
        batch.restore_bytes(e, arrays, saved["live_slots"], others)


def saved_generator(generator: np.random.Generator) -> dict[str, Any]:
    """State of a PCG64 generator; its 128 bits as text, which every format keeps."""
    state: Any = generator.bit_generator.state
    inner = {name: str(state["state"][name]) for name in ("state", "inc")}
    return {**inner, "has_uint32": int(state["has_uint32"]), "uinteger": int(state["uinteger"])}


def restored_generators(saved: Sequence[Mapping[str, Any]]) -> list[np.random.Generator]:
    """Generators where `saved_generator` found them."""
    generators = []
    for state in saved:
        generator = np.random.Generator(np.random.PCG64())
        generator.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": int(state["state"]), "inc": int(state["inc"])},
            "has_uint32": state["has_uint32"],
            "uinteger": state["uinteger"],
        }
        generators.append(generator)
    return generators


def autoreset_mode_of(mode: AutoresetMode | str) -> AutoresetMode:
    """The mode itself, or by its name or value: NEXT_STEP, next_step or NextStep."""
    word = mode.name if isinstance(mode, AutoresetMode) else str(mode).replace("_", "").lower()
    for known in AutoresetMode:
        if mode is known or word == known.name.replace("_", "").lower():
            return known
    raise InputError(
        f"autoreset_mode {mode!r} is unknown; known are {', '.join(known.name for known in AutoresetMode)}"
    )
