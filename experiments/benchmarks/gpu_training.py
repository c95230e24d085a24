"""Training on a GPU beside the CPU: speed of small and large networks and batches, and whether both agree.

    python -m experiments.benchmarks.gpu_training --out FILE

`make gpu` runs it. Without a CUDA device it says so in one line and exits 0. Else it takes less than ten
minutes, and FILE gets tables in Markdown; the exit code is 1 if the devices disagree.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from experiments.benchmarks.training_frames import PpoSize, finish, learner, round_s
from experiments.training.train_folder import check_extra
from traces.errors import InputError
from traces.files.atomic import write_text

if TYPE_CHECKING:
    from torch import Tensor

    from schedulers.training.offline.learners.offline_base import NetImpl
    from schedulers.training.offline.transitions import Transitions

ALGORITHMS = ("crr", "cql", "bcq")
OFFLINE = ((64, 256), (64, 4096), (256, 256), (256, 4096))  # width, batch
ONLINE = (
    PpoSize(64, 64, 32, 512), PpoSize(64, 512, 32, 4096), PpoSize(256, 64, 32, 512),
    PpoSize(256, 512, 32, 4096),
)  # fmt: skip
SMALLEST = PpoSize(16, 4, 4, 16, 1)
BUDGET_S = 480.0  # after which no new figure is begun; the longest one takes about a minute
TOLERANCE = 0.01
"""Largest distance of the weights, as a share of how far they moved, and of a loss, as a share of its size.

