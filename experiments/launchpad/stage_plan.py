"""The stages of an experiment: their inputs, the stages that they depend on, and their keys.

A key is the hash of the inputs of a stage, of the keys of the stages that it depends on, and of the code. It
changes with whatever would change the result, and with nothing else. A finished stage is looked up by it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.launchpad.cases import Case
from experiments.launchpad.experiment_file import Experiment
from experiments.process.code_identity import code_hash, library_versions
from schedulers.training.online.online_options import FADING_ANCHOR

CHOOSE, REFERENCE, DATA, OFFLINE, ONLINE = "choose", "reference", "data", "offline", "online"
TUNING_SEED = 1_000_000  # of the trials: no run that is judged has it
ALWAYS_RANDOM = 1.0


@dataclass(frozen=True)
class Stage:
    """A unit of work.

    label: case/name. given: its inputs. needs: role -> label of a stage whose result it reads.
    """

    label: str
    kind: str
    case: str
    given: Mapping[str, Any]
    needs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    about: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Its description in the results: algorithm, tier, epsilon, seed, variant."""
    key: str = ""

    @property
    def folder(self) -> str:
        """The name of its folder in stages/."""
        return f"{self.label}-{self.key[:10]}"


def plan(experiment: Experiment, cases: Sequence[Case]) -> list[Stage]:
    """All stages, each after those that it depends on. Equal experiments have equal keys."""
    by_label: dict[str, Stage] = {}
    for stage in _stages(experiment, cases):
        by_label.setdefault(stage.label, stage)
    keyed: dict[str, Stage] = {}
    for label, stage in by_label.items():
        keyed[label] = dataclasses.replace(stage, key=_key(stage, keyed))
    return list(keyed.values())


