"""Migrates a checkpoint from layout version 1 to version 2, with unchanged weights.

python -m experiments.training.recipes.migrate_layout CHECKPOINT...

Both versions have the same features in the same places; since version 2 `slack` and `attainable` of a
suspended job allow for the time that its resume takes (`restart_s`). A network that was trained on version 1
therefore gets slightly different values for suspended jobs than in training, and equal ones otherwise. The
migration is recorded in checkpoint.json, which changes its hash. Training again is preferable.

Version 3 adds blocks of speed levels and events. A layout without them, as all former ones are, stays of
version 2, so nothing has to be migrated to it.
"""

# ruff: noqa: E402 - signals are handled before anything else is imported

from __future__ import annotations

import sys

import experiments.process.interrupts as interrupts

_importing = interrupts.AtOnce(__name__)

import json
from pathlib import Path

import click

import rare
from experiments.process.command_process import run_process
from rare.env.observation.layout import PLAIN_VERSION, Layout
from schedulers.network.checkpoint_files import FACTS, describe_checkpoint, find_folder
from traces.errors import InputError
from traces.files.atomic import write_json
from traces.files.json_file import read_object

FROM = 1
REMEDY = "give the folder of a checkpoint"


def migrate(checkpoint: str | Path) -> bool:
    """Write layout version 2 into checkpoint.json; False if it has that version already.

    InputError for a checkpoint of any other version, with other features, or damaged; then nothing is
    written.
    """
    folder = find_folder(str(checkpoint))
    path = folder / FACTS
    description = read_object(path, REMEDY)
    layout, facts = description.get("layout"), description.get("facts")
    if not isinstance(layout, dict) or not isinstance(facts, dict):
        raise InputError(f"{path}: lacks 'layout' or 'facts'; copy the folder again")
    if layout.get("version") == PLAIN_VERSION:
        describe_checkpoint(folder)
        return False
    if layout.get("version") != FROM:
        raise InputError(
            f"{path}: its layout is of version {layout.get('version')!r}; only version {FROM} can be taken "
            "over; train it again"
        )
    migrated = layout | {"version": PLAIN_VERSION}
    try:
        Layout.from_json(json.dumps(migrated), "train it again")
    except InputError as error:
        raise error.within(str(path)) from None
    note = {"from_layout": FROM, "to_layout": PLAIN_VERSION, "with": f"rare {rare.__version__}"}
    write_json(path, description | {"layout": migrated, "facts": facts | {"migrated": note}})
    return True


@click.command()
@click.argument("checkpoints", nargs=-1, required=True, metavar="CHECKPOINT...")
def command(checkpoints: tuple[str, ...]) -> None:
    """Take checkpoint folders of the former layout over to the present one."""
    for checkpoint in checkpoints:
        migrated = migrate(checkpoint)
        outcome = (
            f"taken over to layout version {PLAIN_VERSION}"
            if migrated
            else f"has layout version {PLAIN_VERSION} already"
        )
        click.echo(f"{checkpoint}: {outcome}")


_importing.over()

if __name__ == "__main__":
    sys.exit(run_process(command, "migrate_layout"))
