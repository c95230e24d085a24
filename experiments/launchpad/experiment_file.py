"""The experiment file: which workloads, supplies, loads, tiers, algorithms, seeds and steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rare.scenario.config.toml_tables import (
    TableProblem,
    dotted,
    flag,
    many,
    number,
    numbers,
    one,
    parse_table,
    shown,
    text,
    texts,
    whole,
)
from schedulers.training.offline.algorithms import OFFLINE_ALGORITHMS
from traces.documents import read_toml, reads_file
from traces.errors import InputError
from traces.text import place

HERE = Path(__file__).resolve().parent / "experiments"
DEFAULT, QUICK = HERE / "default.toml", HERE / "quick.toml"
TIERS = ("oracle", "lookahead", "heuristic", "mixed", "random")
"""Qualities of logged data, the best first."""
SUPPLIES = ("both", "wind", "sun")
ABLATED = ("handover", "scratch")
NETWORKS = ("pointwise", "attention")

Problems = Iterator[tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class WorkloadTable:
    """Jobs under a scenario's sun. The first supply and the first load are what it is mainly tried on."""

    name: str = text()
    scenario: str = text("islanded")
    settings: tuple[str, ...] = texts(())  # as of --set
    trace: str | None = text(None)  # a job trace in place of the scenario's jobs
    supplies: tuple[str, ...] = texts(("both",))
    loads: tuple[float, ...] = numbers((1.0,), low=0.05, high=20.0)  # times the scenario's
    tiers: bool = flag(True)  # every tier and algorithm, or only what goes on online
    ceiling: bool = flag(True)  # oracle and bound on the test windows

    def problems(self) -> Problems:
        """Names that lead nowhere."""
        yield from _unknown("supplies", self.supplies, SUPPLIES)
        if not self.name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            yield "name", f"must be of letters, digits, '-', '_' and '.', got {shown(self.name)}"
        for key, given in (("supplies", self.supplies), ("loads", self.loads)):
            if len(set(given)) < len(given):
                yield key, "names one twice; name each once"


@dataclass(frozen=True, slots=True)
class TiersTable:
    """Logged data: who decided, and how often a random action took the place of the decision."""

    names: tuple[str, ...] = texts(TIERS)
    epsilons: tuple[float, ...] = numbers((0.0, 0.1), high=1.0)
    oracle: tuple[str, ...] = texts(("oracle=1000",))
    lookahead: tuple[str, ...] = texts(("lookahead",))
    mixed: tuple[str, ...] = texts(("easy", "sjf+easy", "hvf+easy", "edf+easy", "atc+greedy", "easy+green"))
    transitions: int = whole(50_000, low=1)  # the same for every tier

    def problems(self) -> Problems:
        """Names that lead nowhere."""
        yield from _unknown("names", self.names, TIERS)


@dataclass(frozen=True, slots=True)
class OfflineTable:
    """Offline learning, alike for every tier."""

    algorithms: tuple[str, ...] = texts(("bc", "crr", "cql"))
    updates: int = whole(1_500, low=1)
    batch: int = whole(256, low=1)
    validations: int = whole(8, low=1)  # in a run

    def problems(self) -> Problems:
        """Names that lead nowhere."""
        yield from _unknown("algorithms", self.algorithms, OFFLINE_ALGORITHMS.built_in)


@dataclass(frozen=True, slots=True)
class OnlineTable:
    """PPO: as many decisions, environments and validations from scratch as from an offline policy."""

    steps: int = whole(200_000, low=1)
    environments: int = whole(64, low=1)
    rollout: int = whole(64, low=1)
    validations: int = whole(40, low=2)  # in a run: how finely steps to a level are told
    learning_rates: tuple[float, ...] = numbers((0.003, 0.001), low=1e-7, high=1.0)
    """One trial each, from scratch and from the offline policy alike, on a seed that is not judged."""


