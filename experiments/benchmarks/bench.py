"""`rare bench`: the speed table, each figure beside a plain SimPy replay measured in the same run."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from experiments.runs.progress import Talk

PARTS = ("env", "replay", "network", "growth", "startup", "learn")


def run_bench(
    only: Sequence[str] = (),
    *,
    quick: bool = False,
    large: bool = False,
    workloads: Sequence[str] = (),
    talk: Talk | None = None,
) -> dict[str, Any]:
    """Measure the parts; {"machine": ..., part: figures}.

    only      : names of PARTS; default: all
    quick     : a few seconds a part, to see that it works; the figures mean little
    large     : growth up to 10 million jobs (some 3 GB of memory), and a million of a growing queue
    workloads : job traces for replay and network; default: a synthetic one
    """
    from experiments.benchmarks import (
        environment_speed,
        learning_speed,
        memory_growth,
        network_speed,
        replay_speed,
        startup_speed,
    )
    from experiments.runs.progress import QUIET
    from experiments.training.train_folder import check_extra, missing
    from traces import read_workload
    from traces.errors import InputError

    talk = QUIET if talk is None else talk
    for part in only:
        if part not in PARTS:
            raise InputError(f"bench: part {part!r} is unknown; known are {', '.join(PARTS)}")
    wanted = [part for part in PARTS if not only or part in only]
    if "learn" in only:
        check_extra()
    elif "learn" in wanted and missing():
        wanted.remove("learn")
    jobs = [replay_speed.replayable(read_workload(path)) for path in workloads]
    found: dict[str, Any] = {"machine": machine()}
    _say_compiling(talk)
    if "env" in wanted:
        found["env"] = environment_speed.measure(quick, talk)
    if "replay" in wanted:
        found["replay"] = replay_speed.measure(quick, talk, jobs)
    if "network" in wanted:
        found["network"] = network_speed.measure(quick, talk, jobs)
    if "growth" in wanted:
        found["growth"] = memory_growth.measure(quick, talk, large)
    if "startup" in wanted:
        found["startup"] = startup_speed.measure(quick, talk)
    if "learn" in wanted:
        found["learn"] = learning_speed.measure(quick, talk)
    return found


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    import numba
    import numpy as np

    load = os.getloadavg()[0]
    versions = {"python": platform.python_version(), "numba": numba.__version__, "numpy": np.__version__}
    return {"cpus": os.cpu_count(), "load_before": round(load, 2), **versions}


def _say_compiling(talk: Talk) -> None:
    from rare.state.compile import is_compiled

    if not (is_compiled() and is_compiled("step_some")):
        talk.note(
            "compiling the rules, once after an installation or an edit; this takes a minute or two ..."
        )


def bench_text(found: dict[str, Any]) -> str:
    """The tables."""
    from experiments.benchmarks import (
        environment_speed,
        learning_speed,
        memory_growth,
        network_speed,
        replay_speed,
        startup_speed,
    )

    about = found["machine"]
    said = [
        f"{about['cpus']} CPUs, load {about['load_before']} before; Python {about['python']}, "
        f"numba {about['numba']}"
    ]
    texts = {
        "env": environment_speed.text,
        "replay": replay_speed.text,
        "network": network_speed.text,
        "growth": memory_growth.text,
        "startup": startup_speed.text,
        "learn": learning_speed.text,
    }
    said += [text(found[part]) for part, text in texts.items() if part in found]
    return "\n\n".join(said)


@click.command(short_help="The speed table, with ratios to plain SimPy.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Only this part. Repeatable.")
@click.option("--quick", is_flag=True, help="A few seconds a part: that it works, not how fast.")
@click.option("--large", is_flag=True, help="Growth up to 10 million jobs, a million saturated.")
@click.option("--workload", "workloads", multiple=True, metavar="FILE",
              help="Replay this job trace instead of a synthetic one. Repeatable.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr but errors.")
def bench(
    only: Sequence[str], quick: bool, large: bool, workloads: Sequence[str], as_json: bool, quiet: bool
) -> None:
    """Measure environment, replay, networks, growth, start-up beside a plain SimPy replay in the same run."""
    import json

    from experiments.runs.progress import Talk

    found = run_bench(only, quick=quick, large=large, workloads=workloads, talk=Talk(quiet))
    click.echo(json.dumps(found, indent=2) if as_json else bench_text(found))