def _key(stage: Stage, keyed: Mapping[str, Stage]) -> str:
    identity = {
        "kind": stage.kind,
        "given": stage.given,
        "needs": {role: keyed[label].key for role, label in stage.needs.items()},
        "code": code_hash(),
        "libraries": library_versions(),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _stages(experiment: Experiment, cases: Sequence[Case]) -> Iterator[Stage]:
    """The stages of the claims first, those of the ablation last. Labels may repeat."""
    planners = [_CasePlan(experiment, case, cases) for case in cases]
    for planner in planners:
        yield from planner.basis()
    for planner in planners:
        yield from planner.online()
    for planner in planners:
        if planner.case.tiers:
            yield from planner.tiers()
    yield from planners[0].ablation()


@dataclass(frozen=True)
class _Design:
    """The design parameters that the ablation changes."""

    queue_slots: int
    forecast_hours: int
    network: str
    gamma: float
    variant: str = ""

    @property
    def layout(self) -> dict[str, int]:
        return {"queue_slots": self.queue_slots, "forecast_hours": self.forecast_hours}

    @property
    def mark(self) -> str:
        return f"-{self.variant}" if self.variant else ""


class _CasePlan:
    """The stages of one case."""

    def __init__(self, experiment: Experiment, case: Case, cases: Sequence[Case]) -> None:
        self.experiment, self.case = experiment, case
        self.main = next(other for other in cases if other.workload == case.workload and other.first)
        network = experiment.network
        self.design = _Design(network.queue_slots, network.forecast_hours, network.kind, network.gamma)
        self.where = {
            "scenario": case.scenario, "settings": list(case.settings), "files": list(case.files),
        }  # fmt: skip

    def basis(self) -> Iterator[Stage]:
        """The best heuristic on validation windows; test objectives of heuristics, oracle and bound."""
        judge = self.experiment.judge
        inputs = {**self.where, "heuristics": list(judge.heuristics)}
        yield Stage(self._label("choose"), CHOOSE, self.case.name, inputs)
        ceiling = [judge.oracle, "bound"] if self.case.ceiling else []
        inputs = {**self.where, "schedulers": [*judge.heuristics, *ceiling]}
        yield Stage(self._label("reference"), REFERENCE, self.case.name, inputs)

    def online(self) -> Iterator[Stage]:
        """Runs from scratch and from the offline policy of [handover], with trials of learning rates."""
        hand, rates = self.experiment.handover, self.experiment.online.learning_rates
        tuned = len(rates) > 1
        if tuned and self.case.first:
            yield from self._to_policy(hand.algorithm, hand.tier, hand.epsilon, TUNING_SEED, self.design)
            for kind in ("scratch", "handover"):
                for rate in rates:
                    yield self._online(kind, TUNING_SEED, self.design, {"learning_rate": rate})
        for seed in range(self.experiment.seeds):
            for algorithm in dict.fromkeys(("bc", hand.algorithm)):
                yield from self._to_policy(algorithm, hand.tier, hand.epsilon, seed, self.design)
            for kind in ("scratch", "handover"):
                yield self._online(kind, seed, self.design, None if tuned else {"learning_rate": rates[0]})

    def tiers(self) -> Iterator[Stage]:
        """An offline policy for every tier, epsilon, algorithm and seed."""
        tiers = self.experiment.tiers
        for tier in tiers.names:
            for epsilon in tiers.epsilons if tier != "random" else (ALWAYS_RANDOM,):
                for algorithm in self.experiment.offline.algorithms:
                    for seed in range(self.experiment.seeds):
                        yield from self._to_policy(algorithm, tier, epsilon, seed, self.design)

    def ablation(self) -> Iterator[Stage]:
        """The training of `ablation.of` again, with one design parameter changed at a time."""
        kind, hand, rates = (
            self.experiment.ablation.of, self.experiment.handover, self.experiment.online.learning_rates,
        )  # fmt: skip
        rate = None if len(rates) > 1 else {"learning_rate": rates[0]}
        for design in self._designs():
            for seed in range(self.experiment.seeds):
                if kind == "handover":
                    yield from self._to_policy(hand.algorithm, hand.tier, hand.epsilon, seed, design)
                yield self._online(kind, seed, design, rate)

    def _designs(self) -> Iterator[_Design]:
        ablation, base = self.experiment.ablation, self.design
        changes: list[tuple[str, str, Any]] = [
            *(("window", "queue_slots", int(slots)) for slots in ablation.queue_slots),
            *(("horizon", "forecast_hours", int(hours)) for hours in ablation.forecast_hours),
            *(("network", "network", kind) for kind in ablation.networks),
            *(("discount", "gamma", gamma) for gamma in ablation.gammas),
        ]
        for parameter, field, value in changes:
            if getattr(base, field) != value:
                changed: dict[str, Any] = {field: value, "variant": f"{parameter}={value:{_form(value)}}"}
                yield dataclasses.replace(base, **changed)

    def _label(self, name: str) -> str:
        return f"{self.case.name}/{name}"

    def _to_policy(
        self, algorithm: str, tier: str, epsilon: float, seed: int, design: _Design
    ) -> Iterator[Stage]:
        """The dataset of a tier, and an offline policy trained on it."""
        offline, tiers, network = self.experiment.offline, self.experiment.tiers, self.experiment.network
        epsilon = ALWAYS_RANDOM if tier == "random" else epsilon
        layout = {} if not design.variant.startswith(("window", "horizon")) else {"layout": design.variant}
        mark = f"-{design.variant}" if layout else ""
        data = self._label(f"data-{tier}-{epsilon:g}{mark}")
        inputs: dict[str, Any] = {
            **self.where, "epsilon": epsilon, "transitions": tiers.transitions, **design.layout,
        }  # fmt: skip
        teachers = {
            "oracle": tiers.oracle, "lookahead": tiers.lookahead, "mixed": tiers.mixed, "random": ("random",),
        }  # fmt: skip
        needs = {"best": self._label("choose")} if tier == "heuristic" else {}
        if tier in teachers:
            inputs["schedulers"] = list(teachers[tier])
        about = {"tier": tier, "epsilon": epsilon, **layout}
        yield Stage(data, DATA, self.case.name, inputs, needs, about)
        inputs = {
            **self.where, "algorithm": algorithm, "updates": offline.updates, "batch": offline.batch,
            "validations": offline.validations, "transitions": tiers.transitions, "seed": seed,
            "network": design.network, "width": network.width, "gamma": design.gamma,
        }  # fmt: skip
        about = {
            "algorithm": algorithm, "tier": tier, "epsilon": epsilon, "seed": seed, "variant": design.variant,
        }  # fmt: skip
        label = self._label(f"offline-{algorithm}-{tier}-{epsilon:g}-s{seed}{design.mark}")
        yield Stage(label, OFFLINE, self.case.name, inputs, {"data": data}, about)

    def _online(self, kind: str, seed: int, design: _Design, trial: dict[str, float] | None) -> Stage:
        """A run of PPO. trial: its learning rate; None: the best one of the trials of the workload."""
        online, hand, network = self.experiment.online, self.experiment.handover, self.experiment.network
        options: dict[str, Any] = {
            "environments": online.environments, "rollout": online.rollout, "gamma": design.gamma,
            **(trial or {}),
        }  # fmt: skip
        needs = {}
        if kind == "handover":
            options |= FADING_ANCHOR
            options["critic_steps"] = round(hand.critic_share * online.steps)
            options["clone_steps"] = round(hand.clone_share * online.steps)
            epsilon = ALWAYS_RANDOM if hand.tier == "random" else hand.epsilon
            needs["start"] = self._label(
                f"offline-{hand.algorithm}-{hand.tier}-{epsilon:g}-s{seed}{design.mark}"
            )
        if trial is None:
            for rate in online.learning_rates:
                needs[f"trial {rate:g}"] = f"{self.main.name}/{kind}-trial-{rate:g}"
        inputs = {
            **self.where, "seed": seed, "steps": online.steps, "validations": online.validations,
            "network": design.network, "width": network.width, "options": options, **design.layout,
        }  # fmt: skip
        is_trial = seed == TUNING_SEED
        name = f"{kind}-trial-{options['learning_rate']:g}" if is_trial else f"{kind}-s{seed}{design.mark}"
        about = {"trial" if is_trial else "online": kind, "seed": seed, "variant": design.variant}
        return Stage(self._label(name), ONLINE, self.case.name, inputs, needs, about)


def _form(value: Any) -> str:
    return "" if isinstance(value, str) else "g"
