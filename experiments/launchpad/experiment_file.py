"""The experiment file: which workloads, supplies, loads, tiers, algorithms, seeds and steps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from rare.scenario.config.field_types import (
    MOST_TABLES,
    Flag,
    Number,
    NumberList,
    Problems,
    Table,
    Tables,
    Text,
    Texts,
    Whole,
    shown,
)
from rare.scenario.config.toml_schema import toml_schema
from rare.scenario.config.toml_tables import TableProblem, parse_table
from schedulers.training.offline.algorithms import OFFLINE_ALGORITHMS
from traces.files.documents import read_toml, reads_file
from traces.files.text import place

HERE = Path(__file__).resolve().parent / "experiments"
DEFAULT, QUICK = HERE / "default.toml", HERE / "quick.toml"
TIERS = ("oracle", "lookahead", "heuristic", "mixed", "random")
"""Qualities of logged data, the best first."""
SUPPLIES = ("both", "wind", "sun")
ABLATED = ("handover", "scratch")
NETWORKS = ("pointwise", "attention")
_MOST = 2**40

Share = Annotated[Number, Field(ge=0, le=1)]
# Of names that are registered elsewhere, which type checkers cannot follow.
Algorithm: Any = Literal.__getitem__(OFFLINE_ALGORITHMS.built_in)
LearningRate = Annotated[Number, Field(ge=1e-7, le=1)]


def _unknown(key: str, names: tuple[str, ...], known: tuple[str, ...]) -> Problems:
    for name in names:
        if name not in known:
            yield key, f"has {shown(name)}, which is unknown; known are {', '.join(known)}"


class WorkloadTable(Table):
    """[[workload]]: jobs under a scenario's sun. The first supply and the first load are what it is mainly "
    "tried on."""

    name: Text = Field(description="what results and the report call it")
    scenario: Text = Field(default="islanded", description="a scenario's name or file")
    settings: Texts = Field(default=(), description="changes of the scenario, each as of `--set`")
    trace: Text | None = Field(default=None, description="a job trace in place of the scenario's jobs")
    supplies: Texts = Field(
        default=("both",),
        description="`both`, `wind`, `sun`; one of two leaves the other out, at the capacity of both",
    )
    loads: Annotated[tuple[Annotated[Number, Field(ge=0.05, le=20)], ...], NumberList] = Field(
        default=(1.0,), description="times the scenario's load"
    )
    tiers: Flag = Field(default=True, description="every tier and algorithm, or only what goes on online")
    ceiling: Flag = Field(default=True, description="oracle and bound on the test windows")

    def problems(self) -> Problems:
        """Names that lead nowhere."""
        yield from _unknown("supplies", self.supplies, SUPPLIES)
        if not self.name.replace("-", "").replace("_", "").replace(".", "").isalnum():
            yield "name", f"must be of letters, digits, '-', '_' and '.', got {shown(self.name)}"
        for key, values in (("supplies", self.supplies), ("loads", self.loads)):
            if len(set(values)) < len(values):
                yield key, "names one twice; name each once"


class TiersTable(Table):
    """[tiers]: logged data: who decided, and how often a random action took the place of the decision."""

    names: Texts = Field(default=TIERS, description="which tiers, the best first")
    epsilons: Annotated[tuple[Share, ...], NumberList] = Field(
        default=(0.0, 0.1), description="shares of random actions; each is a dataset of its own"
    )
    oracle: Texts = Field(default=("oracle=1000",), description="schedulers that log the tier `oracle`")
    lookahead: Texts = Field(default=("lookahead",), description="those of the tier `lookahead`")
    mixed: Texts = Field(
        default=("easy", "sjf+easy", "hvf+easy", "edf+easy", "atc+greedy", "easy+green"),
        description="those of the tier `mixed`",
    )
    transitions: Whole = Field(
        default=50_000, ge=1, le=_MOST, description="decisions logged, the same for every tier"
    )

    def problems(self) -> Problems:
        """Names that lead nowhere."""
        yield from _unknown("names", self.names, TIERS)


class OfflineTable(Table):
    """[offline]: offline learning, alike for every tier."""

    algorithms: Texts = Field(
        default=("bc", "crr", "cql"), description=f"of {', '.join(OFFLINE_ALGORITHMS.built_in)}"
    )
    updates: Whole = Field(default=1_500, ge=1, le=_MOST, description="gradient steps")
    batch: Whole = Field(default=256, ge=1, le=_MOST, description="transitions in each")
    validations: Whole = Field(default=8, ge=1, le=_MOST, description="in a run")

    def problems(self) -> Problems:
        """Names that lead nowhere."""
        yield from _unknown("algorithms", self.algorithms, OFFLINE_ALGORITHMS.built_in)


