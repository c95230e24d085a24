"""The search: a designed sample first, then batches near the front that optuna's sampler proposes.

Everything is drawn from seeds and from results, so the same question gives the same trials whatever ran them,
and a search that was stopped repeats its trials from the results on disk.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from experiments.size.search_space import Candidate, SearchSpace, designed_sample
from experiments.size.size_file import SearchTable
from traces.errors import InputError

if TYPE_CHECKING:
    import optuna

EXTRA = "size"
SCHEDULER = "scheduler"
SAMPLE, REFINED = "sample", "refined"
EI_CANDIDATES = 48
"""Among so many draws the sampler takes the most promising one (its default: 24)."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What a search goes by; less is better. lack: share of the jobs served too little, or below 0."""

    objectives: tuple[float, float, float]
    lack: float


Evaluate = Callable[[Sequence[Candidate], str], Sequence[Scores]]
"""Scores of candidates, in order. The text says which batch they are."""


def search(space: SearchSpace, table: SearchTable, evaluate: Evaluate) -> list[tuple[Candidate, str]]:
    """Every trial in order, with `sample` or `refined`. InputError without optuna where it is needed."""
    sample = designed_sample(space, table.sample_size, table.seed)
    refines = table.trials > len(sample) and bool(space.free)
    if refines:
        check_optuna()
    trials = [(candidate, SAMPLE) for candidate in sample]
    scores = evaluate(sample, SAMPLE)
    if refines:
        study = _study(table)
        _tell(study, space, sample, scores)
        batches = -(-(table.trials - len(sample)) // table.batch)
        for number in range(1, batches + 1):
            size = min(table.batch, table.trials - len(trials))
            asked = [study.ask() for _ in range(size)]
            candidates = [_suggested(trial, space) for trial in asked]
            scores = evaluate(candidates, f"batch {number} of {batches} near the front")
            for trial, score in zip(asked, scores, strict=True):
                _record(study, trial, score)
            trials += [(candidate, REFINED) for candidate in candidates]
    return trials


def check_optuna() -> None:
    """InputError if optuna is not installed."""
    if importlib.util.find_spec("optuna") is None:
        raise InputError(
            "to refine the front needs optuna",
            remedy=f"pip install 'rare-datacenter[{EXTRA}]', or set search.sample as high as search.trials",
        )


def _study(table: SearchTable) -> optuna.Study:
    """A study in memory with the tree-structured Parzen estimator for several objectives (MOTPE).

    It proposes what is likely to be on the front (Ozaki et al. 2020, doi:10.1145/3377930.3389817), and keeps
    the proposals of one batch apart from each other. On KTH-SP2 under one season's wind and sun it found
    better fronts than NSGA-II within the same 112 trials (docs/results/size-results.md).
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of its two options
        sampler = optuna.samplers.TPESampler(
            seed=table.seed,
            n_startup_trials=0,
            multivariate=True,
            constant_liar=True,
            n_ei_candidates=EI_CANDIDATES,
        )
    return optuna.create_study(directions=["minimize"] * 3, sampler=sampler)


def _tell(
    study: optuna.Study, space: SearchSpace, candidates: Sequence[Candidate], scores: Sequence[Scores]
) -> None:
    """Let the study have the sample."""
    for candidate in candidates:
        steps = {
            scale.name: step for scale, step in zip(space.scales, candidate.steps, strict=True) if scale.steps
        }
        scheduler = {SCHEDULER: candidate.scheduler} if len(space.schedulers) > 1 else {}
        study.enqueue_trial({**steps, **scheduler})
    asked = [study.ask() for _ in candidates]
    for trial, candidate, score in zip(asked, candidates, scores, strict=True):
        assert _suggested(trial, space) == candidate
        _record(study, trial, score)


def _suggested(trial: optuna.Trial, space: SearchSpace) -> Candidate:
    steps = {scale.name: trial.suggest_int(scale.name, 0, scale.steps) for scale in space.free}
    schedulers = space.schedulers
    chosen = trial.suggest_categorical(SCHEDULER, schedulers) if len(schedulers) > 1 else schedulers[0]
    return space.candidate(steps, chosen)


def _record(study: optuna.Study, trial: optuna.Trial, score: Scores) -> None:
    trial.set_constraint("served", score.lack)
    study.tell(trial, list(score.objectives))