@dataclass(frozen=True, slots=True)
class HandoverTable:
    """Which offline policy goes on online; fixed before anything is measured."""

    algorithm: str = text("crr", choices=OFFLINE_ALGORITHMS.built_in)
    tier: str = text("heuristic", choices=TIERS)
    epsilon: float = number(0.1, high=1.0)
    critic_share: float = number(0.05, high=1.0)  # of the steps: the critic alone learns
    clone_share: float = number(
        0.25, high=1.0
    )  # of the steps: by then nothing holds it to the offline policy


@dataclass(frozen=True, slots=True)
class NetworkTable:
    """The network of every run but those of the ablation."""

    kind: str = text("pointwise", choices=NETWORKS)
    width: int = whole(64, low=4, high=4096)
    gamma: float = number(0.95, high=1.0, above=True)  # discount per simulated hour
    queue_slots: int = whole(192, low=1, high=4096)  # jobs of the queue that it sees
    forecast_hours: int = whole(24, low=1, high=168)


@dataclass(frozen=True, slots=True)
class JudgeTable:
    """What learned policies are compared with, on the test windows."""

    heuristics: tuple[str, ...] = texts(
        (
            "easy", "sjf+easy", "hvf+easy", "hvd+easy", "edf+easy", "atc+easy", "atc+greedy",
            "atc=0.5+greedy", "hvf+greedy", "hvf+easy+green", "atc+easy+green",
        )
    )  # fmt: skip
    oracle: str = text("oracle=1000")


@dataclass(frozen=True, slots=True)
class AblationTable:
    """Design parameters changed one at a time, on the first workload's first supply and load.

    of: the training that is repeated with each change: handover (from the logs of [handover]), or scratch,
    which needs no log, so that windows can be tried in which a heuristic cannot be logged.
    """

    of: str = text("handover")
    queue_slots: tuple[float, ...] = numbers((), low=1, high=4096)
    forecast_hours: tuple[float, ...] = numbers((), low=1, high=168)
    networks: tuple[str, ...] = texts(())
    gammas: tuple[float, ...] = numbers((), high=1.0)

    def problems(self) -> Problems:
        """Names that lead nowhere."""
        yield from _unknown("of", (self.of,), ABLATED)
        yield from _unknown("networks", self.networks, NETWORKS)
        for key in ("queue_slots", "forecast_hours"):
            for each in getattr(self, key):
                if each != int(each):
                    yield key, f"must be whole numbers, got {each}"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A whole experiment file."""

    name: str = text("launchpad")
    seeds: int = whole(5, low=1, high=1000)  # 0, 1, ...
    workload: tuple[WorkloadTable, ...] = many(WorkloadTable)
    tiers: TiersTable = one(TiersTable)
    offline: OfflineTable = one(OfflineTable)
    online: OnlineTable = one(OnlineTable)
    handover: HandoverTable = one(HandoverTable)
    network: NetworkTable = one(NetworkTable)
    judge: JudgeTable = one(JudgeTable)
    ablation: AblationTable = one(AblationTable)

    def problems(self) -> Problems:
        """What does not go together."""
        names = [each.name for each in self.workload]
        if not names:
            yield "workload", "is missing; give at least one [[workload]]"
        if len(set(names)) < len(names):
            yield "workload", "has a name twice; give each its own"
        if self.network.kind == "attention" and self.network.width % 4:
            yield "network", f"width must be a multiple of 4 for attention, got {self.network.width}"


def _unknown(key: str, given: tuple[str, ...], known: tuple[str, ...]) -> Problems:
    for each in given:
        if each not in known:
            yield key, f"has {shown(each)}, which is unknown; known are {', '.join(known)}"


@reads_file
def read_experiment(path: Path) -> Experiment:
    """The experiment of a TOML file. InputError names file, key and remedy."""
    table = read_toml(path, "docs/launchpad.md has the keys")
    try:
        return parse_table(Experiment, table)
    except TableProblem as problem:
        raise InputError(f"{place(path)}: {dotted(problem.path)} {problem.message}") from None