class OnlineTable(Table):
    """[online]: PPO: as many decisions, environments and validations from scratch as from an offline "
    "policy."""

    steps: Whole = Field(default=200_000, ge=1, le=_MOST, description="decisions of a run")
    environments: Whole = Field(default=64, ge=1, le=_MOST, description="side by side")
    rollout: Whole = Field(default=64, ge=1, le=_MOST, description="decisions of each between two updates")
    validations: Whole = Field(
        default=40, ge=2, le=_MOST, description="in a run: how finely steps to a level are told"
    )
    learning_rates: Annotated[tuple[LearningRate, ...], NumberList] = Field(
        default=(0.003, 0.001),
        description="one trial each, from scratch and from the offline policy alike, on a seed that is not "
        "judged",
    )


class HandoverTable(Table):
    """[handover]: which offline policy goes on online; fixed before anything is measured."""

    algorithm: Algorithm = Field(default="crr", description="how it learned offline")
    tier: Literal["oracle", "lookahead", "heuristic", "mixed", "random"] = Field(
        default="heuristic", description="from which data"
    )
    epsilon: Number = Field(default=0.1, ge=0, le=1, description="with which share of random actions")
    critic_share: Number = Field(
        default=0.05, ge=0, le=1, description="of the steps: the critic alone learns"
    )
    clone_share: Number = Field(
        default=0.25, ge=0, le=1, description="of the steps: by then nothing holds it to the offline policy"
    )


class NetworkTable(Table):
    """[network]: the network of every run but those of the ablation."""

    kind: Literal["pointwise", "attention"] = Field(default="pointwise", description="how jobs are read")
    width: Whole = Field(default=64, ge=4, le=4096, description="units of a layer")
    gamma: Number = Field(default=0.95, gt=0, le=1, description="discount per simulated hour")
    queue_slots: Whole = Field(default=192, ge=1, le=4096, description="jobs of the queue that it sees")
    forecast_hours: Whole = Field(default=24, ge=1, le=168, description="hours of forecast that it sees")


class JudgeTable(Table):
    """[judge]: what learned policies are compared with, on the test windows."""

    heuristics: Texts = Field(
        default=(
            "easy",
            "sjf+easy",
            "hvf+easy",
            "hvd+easy",
            "edf+easy",
            "atc+easy",
            "atc+greedy",
            "atc=0.5+greedy",
            "hvf+greedy",
            "hvf+easy+green",
            "atc+easy+green",
        ),
        description="of which the best on validation windows is the one to beat",
    )
    oracle: Text = Field(default="oracle=1000", description="the ceiling")


class AblationTable(Table):
    """[ablation]: design parameters changed one at a time, on the first workload's first supply and load."""

    of: Text = Field(
        default="handover",
        description="the training that is repeated with each change: `handover` (from the logs of "
        "[handover]), or `scratch`, which needs no log, so that windows can be tried in which a heuristic "
        "cannot be logged",
    )
    queue_slots: Annotated[tuple[Annotated[Number, Field(ge=1, le=4096)], ...], NumberList] = Field(
        default=(), description="jobs of the queue that it sees"
    )
    forecast_hours: Annotated[tuple[Annotated[Number, Field(ge=1, le=168)], ...], NumberList] = Field(
        default=(), description="hours of forecast that it sees"
    )
    networks: Texts = Field(default=(), description=f"of {', '.join(NETWORKS)}")
    gammas: Annotated[tuple[Share, ...], NumberList] = Field(
        default=(), description="discounts per simulated hour"
    )

    def problems(self) -> Problems:
        """Names that lead nowhere."""
        yield from _unknown("of", (self.of,), ABLATED)
        yield from _unknown("networks", self.networks, NETWORKS)
        for key in ("queue_slots", "forecast_hours"):
            for value in getattr(self, key):
                if value != int(value):
                    yield key, f"must be whole numbers, got {value}"


class Experiment(Table):
    """A whole experiment file."""

    name: Text = Field(default="launchpad", description="what the report calls it")
    seeds: Whole = Field(
        default=5, ge=1, le=1000, description="repetitions of every training run: seeds 0, 1, ..."
    )
    workload: Annotated[tuple[WorkloadTable, ...], Tables, Field(max_length=MOST_TABLES)] = ()
    tiers: TiersTable = TiersTable()
    offline: OfflineTable = OfflineTable()
    online: OnlineTable = OnlineTable()
    handover: HandoverTable = HandoverTable()
    network: NetworkTable = NetworkTable()
    judge: JudgeTable = JudgeTable()
    ablation: AblationTable = AblationTable()

    def problems(self) -> Problems:
        """What does not go together."""
        names = [workload.name for workload in self.workload]
        if not names:
            yield "workload", "is missing; give at least one [[workload]]"
        if len(set(names)) < len(names):
            yield "workload", "has a name twice; give each its own"
        if self.network.kind == "attention" and self.network.width % 4:
            yield "network", f"width must be a multiple of 4 for attention, got {self.network.width}"


def experiment_schema() -> dict[str, Any]:
    """The JSON schema of experiment files."""
    return toml_schema(Experiment, "RARE launchpad experiment")


@reads_file
def read_experiment(path: Path) -> Experiment:
    """The experiment of a TOML file. InputError names file, key and remedy."""
    table = read_toml(path, "docs/guides/launchpad.md has the keys")
    try:
        return parse_table(Experiment, table)
    except TableProblem as problem:
        raise problem.located(place(path)) from None
