"""Checkpoints of the former layout are refused in one line, and taken over by a program that says so."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from experiments.training.recipes.migrate_layout import command, migrate
from rare.env.observation.layout import PLAIN_VERSION, Layout
from schedulers.network.checkpoint_files import FACTS, describe_checkpoint
from schedulers.network.network_shapes import weight_shapes
from traces.errors import InputError


@pytest.fixture
def former(tmp_path):
    """A checkpoint as it was under layout version 1, with weights of 0."""
    folder = tmp_path / "former"
    folder.mkdir()
    layout = json.loads(Layout().to_json()) | {"version": 1}
    network = {"kind": "pointwise", "width": 8, "heads": 4}
    described = {"version": 1, "layout": layout, "network": network, "facts": {}}
    (folder / FACTS).write_text(json.dumps(described))
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(8).items()}
    save_file(weights, folder / "weights.safetensors")
    return folder


def test_a_former_checkpoint_is_refused_with_what_to_do(former):
    with pytest.raises(InputError) as refused:
        describe_checkpoint(former)
    said = str(refused.value)
    assert "layout: is of version 1, and this rare has version 4" in said
    assert said.endswith(
        f"or take it over with python -m experiments.training.recipes.migrate_layout {former}"
    )
    assert "\n" not in said


def test_it_is_taken_over_once_and_says_so(former):
    weights = (former / "weights.safetensors").read_bytes()
    assert migrate(former)
    description = describe_checkpoint(former)
    assert description.facts["migrated"]["from_layout"] == 1
    assert description.facts["migrated"]["to_layout"] == PLAIN_VERSION
    assert (former / "weights.safetensors").read_bytes() == weights
    text = (former / FACTS).read_text()
    assert not migrate(former)
    assert (former / FACTS).read_text() == text
    assert sorted(path.name for path in former.iterdir()) == [FACTS, "weights.safetensors"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda layout: layout.update(version=7), "its layout is of version 7; only version 1"),
        (lambda layout: layout.update(version="1"), "its layout is of version '1'; only version 1"),
        (lambda layout: layout["blocks"].pop("cluster"), "other features than version 2 has; train it again"),
    ],
)
def test_any_other_checkpoint_is_left_alone(former, change, said):
    described = json.loads((former / FACTS).read_text())
    change(described["layout"])
    text = json.dumps(described)
    (former / FACTS).write_text(text)
    with pytest.raises(InputError, match=said):
        migrate(former)
    assert (former / FACTS).read_text() == text


def test_the_program_names_each_folder(former):
    told = CliRunner().invoke(command, [str(former), str(former)])
    assert told.output.splitlines() == [
        f"{former}: taken over to layout version {PLAIN_VERSION}",
        f"{former}: has layout version {PLAIN_VERSION} already",
    ]
