"""What `rare demo` does, and how much of it: the schedulers, the steps of learning, and their length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.engine.choose_executor import available_cores, has_dask
from experiments.process.progress import time_text
from rare.state.compile import is_compiled

LEARNED = ("bc", "crr", "ppo")
"""The networks, in the order in which they are trained; each has a folder of this name."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """The sizes of the demo.

    scenario : a shipped scenario with windows
    compared : heuristics in the first table, on the scenario's own week
    packaged : the scheduler that joins them in the second table, beside the one that learned
    teacher  : whose decisions are logged; a third of its usual effort
    judged   : schedulers beside the learned ones on the test windows; the first one, which is the best on
        the validation windows, is the baseline
    episodes, epsilon : logged windows, here each training window once; share of random decisions
    queue_slots : visible jobs; with fewer, windows with long queues would be left out
    updates, width : gradient steps offline, and units of the network's hidden layers
    decisions : decisions played online
    """

    scenario: str = "islanded"
    compared: tuple[str, ...] = (
        "fcfs",
        "easy",
        "conservative",
        "sjf+easy",
        "hvd+easy",
        "edf+easy",
        "slack+easy",
        "atc+easy",
        "easy+green",
        "atc+easy+green",
    )
    packaged: str = "rare"
    teacher: str = "lookahead+budget=1000"
    judged: tuple[str, ...] = (
        "hvf+easy+green",
        "easy",
        "atc+greedy",
        "hvd+easy",
        "hvf+easy",
        "lookahead+budget=1000",
    )
    episodes: int = 26
    epsilon: float = 0.05
    queue_slots: int = 192
    updates: int = 1200
    width: int = 32
    decisions: int = 200_000


@dataclass(frozen=True, slots=True)
class LearningStep:
    """One step of learning.

    name   : the folder that it writes
    says   : what it does, in words for the terminal
    weeks  : its length in units of one simulated week under a heuristic, once everything is compiled
    shared : whether all cores work on it
    entry, compile_weeks : a compiled function that tells whether its code is compiled already, and how much
        longer the step takes if it is not
    """

    name: str
    says: str
    weeks: float
    shared: bool = False
    entry: str = ""
    compile_weeks: float = 0.0

    def seconds(self, week_s: float, cores: int) -> float:
        """About how long it takes where a simulated week takes `week_s` [s]."""
        compiling = self.compile_weeks if self.entry and not is_compiled(self.entry) else 0.0
        return week_s * (self.weeks / (cores if self.shared else 1) + compiling)


def learning_steps(plan: DemoPlan) -> tuple[LearningStep, ...]:
    """The steps, in their order.

    Their lengths are processor times of one demo, by the time of a simulated week on the same machine: rounded, for
    other machines have other ratios.
    """
    return (
        LearningStep(
            "dataset",
            f"log the decisions of {plan.teacher}, which simulates what each choice leads to, "
            f"on {plan.episodes} training weeks",
            3600,
            shared=True,
            entry="record",
            compile_weeks=1800,
        ),
        LearningStep("bc", f"a small network imitates these decisions (bc, {plan.updates:,} updates)", 1000),
        LearningStep(
            "crr", f"the same, only from decisions that came out well (crr, {plan.updates:,} updates)", 1500
        ),
        LearningStep(
            "ppo",
            f"the network of crr plays on by itself and learns from the outcome (ppo, {plan.decisions:,} "
            "decisions)",
            3000,
        ),
        LearningStep(
            "evaluation",
            "heuristics and networks on the test weeks, on which nothing was trained or chosen",
            1800,
            shared=True,
        ),
    )


class TimeEstimate:
    """How long the steps take on this machine: by a simulated week first, then by the steps that are done."""

    def __init__(self, steps: Sequence[LearningStep], week_s: float | None) -> None:
        self._pace = 1.0  # seconds taken by second expected, over the steps that are done
        self._taken_s = self._expected_s = 0.0
        cores = available_cores() if has_dask() else 1
        self._seconds = {step.name: step.seconds(week_s, cores) for step in steps} if week_s else {}

    def done(self, name: str, taken_s: float) -> None:
        """A step has taken so long [s]."""
        self._taken_s += taken_s
        self._expected_s += self._seconds.get(name, 0.0)
        if self._expected_s > 0:
            self._pace = self._taken_s / self._expected_s

    def text(self, names: Sequence[str]) -> str:
        """About how long these steps take, such as "about 3 min"; empty where nothing was measured."""
        if not self._seconds:
            return ""
        return about(self._pace * sum(self._seconds[name] for name in names))


def about(seconds: float) -> str:
    """A span of time as exact as an estimate is: to ten seconds below two minutes, then to whole minutes.

    >>> about(4), about(47), about(200)
    ('about 10 s', 'about 50 s', 'about 3 min')
    """
    if seconds < 115:
        rounded = max(10, 10 * round(seconds / 10))
        return f"about {rounded} s" if rounded < 60 else f"about {time_text(rounded)}"
    return f"about {round(seconds / 60)} min"


def week_seconds(results: Sequence[Mapping[str, Any]]) -> float | None:
    """Mean time to simulate the week once [s], from the comparison; None where it was not measured.

    Without the first run, in which code is compiled or loaded.
    """
    times = [result["metrics"].get("simulate_s") for result in results[1:]]
    known = [float(time_s) for time_s in times if time_s is not None]
    return sum(known) / len(known) if known else None