Sums in another order differ by some 1e-6 of their size. Adam divides gradients by their own size, so where
a gradient is almost 0 its rounding counts; a wrong kernel gives distances of about 1."""


def transitions(episodes: int) -> Transitions:
    """Logged decisions of EASY on `tiny`."""
    from experiments.data.log_dataset import dataset_run
    from schedulers.training.offline.transitions import read_transitions

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "easy"
        dataset_run(["easy"], folder, scenario="tiny", episodes=episodes, epsilon=0.1)
        return read_transitions([folder])


def offline_learner(name: str, data: Transitions, width: int, device: str) -> NetImpl:
    """A learner of random weights, the same on every device."""
    import torch

    from schedulers.training.offline.algorithms import algorithm, config_of
    from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

    torch.manual_seed(0)
    net = SchedulerNet(data.layout, NetworkSize(width=width))
    config = config_of(name, layout=data.layout.to_json(), returns=0.0, warmup=1, width=width)
    made: NetImpl = algorithm(config, net, device).impl
    return made


def updates_per_s(impl: NetImpl, data: Transitions, batch: int, device: str, seconds: float) -> float:
    """Updates a second, batches drawn; the first few warm up."""
    from schedulers.training.offline.batches import Batches

    batches = Batches(data.to(device), batch, 0, impl.looks_ahead)
    done = 0
    for step in range(3):
        impl.learn(batches.draw(), step)
    finish(device)
    began_s = time.perf_counter()
    while done < 3 or time.perf_counter() - began_s < seconds:
        impl.learn(batches.draw(), done)
        done += 1
        if done % 10 == 0:
            finish(device)  # else the clock would read when work was asked for, not when it was done
    finish(device)
    return done / (time.perf_counter() - began_s)


def _flat(weights: Iterable[Tensor]) -> Tensor:
    import torch

    return torch.cat([each.detach().cpu().double().flatten() for each in weights])


def _distance(before: Tensor, one: Tensor, other: Tensor) -> float:
    """How far two results lie apart, as a share of the way from `before`; infinite if not finite."""
    apart = float((one - other).norm() / (one - before).norm().clamp(min=1e-12))
    return apart if apart < float("inf") else float("inf")


def _loss_distance(one: dict[str, float], other: dict[str, float]) -> float:
    shares = [abs(one[name] - other[name]) / max(abs(one[name]), 1e-3) for name in one]
    return max(share if share < float("inf") else float("inf") for share in shares)


def offline_agreement(
    name: str, data: Transitions, devices: Sequence[str], updates: int = 5
) -> dict[str, Any]:
    """Distances of weights and losses after the same updates on the first device and on the second."""
    from schedulers.training.offline.batches import Batches

    results = []
    for device in devices:
        impl = offline_learner(name, data, 32, device)
        before = _flat(impl.net.parameters())
        batches = Batches(data.to(device), 256, 0, impl.looks_ahead)
        losses = [impl.inner_update(batches.draw(), step) for step in range(updates)]
        results.append((before, _flat(impl.net.parameters()), losses[-1]))
    (before, one, one_losses), (_, other, other_losses) = results
    weights, losses_apart = _distance(before, one, other), _loss_distance(one_losses, other_losses)
    return _agreement(name, weights, losses_apart)


def online_agreement(devices: Sequence[str], size: PpoSize = SMALLEST) -> dict[str, Any]:
    """The same of PPO: one rollout of the first device, from which both learn."""
    import torch

    from schedulers.training.offline.packed_observations import pack

    one, other = (learner("tiny", size, device) for device in devices)
    before = _flat(one.net.parameters())
    one.collect()
    other.rollout_buffer, other.numbers = one.rollout_buffer, {}
    rows = torch.from_numpy(one.buffer.observations.reshape(-1, one.buffer.observations.shape[-1]))
    other.played = pack(rows.to(devices[1]), other.net.layout)
    for ppo in (one, other):
        ppo.train()
    losses = ("loss", "critic_loss", "entropy")
    apart = _loss_distance({name: one.numbers[name] for name in losses}, other.numbers)
    return _agreement(
        "ppo", _distance(before, _flat(one.net.parameters()), _flat(other.net.parameters())), apart
    )


def _agreement(name: str, weights: float, losses: float) -> dict[str, Any]:
    agrees = weights <= TOLERANCE and losses <= TOLERANCE
    return {"algorithm": name, "weights": weights, "losses": losses, "agrees": agrees}


def measure(
    devices: Sequence[str],
    *,
    offline: Sequence[tuple[int, int]] = OFFLINE,
    online: Sequence[PpoSize] = ONLINE,
    seconds: float = 4.0,
    episodes: int = 260,
    budget_s: float = BUDGET_S,
) -> dict[str, Any]:
    """Figures of both devices, and whether they agree. seconds: of each offline figure.

    A figure that was not begun within `budget_s` is None."""
    began_s = time.perf_counter()
    data = transitions(episodes)
    agreements = [offline_agreement(name, data, devices) for name in ALGORITHMS]
    agreements.append(online_agreement(devices))
    rows: list[dict[str, Any]] = []

    def row(what: str, width: int, batch: str, figure: Any) -> None:
        late = time.perf_counter() - began_s > budget_s
        figures = [None if late else figure(device) for device in devices]
        rows.append({"what": what, "width": width, "batch": batch, "per_s": figures})

    for size in online:
        frames = f"{size.batch}, {size.environments} environments"
        row(
            "ppo, frames/s",
            size.width,
            frames,
            lambda device, size=size: size.frames / round_s(learner("tiny", size, device), 3, 2 * seconds),
        )
    for name in ALGORITHMS:
        for width, batch in offline:
            row(
                f"{name}, updates/s",
                width,
                str(batch),
                lambda device, name=name, width=width, batch=batch: updates_per_s(
                    offline_learner(name, data, width, device), data, batch, device, seconds
                ),
            )
    return {"devices": list(devices), "agreements": agreements, "rows": rows}


def markdown(figures: dict[str, Any], machine: str) -> str:
    """Both tables."""
    first, second = figures["devices"]
    lines = [f"Training on `{first}` and `{second}`: {machine}", ""]
    lines += [f"| | width | batch | {first} | {second} | ratio |", "|---|---|---|---|---|---|"]
    for row in figures["rows"]:
        one, other = row["per_s"]
        cells = ["not measured", "not measured", ""]
        if one is not None and other is not None:
            cells = [f"{one:,.0f}", f"{other:,.0f}", f"{other / one:.3g}x"]
        lines.append(f"| {row['what']} | {row['width']} | {row['batch']} | {' | '.join(cells)} |")
    lines += [
        "",
        "Distance of the results of the same updates: of weights as a share of how far they moved, of",
    ]
    lines += [f"losses as a share of their size; at most {TOLERANCE} is agreement.", ""]
    lines += ["| algorithm | weights | losses | |", "|---|---|---|---|"]
    for each in figures["agreements"]:
        verdict = "agrees" if each["agrees"] else "DISAGREES"
        lines.append(f"| {each['algorithm']} | {each['weights']:.1e} | {each['losses']:.1e} | {verdict} |")
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="the file for the tables")
def main(out: Path) -> None:
    """Measure where there is a CUDA device."""
    try:
        if not out.absolute().parent.is_dir():
            raise InputError(f"--out {out}: its folder does not exist; make it first")
        check_extra()
        import torch

        if not torch.cuda.is_available():
            click.echo("no CUDA device here: training on a GPU was not measured")
            return
        torch.set_num_threads(1)
        figures = measure(("cpu", "cuda"))
        name = torch.cuda.get_device_name()
        write_text(out, markdown(figures, f"one CPU core; {name}; torch {torch.__version__}"))
    except InputError as error:
        raise click.exceptions.Exit(_refused(error)) from None
    click.echo(f"{out}: written")
    if not all(each["agrees"] for each in figures["agreements"]):
        raise click.ClickException("cpu and cuda disagree beyond float tolerance; see the second table")


def _refused(error: InputError) -> int:
    click.echo(f"error: {error}", err=True)
    return 2


if __name__ == "__main__":
    main()
