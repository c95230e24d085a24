"""The files that make a folder of shards a Minari dataset: data/main_data.hdf5 and data/metadata.json.

Minari keeps every episode as a group of one file. Ours are links into the shards beside it, which HDF5
follows by itself: nothing is copied, and the main file is written anew in a moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py

from rare.dataset.dataset_folder import MAIN, METADATA
from rare.dataset.shards import Shard, group_name
from rare.env.observation.layout import Layout
from traces.files.atomic import replacing, write_json

MINARI_VERSION = "0.5.4"  # of this format


def publish(
    data: Path, shards: Iterable[Shard], layout: Layout, dataset_id: str, about: dict[str, Any]
) -> None:
    """Replace main file and metadata atomically: a reader sees the old or the new ones.

    about: more keys of the metadata, such as env_spec and author.
    """
    episodes = steps = 0
    with replacing(data / MAIN) as partial, h5py.File(partial, "w") as main:
        for shard in shards:
            for row in shard.rows:
                if row.get("why_not") is None:
                    link = h5py.ExternalLink(shard.path.name, f"/{group_name(row['number'])}")
                    main[f"episode_{episodes}"] = link
                    episodes += 1
                    steps += row["decisions"]
    metadata = {
        "dataset_id": dataset_id,
        "minari_version": MINARI_VERSION,
        "data_format": "hdf5",
        "jpeg_encoding": False,
        "total_episodes": episodes,
        "total_steps": steps,
        "dataset_size": round(sum(path.stat().st_size for path in data.glob("*.hdf5")) / 1e6, 1),
        "observation_space": json.dumps(_box(layout)),
        "action_space": json.dumps({"type": "Discrete", "dtype": "int64", "start": 0, "n": layout.actions}),
        **about,
    }
    write_json(data / METADATA, metadata, indent=None)


def _box(layout: Layout) -> dict[str, Any]:
    ones = [1.0] * layout.size
    low = [-one for one in ones]
    return {"type": "Box", "dtype": "float32", "shape": [layout.size], "low": low, "high": ones}
